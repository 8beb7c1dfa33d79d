"""Running one command for the model: may it, ask, run, show, and say what came of it.

The shell tools differ in how a call names its command; from there on they all come here.
"""

from collections.abc import Callable

import anyio
from msgspec import Struct

from codex_rpc.errors import SandboxError, SpawnError
from codex_rpc.exec.command_actions import command_actions
from codex_rpc.exec.exec_text import exit_code_for_model
from codex_rpc.exec.output import DELTA_BYTES, MAX_DELTAS, OutputBuffer, Utf8Chunks
from codex_rpc.exec.process_spec import ProcessExit, ProcessSpec
from codex_rpc.exec.shell import display
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.items import (
    CommandExecutionItem,
    CommandExecutionSource,
    CommandExecutionStatus,
)
from codex_rpc.tools.commands.consent import Command, Permit, RunEnd, get_consent, item_to_retry
from codex_rpc.tools.commands.environment import CommandEnvironment
from codex_rpc.tools.commands.patch_interception import patch_instead
from codex_rpc.tools.ports import ToolContext, ToolOutput

ITEM_OUTPUT_BYTES = 1024 * 1024
"""How much of a command's output an item keeps."""
MODEL_OUTPUT_BYTES = 40_000
"""How much of it the model reads: about 10,000 tokens."""


class CommandResult(Struct, frozen=True):
    """What came of a command: `text` is what the model may read of its output.

    `total_lines` is given if that was shortened.
    """

    exit: ProcessExit
    text: str
    total_lines: int | None

    @property
    def success(self) -> bool:
        return self.exit.exit_code == 0 and not self.exit.timed_out


def command_item(
    item_id: ItemId, command: Command, source: CommandExecutionSource = "agent"
) -> CommandExecutionItem:
    """The item that shows `command` before it runs."""
    return CommandExecutionItem(
        id=item_id,
        command=display(command.argv),
        cwd=str(command.cwd),
        command_actions=command_actions(command.argv, command.cwd),
        status="inProgress",
        source=source,
    )


Render = Callable[[str, ProcessExit, int | None], str]
"""Makes the model's text from the output, how the command ended, and the number of its lines if
the output was shortened."""


async def execute(
    command: Command,
    item_id: ItemId,
    environment: CommandEnvironment,
    context: ToolContext,
    render: Render,
) -> ToolOutput:
    """Run `command` if policy and user allow it.

    Raises:
        ToolError: if it may not run, or cannot be started.
    """
    tmpdir = environment.variables.get("TMPDIR")
    if (output := await patch_instead(command, item_id, tmpdir, context)) is not None:
        return output
    item = command_item(item_id, command)
    permit = await get_consent(item, command, environment, context)
    result = await run_shown(item, command, permit, environment, context)
    end = RunEnd(permit, result.exit.exit_code, result.text)
    again = await item_to_retry(command, item, end, environment, context)
    if again is not None:
        result = await run_shown(again, command, Permit(), environment, context)
    return ToolOutput(render(result.text, result.exit, result.total_lines), result.success)


async def run_shown(
    item: CommandExecutionItem,
    command: Command,
    permit: Permit,
    environment: CommandEnvironment,
    context: ToolContext,
) -> CommandResult:
    """Run `command`, whose `item` has been shown, and complete the item, however it ends.

    Raises:
        SandboxError: if the command cannot be held to its confinement.
        SpawnError: if the command cannot be started.
    """
    spec = ProcessSpec(
        argv=command.argv,
        cwd=command.cwd,
        env=environment.child_variables(),
        timeout_s=command.timeout_s,
    )
    return await _Run(item, context).to_the_end(spec, permit, environment)


def _ended(
    item: CommandExecutionItem,
    status: CommandExecutionStatus,
    output: str | None,
    exit: ProcessExit | None = None,
) -> CommandExecutionItem:
    ending = {"status": status, "aggregated_output": output or None}
    if exit is not None:
        code = exit_code_for_model(exit)
        ending |= {"exit_code": code, "duration_ms": round(exit.duration_s * 1000)}
    return item.model_copy(update=ending)


class _Run:
    """One running command: its output, shown live and kept for the end."""

    def __init__(self, item: CommandExecutionItem, context: ToolContext) -> None:
        self._item = item
        self._context = context
        self._shown = OutputBuffer(ITEM_OUTPUT_BYTES)
        self._read = OutputBuffer(MODEL_OUTPUT_BYTES)
        self._text = Utf8Chunks()
        self._lines = 0
        self._deltas = 0

    async def to_the_end(
        self, spec: ProcessSpec, permit: Permit, environment: CommandEnvironment
    ) -> CommandResult:
        try:
            async with permit.held(spec, environment) as confined:
                exit = await environment.processes.run(confined, self._take)
        except (SandboxError, SpawnError) as error:
            self._complete("failed", str(error))
            raise
        except anyio.get_cancelled_exc_class():
            self._complete("failed", self._shown.text())
            raise
        if rest := self._text.flush():
            await self._context.command_output(ItemId(self._item.id), rest)
        result = CommandResult(
            exit, self._read.text(), self._lines if self._read.omitted_bytes else None
        )
        self._complete("completed" if result.success else "failed", self._shown.text(), exit)
        return result

    async def _take(self, chunk: bytes) -> None:
        self._shown.append(chunk)
        self._read.append(chunk)
        self._lines += chunk.count(b"\n")
        text = self._text.feed(chunk)
        if text and self._deltas < MAX_DELTAS:
            self._deltas += 1 + len(chunk) // DELTA_BYTES
            await self._context.command_output(ItemId(self._item.id), text)

    def _complete(
        self, status: CommandExecutionStatus, output: str, exit: ProcessExit | None = None
    ) -> None:
        self._context.item_completed(_ended(self._item, status, output, exit))
