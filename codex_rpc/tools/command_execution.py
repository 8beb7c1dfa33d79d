"""Running one command for the model: may it, ask, run, show, and say what came of it.

The shell tools differ in how a call names its command; from there on they all come here.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from codex_rpc.errors import SpawnError, ToolError
from codex_rpc.exec.approval_policy import Decision, Enforcement, Verdict, decide_command
from codex_rpc.exec.child import ProcessSpec
from codex_rpc.exec.command_actions import command_actions
from codex_rpc.exec.command_safety import risk_of
from codex_rpc.exec.environment import EnvironmentPolicy, child_environment
from codex_rpc.exec.exec_text import exit_code_for_model
from codex_rpc.exec.output import OutputBuffer, Utf8Chunks
from codex_rpc.exec.process import ProcessExit, ProcessRunner
from codex_rpc.exec.shell import Shell, display
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.items import (
    CommandExecutionItem,
    CommandExecutionSource,
    CommandExecutionStatus,
)
from codex_rpc.tools.ports import Approval, CommandQuestion, ToolContext, ToolOutput

ITEM_OUTPUT_BYTES = 1024 * 1024
"""How much of a command's output an item keeps."""
MODEL_OUTPUT_BYTES = 40_000
"""How much of it the model reads: about 10,000 tokens."""
MAX_DELTAS = 10_000
"""Pieces of output shown live in one call; what comes after them is still captured."""

REJECTED = "exec command rejected by user"


@dataclass(frozen=True, slots=True)
class CommandEnvironment:
    """What commands of this process run in. `credentials` are variables they never see."""

    processes: ProcessRunner
    shell: Shell
    variables: Mapping[str, str]
    policy: EnvironmentPolicy = field(default_factory=EnvironmentPolicy)
    credentials: Collection[str] = ()
    enforcement: Enforcement = "none"


@dataclass(frozen=True, slots=True)
class Command:
    """What the model asked for. `escalated`: it asked to run outside the sandbox."""

    argv: list[str]
    cwd: Path
    timeout_s: float | None
    escalated: bool = False
    justification: str | None = None


@dataclass(frozen=True, slots=True)
class CommandResult:
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
    item = command_item(item_id, command)
    decision = _decision(command, environment, context)
    match decision.verdict:
        case Verdict.RUN:
            context.item_started(item)
        case Verdict.ASK:
            question = CommandQuestion(item, command.argv, command.cwd, command.justification)
            approval = await context.ask_command(question)
            if not approval.granted:
                raise _refused(item, approval, context)
        case Verdict.REFUSE:
            context.item_started(item)
            context.item_completed(_ended(item, "declined", decision.reason))
            raise ToolError(f"command refused: {decision.reason}")
        case Verdict.RUN_IN_SANDBOX:
            raise ToolError("this machine has no sandbox to run the command in")
    result = await run_shown(item, command, environment, context)
    return ToolOutput(render(result.text, result.exit, result.total_lines), result.success)


async def run_shown(
    item: CommandExecutionItem,
    command: Command,
    environment: CommandEnvironment,
    context: ToolContext,
) -> CommandResult:
    """Run `command`, whose `item` has been shown, and complete the item, however it ends.

    Raises:
        SpawnError: if the command cannot be started.
    """
    spec = ProcessSpec(
        argv=command.argv,
        cwd=command.cwd,
        env=child_environment(
            environment.variables, environment.policy, {}, environment.credentials
        ),
        timeout_s=command.timeout_s,
    )
    return await _Run(item, context).to_the_end(spec, environment.processes)


def _decision(command: Command, environment: CommandEnvironment, context: ToolContext) -> Decision:
    return decide_command(
        policy=context.settings.approval_policy,
        sandbox=context.settings.sandbox_policy,
        enforcement=environment.enforcement,
        command=risk_of(command.argv, shell=environment.shell.path),
        escalated=command.escalated,
    )


def _refused(item: CommandExecutionItem, approval: Approval, context: ToolContext) -> ToolError:
    context.item_completed(_ended(item, "declined", approval.reason))
    return ToolError(REJECTED if approval.reason is None else f"{REJECTED}: {approval.reason}")


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

    async def to_the_end(self, spec: ProcessSpec, processes: ProcessRunner) -> CommandResult:
        try:
            exit = await processes.run(spec, self._take)
        except SpawnError as error:
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
            self._deltas += 1
            await self._context.command_output(ItemId(self._item.id), text)

    def _complete(
        self, status: CommandExecutionStatus, output: str, exit: ProcessExit | None = None
    ) -> None:
        self._context.item_completed(_ended(self._item, status, output, exit))
