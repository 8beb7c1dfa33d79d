"""`exec_command`: a script in a shell that may go on after the call has returned."""

from functools import partial

from msgspec import Struct
from pydantic import AliasChoices, Field

from codex_rpc.errors import SandboxError, SpawnError, ToolError
from codex_rpc.exec.environment import TERMINAL_VARIABLES
from codex_rpc.exec.process_spec import ProcessSpec
from codex_rpc.exec.shell import chosen_shell
from codex_rpc.exec.terminals import Terminal
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.items import CommandExecutionItem
from codex_rpc.tools.arguments import parse_arguments
from codex_rpc.tools.commands.arguments import ESCALATION, LOGIN, WORKDIR, CommandArguments
from codex_rpc.tools.commands.consent import (
    Command,
    Permit,
    RunEnd,
    get_consent,
    item_to_retry,
)
from codex_rpc.tools.commands.environment import CommandEnvironment
from codex_rpc.tools.commands.execution import command_item
from codex_rpc.tools.commands.patch_interception import patch_instead
from codex_rpc.tools.commands.terminal_look import Look
from codex_rpc.tools.commands.terminals import TerminalLaunch
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput

DEFAULT_YIELD_MS = 10_000
SHORTEST_YIELD_MS = 250
LONGEST_YIELD_MS = 30_000


class ExecCommandArguments(CommandArguments):
    cmd: str = Field(validation_alias=AliasChoices("cmd", "command"))
    shell: str | None = None
    tty: bool = False
    yield_time_ms: int = Field(default=DEFAULT_YIELD_MS, ge=0)
    max_output_tokens: int | None = Field(default=None, ge=0)


SPEC = FunctionToolSpec(
    name="exec_command",
    description="Run a script in the user's shell. Returns its output; if it still runs after "
    "yield_time_ms, also a session ID for write_stdin. Set workdir instead of using cd.",
    parameters={
        "type": "object",
        "properties": {
            "cmd": {
                "type": "string",
                "description": "The script, in the syntax of the shell.",
            },
            **WORKDIR,
            "shell": {
                "type": "string",
                "description": "Which shell runs it; the user's own if left out.",
            },
            **LOGIN,
            "tty": {
                "type": "boolean",
                "description": "Whether it runs in a terminal, where it can be typed to with "
                "write_stdin; if left out, it does not, and has no input.",
            },
            "yield_time_ms": {
                "type": "number",
                "description": "How many milliseconds to wait for its end: "
                f"{DEFAULT_YIELD_MS} if left out, {SHORTEST_YIELD_MS} to {LONGEST_YIELD_MS}.",
            },
            "max_output_tokens": {
                "type": "number",
                "description": "How many tokens of output to return; the middle of more is left "
                "out. 10000 if left out, and at most.",
            },
            **ESCALATION,
        },
        "required": ["cmd"],
        "additionalProperties": False,
    },
)


class _Start(Struct, frozen=True):
    """A command that may run, and the item that has been shown for it."""

    command: Command
    script: str
    item: CommandExecutionItem
    permit: Permit


class ExecCommandTool(Struct, frozen=True):
    """Opens a terminal for each call."""

    environment: CommandEnvironment
    name: str = "exec_command"
    parallel: bool = True

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = parse_arguments(ExecCommandArguments, call.arguments)
        command = self._command(arguments, context)
        item_id, tmpdir = ItemId(call.call_id), self.environment.variables.get("TMPDIR")
        if (patched := await patch_instead(command, item_id, tmpdir, context)) is not None:
            return patched
        wait_ms = min(max(arguments.yield_time_ms, SHORTEST_YIELD_MS), LONGEST_YIELD_MS)
        look = Look(wait_ms / 1000, arguments.max_output_tokens)
        with context.terminals.reserved() as number:
            item = _numbered(command_item(item_id, command, "unifiedExecStartup"), number)
            permit = await get_consent(item, command, self.environment, context)
            start = _Start(command, arguments.cmd, item, permit)
            terminal = await self._open(start, number, context)
        output = await _look_at(terminal, look, context)
        end = RunEnd(permit, terminal.exit and terminal.exit.exit_code, output.text)
        again = await item_to_retry(command, item, end, self.environment, context)
        if again is None:
            return output
        with context.terminals.reserved() as number:
            start = _Start(command, arguments.cmd, _numbered(again, number), Permit())
            terminal = await self._open(start, number, context)
        return await _look_at(terminal, look, context)

    async def _open(self, start: "_Start", number: int, context: ToolContext) -> Terminal:
        """Start the command.

        Raises:
            ToolError: if it cannot be started; the item has been completed.
        """
        try:
            spec = start.permit.apply(self._spec(start.command), self.environment)
            confined = start.permit.confinement is not None
            clean_up = partial(self.environment.sandbox.ended, spec) if confined else None
            launch = TerminalLaunch(number, start.item, start.script, spec, clean_up)
            return await context.terminals.open(launch)
        except (SandboxError, SpawnError) as error:
            failed = {"status": "failed", "aggregated_output": str(error), "exit_code": -1}
            context.item_completed(start.item.model_copy(update=failed))
            raise

    def _command(self, arguments: ExecCommandArguments, context: ToolContext) -> Command:
        if "\0" in arguments.cmd:
            raise ToolError("failed to parse function arguments: command contains a NUL character")
        shell = chosen_shell(arguments.shell, self.environment.shell)
        return Command(
            argv=shell.argv(arguments.cmd, login=arguments.login),
            cwd=context.settings.cwd / (arguments.workdir or ""),
            timeout_s=None,
            escalated=arguments.escalated,
            justification=arguments.justification,
            prefix_rule=arguments.prefix_rule,
            tty=arguments.tty,
        )

    def _spec(self, command: Command) -> ProcessSpec:
        return ProcessSpec(
            argv=command.argv,
            cwd=command.cwd,
            env={**self.environment.child_variables(), **TERMINAL_VARIABLES},
            stdin="terminal" if command.tty else "null",
        )


def _numbered(item: CommandExecutionItem, number: int) -> CommandExecutionItem:
    return item.model_copy(update={"process_id": str(number)})


async def _look_at(terminal: Terminal, look: Look, context: ToolContext) -> ToolOutput:
    """The first look; a terminal that the model does not hear of ends."""
    told = False
    try:
        output = await look.at(terminal, context.terminals)
        told = True
        return output
    finally:
        if not told:
            await context.terminals.abandon(terminal)
