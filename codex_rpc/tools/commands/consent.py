"""Whether a command of the model's may run, and held to what: policy first, then the user.

Whoever gets a permit runs the command; the item has been shown by then.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import assert_never

import anyio
import anyio.to_thread
from msgspec import Struct

from codex_rpc.errors import ToolError
from codex_rpc.exec.approval_policy import (
    Decision,
    Verdict,
    decide_ruled_command,
    may_retry,
)
from codex_rpc.exec.process_spec import ProcessSpec
from codex_rpc.exec.rules.amendments import proposed_amendment
from codex_rpc.exec.rules.judgement import Ruling, judge
from codex_rpc.exec.sandbox.denials import was_denied
from codex_rpc.exec.sandbox.port import Confinement
from codex_rpc.protocol.ids import new_item_id
from codex_rpc.protocol.items import CommandExecutionItem
from codex_rpc.protocol.policies import ReadOnlyPolicy, WorkspaceWritePolicy
from codex_rpc.tools.commands.environment import CommandEnvironment
from codex_rpc.tools.ports import CommandQuestion, ToolContext

REJECTED = "exec command rejected by user"
RETRY = "The sandbox seems to have stopped the command. Run it again without the sandbox?"


class Command(Struct, frozen=True):
    """What the model asked for. `escalated`: it asked to run outside the sandbox.

    `prefix_rule` is how commands begin that it would like to have allowed for good.
    """

    argv: list[str]
    cwd: Path
    timeout_s: float | None
    escalated: bool = False
    justification: str | None = None
    prefix_rule: Sequence[str] = ()
    tty: bool = False


class Permit(Struct, frozen=True):
    """A command may run, held to `confinement` if there is one."""

    confinement: Confinement | None = None

    def apply(self, spec: ProcessSpec, environment: CommandEnvironment) -> ProcessSpec:
        """What to run for `spec`.

        Raises:
            SandboxError: if it cannot be held to the confinement; then it must not run.
        """
        if self.confinement is None:
            return spec
        return environment.sandbox.confine(spec, self.confinement)

    @asynccontextmanager
    async def held(
        self, spec: ProcessSpec, environment: CommandEnvironment
    ) -> AsyncGenerator[ProcessSpec]:
        """What to run for `spec` while in the context, after which nothing of it may be left.

        Raises:
            SandboxError: if it cannot be held to the confinement; then it must not run.
        """
        confined = self.apply(spec, environment)
        try:
            yield confined
        finally:
            if self.confinement is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(environment.sandbox.ended, confined)


class RunEnd(Struct, frozen=True):
    """How a run with `permit` ended, and what the command had to say."""

    permit: Permit
    exit_code: int | None
    text: str

    @property
    def denied(self) -> bool:
        """Whether it looks as if a sandbox had refused the command something."""
        return self.permit.confinement is not None and was_denied(self.exit_code, self.text)


async def get_consent(
    item: CommandExecutionItem,
    command: Command,
    environment: CommandEnvironment,
    context: ToolContext,
) -> Permit:
    """Decide, ask if that is the decision, and show the item, also if it is declined.

    Raises:
        ToolError: if the command may not run; then the item has been completed as well.
    """
    ruling = judge(command.argv, environment.rules.rules, shell=environment.shell.path)
    decision = _decision(command, ruling, environment, context)
    match decision.verdict:
        case Verdict.RUN:
            context.item_started(item)
            return Permit()
        case Verdict.RUN_IN_SANDBOX:
            context.item_started(item)
            return Permit(_confinement(environment, context))
        case Verdict.ASK:
            await _ask(_question(item, command, ruling, decision), context)
            return Permit()
        case Verdict.ASK_THEN_SANDBOX:
            await _ask(_question(item, command, ruling, decision), context)
            return Permit(_confinement(environment, context))
        case Verdict.REFUSE:
            context.item_started(item)
            _decline(item, decision.reason, context)
            raise ToolError(f"command refused: {decision.reason}")
        case _:
            assert_never(decision.verdict)


def _decision(
    command: Command, ruling: Ruling, environment: CommandEnvironment, context: ToolContext
) -> Decision:
    return decide_ruled_command(
        policy=context.settings.approval_policy,
        sandbox=context.sandbox_policy,
        enforcement=environment.sandbox.enforcement,
        ruling=ruling,
        escalated=command.escalated,
    )


def _question(
    item: CommandExecutionItem, command: Command, ruling: Ruling, decision: Decision
) -> CommandQuestion:
    reasons = [reason for reason in (decision.reason, command.justification) if reason]
    return CommandQuestion(
        item,
        command.argv,
        command.cwd,
        reason="\n".join(reasons) or None,
        escalated=command.escalated,
        tty=command.tty,
        amendment=proposed_amendment(ruling, command.prefix_rule, escalated=command.escalated),
    )


async def item_to_retry(
    command: Command,
    item: CommandExecutionItem,
    end: RunEnd,
    environment: CommandEnvironment,
    context: ToolContext,
) -> CommandExecutionItem | None:
    """After a run that `item` showed: the item of another one, which the user lets have no sandbox.

    `None` if the sandbox has denied nothing, or the user need not be asked about that, or says no.
    This is asked anew each time, whatever was approved before, and the answer is good for this run.
    """
    settings, enforcement = context.settings, environment.sandbox.enforcement
    if not end.denied:
        return None
    if not may_retry(settings.approval_policy, context.sandbox_policy, enforcement):
        return None
    again = item.model_copy(update={"id": new_item_id(), "process_id": None})
    question = CommandQuestion(again, command.argv, command.cwd, RETRY, one_shot=True)
    approval = await context.ask_command(question)
    if approval.granted:
        return again
    _decline(again, approval.reason, context)
    return None


async def _ask(question: CommandQuestion, context: ToolContext) -> None:
    """Ask, and complete the item if the answer is no.

    Raises:
        ToolError: if it is.
    """
    approval = await context.ask_command(question)
    if approval.granted:
        return
    _decline(question.item, approval.reason, context)
    reason = "" if approval.reason is None else f": {approval.reason}"
    raise ToolError(f"{REJECTED}{reason}")


def _confinement(environment: CommandEnvironment, context: ToolContext) -> Confinement:
    policy = context.sandbox_policy
    assert isinstance(policy, ReadOnlyPolicy | WorkspaceWritePolicy), "others confine nothing"
    return Confinement(policy, context.settings.cwd, environment.variables.get("TMPDIR"))


def _decline(item: CommandExecutionItem, reason: str | None, context: ToolContext) -> None:
    ended = {"status": "declined", "aggregated_output": reason or None}
    context.item_completed(item.model_copy(update=ended))
