"""ApprovalDesk: every open question to a client, and the two ways to answer one.

A question goes to each follower of its thread, as a server request or, for a client that prefers
it, as `approval/requested`. Whichever answer comes first counts, by response or by
`approval/respond`; a question nobody is there for waits in `approval/list`.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import partial

from msgspec import Struct, field
from pydantic import ValidationError

from codex_rpc.errors import ApprovalNotFoundError, ApprovalResolvedError
from codex_rpc.protocol.approvals import ApprovalMethod, DecisionResponse, PendingApproval
from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.ids import ApprovalId, ThreadId
from codex_rpc.protocol.notifications import (
    ApprovalRequestedNotification,
    ServerRequestResolvedNotification,
)
from codex_rpc.protocol.requests import SERVER_REQUESTS
from codex_rpc.rpc.messages import Response
from codex_rpc.server.client import Client
from codex_rpc.threads.codex_thread import CodexThread

logger = logging.getLogger(__name__)

GONE = "the client that provides the tool is gone"

REMEMBERED = 4096
"""How many answered questions are told apart from such as were never asked."""


class _Question(Struct, frozen=True):
    thread: CodexThread
    approval: PendingApproval
    calls: dict[Client, int] = field(default_factory=dict[Client, int])
    """The server requests that carry it, by the client they went to."""

    asked: set[Client] = field(default_factory=set[Client])
    """Everybody it went to."""

    able: set[Client] = field(default_factory=set[Client])
    """Of those, the ones that may still answer."""

    @property
    def is_call(self) -> bool:
        """Whether a program answers it, which knows the tool or does not."""
        return self.approval.method == "item/tool/call"

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
        clients = tuple(clients)
        question.able.update(clients)
        for client in clients:
            self._send(question, client)
        if not clients:
            self._fail_call(question, GONE)

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
        question.able.add(client)
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
            self._lost(question, client)
            return
        question.able.discard(client)
        approval_id = question.approval.approval_id
        try:
            answer, problem = _answer(question.approval, response)
            if answer is None and question.is_call:
                self._fail_call(question, problem)
            elif answer is None:
                question.thread.reject_answer(approval_id, problem)
            else:
                question.thread.answer(approval_id, answer)
        except ApprovalResolvedError:
            logger.debug("approval %s was answered twice", approval_id)

    def left(self, client: Client) -> None:
        """A client is gone. Others may answer what it was asked, or itself when it is back.

        A tool of the client's is gone with it.
        """
        for question in tuple(self._open.values()):
            if client in question.able:
                self._lost(question, client)

    def _lost(self, question: _Question, client: Client) -> None:
        question.able.discard(client)
        self._fail_call(question, GONE)

    def _fail_call(self, question: _Question, reason: str) -> None:
        """End the call of a client's tool, unless another client may still carry it out."""
        if question.is_call and not question.able and question.is_open:
            question.thread.reject_answer(question.approval.approval_id, reason)

    def question(self, approval_id: ApprovalId) -> tuple[CodexThread, PendingApproval]:
        """An open question, and the thread that asked it.

        Raises:
            ApprovalNotFoundError: if there never was such a question.
            ApprovalResolvedError: if it has been answered, or its turn has ended.
        """
        question = self._open.get(approval_id)
        if question is not None:
            return question.thread, question.approval
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


def answer_model(method: ApprovalMethod) -> type[WireModel]:
    """What a question is answered with."""
    result = next(known.result for known in SERVER_REQUESTS if known.name == method)
    assert result is not None, "server requests have results"
    return result


def _answer(approval: PendingApproval, response: Response) -> tuple[WireModel | None, str]:
    """The answer in a response; if there is none, a sentence that says why."""
    if response.error is not None:
        return None, f"the client answered with an error: {response.error.message}"
    model = answer_model(approval.method)
    try:
        return model.model_validate(response.result, by_name=False), ""
    except ValidationError:
        decides = issubclass(model, DecisionResponse)
        return None, f"the client's answer {'was no decision' if decides else 'made no sense'}"
