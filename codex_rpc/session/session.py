"""Session: the façade of one loaded thread.

It takes ops and answers, runs at most one turn at a time, and emits events. What it knows is in
`SessionState` and the running turn's `TurnState`; what it works with is in `SessionServices`; the
work is done by its op loop, its turn slot and its journal.
"""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus
from msgspec import Struct

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.errors import ApprovalResolvedError, NoActiveTurnError
from codex_rpc.exec.approval_policy import Enforcement
from codex_rpc.protocol.approvals import PendingApproval
from codex_rpc.protocol.ids import ApprovalId, ThreadId, TurnId
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.protocol.thread import ActiveStatus, IdleStatus, SystemErrorStatus, ThreadStatus
from codex_rpc.protocol.usage import ThreadTokenUsage
from codex_rpc.rollout.envelope import Payload
from codex_rpc.session.background_terminals import BackgroundTerminals
from codex_rpc.session.events import Event, SessionConfigured
from codex_rpc.session.journal import Journal
from codex_rpc.session.op_loop import OpLoop
from codex_rpc.session.ops import Op, Submitted
from codex_rpc.session.recollection import Past, Recollection
from codex_rpc.session.turn_slot import TurnSlot
from codex_rpc.session.usage import token_usage
from codex_rpc.state.live_turn import ReadPoint
from codex_rpc.state.services import SessionServices
from codex_rpc.state.session_state import SessionState
from codex_rpc.state.standing import Standing
from codex_rpc.state.turn_state import ApprovalAnswer, OpenApproval

if TYPE_CHECKING:
    from codex_rpc.managers.mcp.port import McpStatus

_FOR_TURNS = ("codex_rpc.session.turn_runner", "codex_rpc.session.tasks.regular")
"""What the first turn needs, and no thread before it."""


class SessionSnapshot(Struct, frozen=True):
    """What others may know of a session; times are unix seconds."""

    thread_id: ThreadId
    settings: ThreadSettings
    enforcement: Enforcement
    """What can hold commands to a sandbox policy."""
    sandbox_reason: str | None
    """Why that is no better than it is, if there is something to say."""
    status: ThreadStatus
    preview: str
    rollout_path: Path | None
    active_turn_id: TurnId | None
    last_turn_id: TurnId | None
    updated_at: int
    history_items: int
    """How many items the model has said and heard."""


class Session:
    """One loaded thread. `run` must be running for anything to happen."""

    def __init__(
        self,
        thread_id: ThreadId,
        state: SessionState,
        services: SessionServices,
        past: Past | None = None,
    ) -> None:
        self.thread_id = thread_id
        self._recollection = Recollection(state, past)
        self._state = state
        self._services = services
        self._journal = Journal(thread_id, state, services.recorder)
        self.terminals = BackgroundTerminals(thread_id, services.exec.processes, self._journal)
        self._ops = OpLoop(state, self._journal, services.managers.skills)
        self._slot: TurnSlot | None = None

    # --- what a client can do ------------------------------------------------------------------

    async def submit(self, op: Op) -> Submitted:
        """Have `op` carried out after those submitted before it.

        Returns when it is accepted; what comes of it is told by events.

        Raises:
            CodexRpcError: if it is refused; then it has changed nothing.
        """
        return await self._ops.submit(op)

    def interrupt(self, turn_id: TurnId | None = None) -> None:
        """Stop the running turn; `turn_id`, if given, must be its id.

        Raises:
            NoActiveTurnError: if no turn is running.
            TurnMismatchError: if another turn is.
        """
        if self._slot is None:
            raise NoActiveTurnError("interrupt")
        self._slot.stop("interrupted", turn_id)

    def respond_to_approval(self, approval_id: ApprovalId, answer: ApprovalAnswer) -> None:
        """Answer an open question.

        Raises:
            ApprovalResolvedError: if it is no longer open.
        """
        approval = self._approvals().get(approval_id)
        if approval is None or not approval.waiter.resolve(answer):
            raise ApprovalResolvedError(approval_id)

    def cancel_approval(self, approval_id: ApprovalId) -> None:
        """Close a question that nobody can answer any more; what it was about is not done."""
        approval = self._approvals().get(approval_id)
        if approval is not None:
            approval.waiter.cancel()

    def keep(self, items: Sequence[ResponseItem]) -> None:
        """Put on record what the history began with; before `run`."""
        self._journal.start()
        self._journal.keep(items)

    # --- what can be seen of it ----------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Put an event down and pass it on; never waits."""
        self._journal.emit(event)

    async def next_events(self) -> Sequence[Event]:
        """The events since the last call, at least one. There is one reader.

        Raises:
            EventChannelClosedError: when the session has ended.
        """
        return await self._journal.next_events()

    def pending_approvals(self) -> Sequence[PendingApproval]:
        """The questions nobody has answered, oldest first."""
        approvals = self._approvals().values()
        return tuple(approval.question for approval in approvals if approval.waiter.pending)

    def read_point(self) -> ReadPoint:
        """What is on record at this moment, and what is under way; see `flush`."""
        recorder = self._services.recorder
        active = self._slot and self._slot.active
        return ReadPoint(
            end=None if recorder is None else recorder.position,
            live=active.live_turn() if active and active.begun and not active.concluded else None,
            outliving=self.terminals.outliving(),
        )

    async def flush(self) -> None:
        """Have everything that was put down so far written, if it can be."""
        await self._journal.flush()

    async def record_meta(self, payload: Payload) -> None:
        """Put down what is on record about the thread as a whole, in the form of a first line."""
        self._journal.record_meta(payload)
        await self._journal.flush()

    def snapshot(self) -> SessionSnapshot:
        recorder = self._services.recorder
        active = self._slot and self._slot.active
        return SessionSnapshot(
            thread_id=self.thread_id,
            settings=self._state.settings,
            enforcement=self._services.exec.sandbox.enforcement,
            sandbox_reason=self._services.exec.sandbox.reason,
            status=self._status(),
            preview=self._state.preview,
            rollout_path=recorder and recorder.path,
            active_turn_id=active and active.turn_id,
            last_turn_id=self._state.last_turn_id,
            updated_at=self._state.updated_at,
            history_items=len(self._state.history),
        )

    @property
    def standing(self) -> Standing:
        """How the thread gets on, for those who wait for it."""
        return self._state.standing

    def history(self) -> Sequence[ResponseItem]:
        """What the model has said and heard so far."""
        return self._state.history.snapshot()

    def token_usage(self) -> ThreadTokenUsage:
        """What the thread has used of its model so far."""
        model = self._services.managers.models.find(self._state.settings, self._services.provider)
        return token_usage(self._state, model)

    # --- its life ------------------------------------------------------------------------------

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Carry out ops until `shutdown`. The first event is the session's configuration."""
        path = self._services.recorder and self._services.recorder.path
        self.emit(SessionConfigured(self.thread_id, self._state.settings, path))
        mcp = self._services.managers.mcp
        if mcp is not None:
            mcp.watch(self._tell_mcp_status)
        try:
            async with anyio.create_task_group() as writing:
                writing.start_soon(self._journal.run)
                async with self.terminals, anyio.create_task_group() as turns:
                    self._slot = TurnSlot(
                        self.thread_id,
                        self._state,
                        self._services,
                        self._journal,
                        self.terminals,
                        turns,
                    )
                    task_status.started()
                    await self._ops.run(self._slot, self._recollection)
                    await self._slot.vacant()
                    turns.cancel_scope.cancel()
                self._journal.close()
        finally:
            self._ops.close()
            if mcp is not None:
                mcp.close()
            self._state.standing.end()
            await self._journal.end()

    async def prepare(self) -> None:
        """Load what the first turn would otherwise wait for."""
        await self.recall()
        await anyio.to_thread.run_sync(self._load)
        await self._services.model.prepare()

    def _load(self) -> None:
        for module in _FOR_TURNS:
            import_module(module)
        self._services.tools.load()

    async def recall(self) -> None:
        """Have the history read that the session begins with, if it was not yet."""
        await self._recollection.ready()

    def shutdown(self) -> None:
        """Interrupt the running turn, refuse further ops, and let `run` end."""
        self._ops.close()
        if self._slot is not None:
            self._slot.close()

    async def idle(self) -> None:
        """Wait until no turn is running."""
        if self._slot is not None:
            await self._slot.vacant()

    def _tell_mcp_status(self, status: "McpStatus") -> None:
        from codex_rpc.session.mcp_status import mcp_status_updated

        if (notification := mcp_status_updated(self.thread_id, status)) is not None:
            self.emit(notification)

    def _approvals(self) -> dict[ApprovalId, OpenApproval]:
        active = self._slot and self._slot.active
        return active.state.approvals if active else {}

    def _status(self) -> ThreadStatus:
        if self._slot is not None and self._slot.active is not None:
            from codex_rpc.session.questions import waiting_flags

            return ActiveStatus(active_flags=waiting_flags(self.pending_approvals()))
        return SystemErrorStatus() if self._state.last_turn_failed else IdleStatus()
