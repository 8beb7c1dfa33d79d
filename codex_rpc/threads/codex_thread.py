"""CodexThread: one loaded thread as the outside handles it."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from codex_rpc.config.loader import Override
from codex_rpc.protocol.approvals import (
    CommandExecutionApprovalDecision,
    DecisionResponse,
    PendingApproval,
)
from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.ids import ApprovalId, ThreadId, TurnId
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.protocol.usage import ThreadTokenUsage
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.session.background_terminals import BackgroundTerminals
from codex_rpc.session.events import Event, Mark, SessionConfigured
from codex_rpc.session.ops import Op, Submitted
from codex_rpc.session.session import Session, SessionSnapshot
from codex_rpc.state.live_turn import ReadPoint
from codex_rpc.state.standing import Standing
from codex_rpc.state.turn_state import ApprovalAnswer

if TYPE_CHECKING:
    from codex_rpc.rollout.log_reading import Reconstructed
    from codex_rpc.rollout.thread_log import ThreadLog


class ThreadOrigin(Struct, frozen=True):
    """How a thread came to be; none of it changes."""

    meta: SessionMeta
    """As its file begins, or would if it had one."""
    ephemeral: bool = False
    instruction_sources: tuple[Path, ...] = ()
    """The documents that the model was told of."""
    config: Sequence[Override] = ()
    """The overrides of `config.toml` that it was made with."""

    @property
    def created_at(self) -> datetime:
        return self.meta.timestamp


class CodexThread:
    """A handle on a session: submit to it, answer it, read its events."""

    def __init__(self, session: Session, origin: ThreadOrigin) -> None:
        self._session = session
        self.origin = origin
        self._unread: deque[Event] = deque()
        self.name: str | None = None
        """What the user calls it, as far as this process has heard."""

    @property
    def thread_id(self) -> ThreadId:
        return self._session.thread_id

    @property
    def rollout_path(self) -> Path | None:
        """The thread's file, which exists from its first turn on; `None` if it is ephemeral."""
        return self.snapshot().rollout_path

    async def submit(self, op: Op) -> Submitted:
        """Have `op` carried out. See `Session.submit`."""
        return await self._session.submit(op)

    def interrupt(self, turn_id: TurnId | None = None) -> None:
        """Stop the running turn. See `Session.interrupt`."""
        self._session.interrupt(turn_id)

    def respond_to_approval(
        self, approval_id: ApprovalId, decision: CommandExecutionApprovalDecision
    ) -> None:
        """Answer a question with a decision. See `Session.respond_to_approval`."""
        self.answer(approval_id, DecisionResponse(decision=decision))

    def answer(self, approval_id: ApprovalId, response: WireModel) -> None:
        """Answer a question with the result of its server request."""
        self._session.respond_to_approval(approval_id, ApprovalAnswer(response))

    def reject_answer(self, approval_id: ApprovalId, reason: str) -> None:
        """Close a question whose answer made no sense; it counts as a refusal."""
        self._session.respond_to_approval(approval_id, ApprovalAnswer(None, reason))

    def cancel_approval(self, approval_id: ApprovalId) -> None:
        """Close a question that nobody can answer any more."""
        self._session.cancel_approval(approval_id)

    def pending_approvals(self) -> Sequence[PendingApproval]:
        return self._session.pending_approvals()

    async def next_events(self) -> Sequence[Event]:
        """The events since the last call, in order, at least one. There is one reader.

        Raises:
            EventChannelClosedError: when the thread has ended.
        """
        if self._unread:
            events, self._unread = tuple(self._unread), deque()
            return events
        return await self._session.next_events()

    async def next_event(self) -> Event:
        """The next event, for a reader who takes them one by one.

        Raises:
            EventChannelClosedError: when the thread has ended.
        """
        if not self._unread:
            self._unread.extend(await self._session.next_events())
        return self._unread.popleft()

    async def read_point(self) -> ReadPoint:
        """What is on record now, and what is under way. What was put down has been written."""
        point = self._session.read_point()
        await self._session.flush()
        return point

    async def recall(self) -> None:
        """Have the history read that the thread was resumed with; `snapshot` counts it then."""
        await self._session.recall()

    def watch(self, reached: Callable[[], None]) -> ReadPoint:
        """What is on record now, and what is under way; for a reader who watches from here on.

        `reached` is called when the reader of events has got just as far.
        """
        self._session.emit(Mark(reached))
        return self._session.read_point()

    async def record_meta(self, payload: Payload) -> None:
        """Put down what is on record about the thread as a whole. See `Session.record_meta`."""
        await self._session.record_meta(payload)

    @property
    def terminals(self) -> BackgroundTerminals:
        """What the thread has running."""
        return self._session.terminals

    async def idle(self) -> None:
        """Wait until no turn is running."""
        await self._session.idle()

    @property
    def standing(self) -> Standing:
        """How the thread gets on, for those who wait for it."""
        return self._session.standing

    def history(self) -> Sequence[ResponseItem]:
        """What the model has said and heard so far."""
        return self._session.history()

    def token_usage(self) -> ThreadTokenUsage:
        """What the thread has used of its model so far."""
        return self._session.token_usage()

    def snapshot(self) -> SessionSnapshot:
        return self._session.snapshot()


class NewThread(Struct, frozen=True):
    """A thread that has just been made, with its first event."""

    thread_id: ThreadId
    thread: CodexThread
    configured: SessionConfigured
    warnings: Sequence[str] = ()
    """What was odd about the configuration."""
    was_loaded: bool = False
    """Whether it had been made before; then nothing about it has changed."""
    recorded: "Reconstructed | None" = None
    """What was on record, if it was just resumed."""


class ForkedThread(Struct, frozen=True):
    """A fork, and the log that has the turns it began with."""

    thread: NewThread
    log: "ThreadLog"
