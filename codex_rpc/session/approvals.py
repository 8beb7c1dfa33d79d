"""Approvals: may a command run, may files change? And what follows from the decision.

How a question is asked is in `questions`; whether it has to be asked is decided in
`codex_rpc.exec`.
"""

from collections.abc import Sequence

from codex_rpc.errors import ConfigError
from codex_rpc.history.permissions import rule_saved
from codex_rpc.protocol.approvals import (
    AcceptWithExecpolicyAmendment,
    CommandExecutionApprovalDecision,
    CommandExecutionRequestApprovalParams,
    DecisionResponse,
    ExecpolicyAmendment,
    FileChangeRequestApprovalParams,
    PendingApproval,
)
from codex_rpc.protocol.notifications import WarningNotification
from codex_rpc.session.questions import answer_to, header, open_question, pending
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.state.session_state import CommandKey
from codex_rpc.state.turn_state import ApprovalAnswer
from codex_rpc.tools.ports import (
    Approval,
    ClientQuestion,
    CommandQuestion,
    PatchQuestion,
    QuestionHeader,
)

APPROVED_FOR_SESSION = Approval("approvedForSession")


async def ask_command(turn: TurnContext, question: CommandQuestion) -> Approval:
    """Ask whether a command may run, unless the same one was approved for the session.

    Shows the command's item, which the client needs before the question.
    """
    key = CommandKey(tuple(question.argv), question.cwd, question.escalated, question.tty)
    approved = turn.session_state.approved_commands
    if not question.one_shot and key in approved:
        turn.item_started(question.item)
        return APPROVED_FOR_SESSION
    with open_question(turn, _about_command(turn, question)) as approval:
        turn.item_started(question.item)
        answer = await answer_to(turn, approval)
        outcome = _outcome(turn, answer)
    match answer:
        case ApprovalAnswer(
            response=DecisionResponse(decision=AcceptWithExecpolicyAmendment() as amended)
        ):
            prefix = amended.accept_with_execpolicy_amendment.execpolicy_amendment
            await _save_rule(turn, prefix)
        case _:
            pass
    if outcome.outcome == "approvedForSession" and not question.one_shot:
        approved.add(key)
    return outcome


async def _save_rule(turn: TurnContext, prefix: Sequence[str]) -> None:
    """Allow commands that begin with `prefix` for good, and tell the model of it.

    If that cannot be saved, the user is warned, and nothing else comes of it.
    """
    try:
        await turn.services.exec.rules.save(prefix)
    except ConfigError as error:
        message = f"The rule was not saved, so it holds for this command only: {error}"
        turn.emit(WarningNotification(message=message, thread_id=turn.thread_id))
    else:
        turn.state.pending_reports.append(rule_saved(prefix))


async def ask_patch(turn: TurnContext, question: PatchQuestion) -> Approval:
    """Ask whether files may change, unless all of them were approved for the session."""
    turn.item_started(question.item)
    if turn.session_state.paths_approved(question.paths):
        return APPROVED_FOR_SESSION
    with open_question(turn, _about_patch(turn, question)) as approval:
        outcome = _outcome(turn, await answer_to(turn, approval))
    if outcome.outcome == "approvedForSession":
        turn.session_state.approve_paths(question.paths)
    return outcome


def _about_command(turn: TurnContext, question: CommandQuestion) -> PendingApproval:
    def params(header: QuestionHeader) -> CommandExecutionRequestApprovalParams:
        return CommandExecutionRequestApprovalParams(
            thread_id=header.thread_id,
            turn_id=header.turn_id,
            item_id=question.item.id,
            approval_id=header.approval_id,
            command=question.item.command,
            cwd=str(question.cwd),
            command_actions=question.item.command_actions,
            reason=question.reason,
            proposed_execpolicy_amendment=question.amendment,
            available_decisions=_decisions(question),
            started_at_ms=header.started_at_ms,
        )

    method = "item/commandExecution/requestApproval"
    return pending(ClientQuestion(method, params, question.item.id), header(turn))


def _decisions(question: CommandQuestion) -> list[CommandExecutionApprovalDecision]:
    decisions: list[CommandExecutionApprovalDecision] = ["accept"]
    if question.amendment:
        amendment = ExecpolicyAmendment(execpolicy_amendment=question.amendment)
        decisions.append(AcceptWithExecpolicyAmendment(accept_with_execpolicy_amendment=amendment))
    if not question.one_shot:
        decisions.append("acceptForSession")
    return [*decisions, "decline", "cancel"]


def _about_patch(turn: TurnContext, question: PatchQuestion) -> PendingApproval:
    def params(header: QuestionHeader) -> FileChangeRequestApprovalParams:
        return FileChangeRequestApprovalParams(
            thread_id=header.thread_id,
            turn_id=header.turn_id,
            item_id=question.item.id,
            approval_id=header.approval_id,
            changes=question.item.changes,
            reason=question.reason,
            started_at_ms=header.started_at_ms,
        )

    method = "item/fileChange/requestApproval"
    return pending(ClientQuestion(method, params, question.item.id), header(turn))


def _outcome(turn: TurnContext, answer: ApprovalAnswer | None) -> Approval:
    match answer:
        case None:
            return Approval("cancelled", "nobody was left to answer the question")
        case ApprovalAnswer(
            response=DecisionResponse(decision="accept" | AcceptWithExecpolicyAmendment())
        ):
            return Approval("approved")
        case ApprovalAnswer(response=DecisionResponse(decision="acceptForSession")):
            return APPROVED_FOR_SESSION
        case ApprovalAnswer(response=DecisionResponse(decision="decline")):
            return Approval("declined")
        case ApprovalAnswer(response=DecisionResponse(decision="cancel")):
            turn.turn.stop("interrupted")
            return Approval("cancelled", "the user stopped the turn")
        case _:
            return Approval("invalid", answer.reason or "the answer was no decision")
