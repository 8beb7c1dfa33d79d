"""Asking the client: one question, one answer.

A question is registered with the turn before anybody hears of it, and taken back however the wait
ends, by the end of the turn at the latest. Answers come in through `Session.respond_to_approval`.
What is asked, and what follows from the answer, is the business of `approvals` and of the tools.
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Literal

from codex_rpc.protocol.approvals import PendingApproval
from codex_rpc.protocol.ids import new_approval_id
from codex_rpc.protocol.notifications import ThreadStatusChangedNotification
from codex_rpc.protocol.thread import ActiveStatus
from codex_rpc.session.clock import now_ms
from codex_rpc.session.events import ApprovalRequested, ApprovalResolved
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.state.turn_state import ApprovalAnswer, OpenApproval
from codex_rpc.state.waiter import Waiter, WaiterCancelledError
from codex_rpc.tools.ports import ClientQuestion, ClientReply, QuestionHeader

WaitingFlag = Literal["waitingOnApproval", "waitingOnUserInput"]

_NOBODY = "nobody was left to answer the question"


def waiting_flags(questions: Iterable[PendingApproval]) -> list[WaitingFlag]:
    """What a thread waits for that has these questions open; a program's answer is not told."""
    methods = {question.method for question in questions} - {"item/tool/call"}
    flags: list[WaitingFlag] = []
    if methods - {"item/tool/requestUserInput"}:
        flags.append("waitingOnApproval")
    if "item/tool/requestUserInput" in methods:
        flags.append("waitingOnUserInput")
    return flags


def header(turn: TurnContext) -> QuestionHeader:
    """What a new question of this turn begins with."""
    return QuestionHeader(turn.thread_id, turn.turn_id, new_approval_id(), now_ms())


def pending(question: ClientQuestion, header: QuestionHeader) -> PendingApproval:
    """The question as it is listed until somebody answers it."""
    return PendingApproval(
        approval_id=header.approval_id,
        thread_id=header.thread_id,
        turn_id=header.turn_id,
        item_id=question.item_id,
        method=question.method,
        params=question.params(header),
        started_at_ms=header.started_at_ms,
    )


async def ask(turn: TurnContext, question: ClientQuestion) -> ClientReply:
    """Ask the client, and wait for the answer."""
    with open_question(turn, pending(question, header(turn))) as approval:
        answer = await answer_to(turn, approval)
    if answer is None:
        return ClientReply(None, _NOBODY)
    return ClientReply(answer.response, answer.reason)


@contextmanager
def open_question(turn: TurnContext, pending: PendingApproval) -> Generator[OpenApproval]:
    """Hold a question open, and tell the client that the thread waits on it."""
    approval = OpenApproval(pending, Waiter())
    turn.state.approvals[pending.approval_id] = approval
    waits = bool(waiting_flags([pending]))
    if waits:
        _show_status(turn)
    try:
        yield approval
    finally:
        if turn.state.approvals.pop(pending.approval_id, None) is not None:
            turn.emit(ApprovalResolved(turn.thread_id, pending.approval_id))
            if waits and not turn.turn.stopping:
                _show_status(turn)


async def answer_to(turn: TurnContext, approval: OpenApproval) -> ApprovalAnswer | None:
    """Ask what is held open; `None` if nobody can answer any more."""
    turn.emit(ApprovalRequested(approval.question))
    if turn.turn.concluded:  # asked by a tool that did not stop with its turn: nobody hears it
        approval.waiter.cancel()
    try:
        return await approval.waiter.wait()
    except WaiterCancelledError:
        return None


def _show_status(turn: TurnContext) -> None:
    flags = waiting_flags(open.question for open in turn.state.approvals.values())
    status = ActiveStatus(active_flags=flags)
    turn.emit(ThreadStatusChangedNotification(thread_id=turn.thread_id, status=status))
