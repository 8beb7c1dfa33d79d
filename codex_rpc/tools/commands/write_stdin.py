"""`write_stdin`: typing to a terminal that `exec_command` has opened, or just looking at it."""

from contextlib import suppress

import anyio
from msgspec import Struct
from pydantic import Field

from codex_rpc.errors import StdinClosedError, TerminalNotFoundError, ToolError
from codex_rpc.exec.terminals import Terminal
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.commands.terminal_look import Look
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput

DEFAULT_YIELD_MS = 250
LONGEST_YIELD_MS = 30_000
SHORTEST_POLL_MS = 5_000
LONGEST_POLL_MS = 300_000

NO_INPUT = (
    "write_stdin failed: stdin is closed for this session; "
    "rerun exec_command with tty=true to keep stdin open"
)


class WriteStdinArguments(ToolArguments):
    session_id: int
    chars: str = ""
    yield_time_ms: int = Field(default=DEFAULT_YIELD_MS, ge=0)
    max_output_tokens: int | None = Field(default=None, ge=0)

    @property
    def wait_s(self) -> float:
        if self.chars:
            return min(max(self.yield_time_ms, DEFAULT_YIELD_MS), LONGEST_YIELD_MS) / 1000
        return min(max(self.yield_time_ms, SHORTEST_POLL_MS), LONGEST_POLL_MS) / 1000


SPEC = FunctionToolSpec(
    name="write_stdin",
    description="Type to a running session of exec_command and return what it has written since, "
    "or only look at it.",
    parameters={
        "type": "object",
        "properties": {
            "session_id": {
                "type": "number",
                "description": "The session ID that exec_command has returned.",
            },
            "chars": {
                "type": "string",
                "description": "What to type, control characters included; if left out, nothing.",
            },
            "yield_time_ms": {
                "type": "number",
                "description": "How many milliseconds to wait for its end: after typing "
                f"{DEFAULT_YIELD_MS} if left out, at most {LONGEST_YIELD_MS}; else "
                f"{SHORTEST_POLL_MS} to {LONGEST_POLL_MS}.",
            },
            "max_output_tokens": {
                "type": "number",
                "description": "How many tokens of output to return; the middle of more is left "
                "out. 10000 if left out, and at most.",
            },
        },
        "required": ["session_id"],
        "additionalProperties": False,
    },
)


class WriteStdinTool(Struct, frozen=True):
    """Deals with terminals that are there. It needs no consent: their commands had it."""

    name: str = "write_stdin"
    parallel: bool = True

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = parse_arguments(WriteStdinArguments, call.arguments)
        try:
            terminal = context.terminals.find(arguments.session_id)
        except TerminalNotFoundError as error:
            raise ToolError(f"write_stdin failed: {error}") from None
        if arguments.chars and not terminal.ended.is_set():
            await _type(terminal, arguments)
        context.terminals.interacted(terminal, arguments.chars)
        look = Look(arguments.wait_s, arguments.max_output_tokens)
        return await look.at(terminal, context.terminals)


async def _type(terminal: Terminal, arguments: WriteStdinArguments) -> None:
    """Type as much as the command reads while the call may wait.

    Raises:
        ToolError: if it has no input, or does not read it.
    """
    if not terminal.tty:
        raise ToolError(NO_INPUT)
    data = arguments.chars.encode(errors="replace")
    with anyio.move_on_after(arguments.wait_s) as waiting:
        # If it has ended just now, the look at it will tell.
        with suppress(StdinClosedError):
            await terminal.write(data)
    if waiting.cancelled_caught:
        raise ToolError("write_stdin failed: the process does not read its input")
