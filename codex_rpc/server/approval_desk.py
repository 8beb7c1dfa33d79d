"""ApprovalDesk: every open question to a client, and the two ways to answer one.

A question goes to each follower of its thread, as a server request or, for a client that prefers
it, as `approval/requested`. Whichever answer comes first counts, by response or by
`approval/respond`; a question nobody is there for waits in `approval/list`.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from pydantic import ValidationError

from codex_rpc.errors import ApprovalNotFoundError, ApprovalResolvedError
from codex_rpc.protocol.approvals import ApprovalDecision, PendingApproval
from codex_rpc.protocol.ids import ApprovalId, ThreadId
from codex_rpc.protocol.methods import METHODS
from codex_rpc.protocol.notifications import (
    ApprovalRequestedNotification,
    ServerRequestResolvedNotification,
)
from codex_rpc.rpc.messages import Response
from codex_rpc.server.client import Client
from codex_rpc.threads.codex_thread import CodexThread

logger = logging.getLogger(__name__)

REMEMBERED = 4096
"""How many answered questions are told apart from such as were never asked."""


@dataclass(frozen=True, slots=True)
class _Question:
    thread: CodexThread
    approval: PendingApproval
    calls: dict[Client, int] = field(default_factory=dict[Client, int])
    """The server requests that carry it, by the client they went to."""

    asked: set[Client] = field(default_factory=set[Client])
    """Everybody it went to."""

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer; that it does not is announced a little later."""
        asked = (approval.approval_id for approval in self.thread.pending_approvals())
        return self.approval.approval_id in asked


class ApprovalDesk:
    """Keeps open questions until they are answered or their turn ends."""

    def __init__(self) -> None:
        self._open: dict[ApprovalId, _Question] = {}
        self._resolved: OrderedDict[ApprovalId, None] = OrderedDict()
        self._closed = False

    def ask(
        self, thread: CodexThread, approval: PendingApproval, clients: Iterable[Client]
    ) -> None:
        """Put a question to `clients`."""
        if self._closed:
            thread.cancel_approval(approval.approval_id)
            return
        question = _Question(thread, approval)
        self._open[approval.approval_id] = question
        for client in clients:
            self._send(question, client)

    def present(self, thread_id: ThreadId, client: Client) -> None:
        """Put the open questions of a thread to a client that was not there when they were asked.

        One that was is not asked again.
        """
        for question in tuple(self._open.values()):
            asked = question.approval.thread_id == thread_id and question.is_open
            if asked and client not in question.asked:
                self._send(question, client)

    def _send(self, question: _Question, client: Client) -> None:
        approval = question.approval
        question.asked.add(client)
        if client.require_initialized().approvals == "notify":
            client.notify(
                ApprovalRequestedNotification(
                    thread_id=approval.thread_id, turn_id=approval.turn_id, approval=approval
                ),
                approval.thread_id,
            )
            return
        question.calls[client] = client.connection.call(
            approval.method,
            approval.params.model_dump_json().encode(),
            partial(self._take_response, question, client),
            group=approval.thread_id,
        )

    def _take_response(
        self, question: _Question, client: Client, response: Response | None
    ) -> None:
        if response is None:
            return  # it stays open, for others or for `approval/respond`
        approval_id = question.approval.approval_id
        try:
            decision, problem = _decision(question.approval, response)
            if decision is None:
                question.thread.reject_answer(approval_id, problem)
            else:
                question.thread.respond_to_approval(approval_id, decision)
        except ApprovalResolvedError:
            logger.debug("approval %s was answered twice", approval_id)

    def thread_of(self, approval_id: ApprovalId) -> CodexThread:
        """The thread that asked an open question.

        Raises:
            ApprovalNotFoundError: if there never was such a question.
            ApprovalResolvedError: if it has been answered, or its turn has ended.
        """
        question = self._open.get(approval_id)
        if question is not None:
            return question.thread
        if approval_id in self._resolved:
            raise ApprovalResolvedError(approval_id)
        raise ApprovalNotFoundError(approval_id)

    def resolved(self, approval_id: ApprovalId, clients: Iterable[Client]) -> None:
        """Tell `clients` that nobody waits for an answer any more."""
        question = self._open.pop(approval_id, None)
        self._remember(approval_id)
        if question is None:
            return
        for client, call_id in question.calls.items():
            client.connection.abandon(call_id)
        for client in dict.fromkeys((*clients, *question.calls)):
            client.notify(
                ServerRequestResolvedNotification(
                    thread_id=question.approval.thread_id,
                    request_id=question.calls.get(client, approval_id),
                    approval_id=approval_id,
                ),
                question.approval.thread_id,
            )

    def _remember(self, approval_id: ApprovalId) -> None:
        self._resolved[approval_id] = None
        if len(self._resolved) > REMEMBERED:
            self._resolved.popitem(last=False)

    def pending(self, thread_id: ThreadId | None) -> Sequence[PendingApproval]:
        """The open questions, oldest first; of one thread, if it is named."""
        return [
            question.approval
            for question in self._open.values()
            if thread_id in (None, question.approval.thread_id) and question.is_open
        ]

    def close(self) -> None:
        """Nobody can answer any more: cancel what is open and whatever is asked from now on."""
        self._closed = True
        for question in tuple(self._open.values()):
            question.thread.cancel_approval(question.approval.approval_id)


def _decision(approval: PendingApproval, response: Response) -> tuple[ApprovalDecision | None, str]:
    """The decision in a response; if there is none, a sentence that says why."""
    if response.error is not None:
        return None, f"the client answered with an error: {response.error.message}"
    result = METHODS[approval.method].result
    assert result is not None, "server requests have results"
    try:
        answer = result.model_validate(response.result, by_name=False)
    except ValidationError:
        return None, "the client's answer was no decision"
    return answer.model_dump()["decision"], ""
