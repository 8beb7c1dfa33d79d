"""Asking the client: one question, one answer, and what follows from it.

A question is registered with the turn before anybody hears of it, and taken back however the wait
ends. Answers come in through `Session.respond_to_approval`.
"""

from collections.abc import Generator
from contextlib import contextmanager

from codex_rpc.protocol.approvals import (
    ApprovalMethod,
    CommandExecutionRequestApprovalParams,
    FileChangeRequestApprovalParams,
    PendingApproval,
)
from codex_rpc.protocol.ids import new_approval_id
from codex_rpc.protocol.notifications import ThreadStatusChangedNotification
from codex_rpc.protocol.thread import ActiveStatus
from codex_rpc.session.events import ApprovalRequested, ApprovalResolved
from codex_rpc.session.turn_context import TurnContext, now_ms
from codex_rpc.state.session_state import CommandKey
from codex_rpc.state.turn_state import ApprovalAnswer, OpenApproval
from codex_rpc.state.waiter import WaiterCancelledError
from codex_rpc.tools.ports import Approval, CommandQuestion, PatchQuestion

COMMAND_METHOD: ApprovalMethod = "item/commandExecution/requestApproval"
PATCH_METHOD: ApprovalMethod = "item/fileChange/requestApproval"
"""Server requests that carry the two kinds of question."""

APPROVED_FOR_SESSION = Approval("approvedForSession")


async def ask_command(turn: TurnContext, question: CommandQuestion) -> Approval:
    """Ask whether a command may run, unless the same one was approved for the session.

    Shows the command's item, which the client needs before the question.
    """
    key = CommandKey(tuple(question.argv), question.cwd)
    if key in turn.session_state.approved_commands:
        turn.item_started(question.item)
        return APPROVED_FOR_SESSION
    pending = _pending(
        COMMAND_METHOD,
        CommandExecutionRequestApprovalParams(
            thread_id=turn.thread_id,
            turn_id=turn.turn_id,
            item_id=question.item.id,
            approval_id=new_approval_id(),
            command=question.item.command,
            cwd=str(question.cwd),
            command_actions=question.item.command_actions,
            reason=question.reason,
            available_decisions=["accept", "acceptForSession", "decline", "cancel"],
            started_at_ms=now_ms(),
        ),
    )
    with _open_question(turn, pending) as approval:
        turn.item_started(question.item)
        outcome = await _answer(turn, approval)
    if outcome.outcome == "approvedForSession":
        turn.session_state.approved_commands.add(key)
    return outcome


async def ask_patch(turn: TurnContext, question: PatchQuestion) -> Approval:
    """Ask whether files may change, unless all of them were approved for the session."""
    if turn.session_state.paths_approved(question.paths):
        turn.item_started(question.item)
        return APPROVED_FOR_SESSION
    pending = _pending(
        PATCH_METHOD,
        FileChangeRequestApprovalParams(
            thread_id=turn.thread_id,
            turn_id=turn.turn_id,
            item_id=question.item.id,
            approval_id=new_approval_id(),
            changes=question.item.changes,
            reason=question.reason,
            started_at_ms=now_ms(),
        ),
    )
    turn.item_started(question.item)
    with _open_question(turn, pending) as approval:
        outcome = await _answer(turn, approval)
    if outcome.outcome == "approvedForSession":
        turn.session_state.approve_paths(question.paths)
    return outcome


def _pending(
    method: ApprovalMethod,
    params: CommandExecutionRequestApprovalParams | FileChangeRequestApprovalParams,
) -> PendingApproval:
    return PendingApproval(
        approval_id=params.approval_id,
        thread_id=params.thread_id,
        turn_id=params.turn_id,
        item_id=params.item_id,
        method=method,
        params=params,
        started_at_ms=params.started_at_ms,
    )


@contextmanager
def _open_question(turn: TurnContext, pending: PendingApproval) -> Generator[OpenApproval]:
    """Hold a question open, and tell the client that the thread waits on it."""
    approval = OpenApproval(pending)
    turn.state.approvals[pending.approval_id] = approval
    _show_status(turn)
    try:
        yield approval
    finally:
        turn.state.approvals.pop(pending.approval_id, None)
        turn.emit(ApprovalResolved(turn.thread_id, pending.approval_id))
        if not turn.turn.stopping:
            _show_status(turn)


def _show_status(turn: TurnContext) -> None:
    status = ActiveStatus(active_flags=["waitingOnApproval"] if turn.state.approvals else [])
    turn.emit(ThreadStatusChangedNotification(thread_id=turn.thread_id, status=status))


async def _answer(turn: TurnContext, approval: OpenApproval) -> Approval:
    turn.emit(ApprovalRequested(approval.question))
    if turn.turn.concluded:  # asked by a tool that did not stop with its turn: nobody hears it
        approval.waiter.cancel()
    try:
        answer = await approval.waiter.wait()
    except WaiterCancelledError:
        return Approval("cancelled", "nobody was left to answer the question")
    return _outcome(turn, answer)


def _outcome(turn: TurnContext, answer: ApprovalAnswer) -> Approval:
    match answer.decision:
        case "accept":
            return Approval("approved")
        case "acceptForSession":
            return APPROVED_FOR_SESSION
        case "decline":
            return Approval("declined")
        case "cancel":
            turn.turn.stop("interrupted")
            return Approval("cancelled", "the user stopped the turn")
        case _:
            return Approval("invalid", answer.reason or "the answer was no decision")
