"""CodexThread: one loaded thread as the outside handles it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from codex_rpc.protocol.approvals import ApprovalDecision, PendingApproval
from codex_rpc.protocol.ids import ApprovalId, ThreadId, TurnId
from codex_rpc.session.events import Event, SessionConfigured
from codex_rpc.session.ops import Op, Submitted
from codex_rpc.session.session import Session, SessionSnapshot
from codex_rpc.state.turn_state import ApprovalAnswer


@dataclass(frozen=True, slots=True)
class ThreadOrigin:
    """How a thread came to be; none of it changes."""

    created_at: datetime
    originator: str | None = None
    thread_source: str | None = None
    ephemeral: bool = False
    instruction_sources: tuple[Path, ...] = ()
    """The documents that the model was told of."""


class CodexThread:
    """A handle on a session: submit to it, answer it, read its events."""

    def __init__(self, session: Session, origin: ThreadOrigin) -> None:
        self._session = session
        self.origin = origin

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

    def respond_to_approval(self, approval_id: ApprovalId, decision: ApprovalDecision) -> None:
        """Answer a question. See `Session.respond_to_approval`."""
        self._session.respond_to_approval(approval_id, ApprovalAnswer(decision))

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
        return await self._session.next_events()

    async def idle(self) -> None:
        """Wait until no turn is running."""
        await self._session.idle()

    def snapshot(self) -> SessionSnapshot:
        return self._session.snapshot()


@dataclass(frozen=True, slots=True)
class NewThread:
    """A thread that has just been made, with its first event."""

    thread_id: ThreadId
    thread: CodexThread
    configured: SessionConfigured
    warnings: Sequence[str] = ()
    """What was odd about the configuration."""
