"""Asking: the agent's questions as messages with buttons, for editors that know nothing of them.

Which of our answers a button stands for is in `choices`.
"""

import logging
from typing import Any

import anyio

from codex_rpc.errors import CodexRpcError
from codex_rpc.lsp.agent import EditorAgent
from codex_rpc.lsp.choices import Choice, choices
from codex_rpc.lsp.editor import Editor
from codex_rpc.lsp.errands import Errands
from codex_rpc.protocol.approvals import PendingApproval
from codex_rpc.protocol.ids import ApprovalId
from codex_rpc.protocol.notifications import (
    ApprovalRequestedNotification,
    Notification,
    ServerRequestResolvedNotification,
)
from codex_rpc.protocol.questions import ToolRequestUserInputParams

logger = logging.getLogger(__name__)


class Asking:
    """Puts each question to the user until somebody has answered it."""

    def __init__(self, editor: Editor, agent: EditorAgent, errands: Errands) -> None:
        self._editor = editor
        self._agent = agent
        self._errands = errands
        self._open: dict[ApprovalId, anyio.CancelScope] = {}

    def observe(self, event: Notification) -> None:
        """Take note of an event, in order."""
        match event:
            case ApprovalRequestedNotification(approval=approval):
                scope = self._open[approval.approval_id] = anyio.CancelScope()
                self._errands.start(self._ask, approval, scope)
            case ServerRequestResolvedNotification(approval_id=approval_id) if approval_id:
                scope = self._open.pop(approval_id, None)
                if scope is not None:
                    scope.cancel()
            case _:
                pass

    async def _ask(self, approval: PendingApproval, scope: anyio.CancelScope) -> None:
        with scope:
            answer = await self._answer(approval)
            if answer is None:
                return
            try:
                # Its own end must not cancel the answer.
                self._open.pop(approval.approval_id, None)
                params = {"approvalId": approval.approval_id, **answer}
                await self._agent.call("approval/respond", params)
            except CodexRpcError as error:
                logger.info("an answer came too late: %s", error)

    async def _answer(self, approval: PendingApproval) -> dict[str, Any] | None:
        """What `approval/respond` takes; `None` leaves the question to somebody else."""
        if isinstance(approval.params, ToolRequestUserInputParams):
            return {"response": {"answers": await self._answers(approval.params)}}
        offered = choices(approval.params)
        if offered is None:
            return None
        title = await self._editor.choose(
            offered.question, [each.title for each in offered.choices]
        )
        chosen = next((each for each in offered.choices if each.title == title), None)
        return _refusal(offered.choices).answer if chosen is None else chosen.answer

    async def _answers(self, params: ToolRequestUserInputParams) -> dict[str, Any]:
        """The answers to questions with options; one that wants words gets none."""
        answers: dict[str, Any] = {}
        for question in params.questions:
            labels = [option.label for option in question.options or ()]
            title = await self._editor.choose(question.question, labels) if labels else None
            answers[question.id] = {"answers": [] if title is None else [title]}
        return answers


def _refusal(offered: list[Choice]) -> Choice:
    """What closing the message means."""
    return next(each for each in offered if each.refuses)
