"""Session: the façade of one loaded thread.

It takes ops and answers, runs at most one turn at a time, and emits events. What it knows is in
`SessionState` and the running turn's `TurnState`; what it works with is in `SessionServices`.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, assert_never

import anyio
from anyio.abc import TaskGroup, TaskStatus

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.errors import (
    ApprovalResolvedError,
    CodexRpcError,
    CwdNotFoundError,
    NoActiveTurnError,
    SessionClosedError,
    TurnMismatchError,
)
from codex_rpc.protocol.approvals import PendingApproval
from codex_rpc.protocol.ids import ApprovalId, ThreadId, TurnId, new_turn_id
from codex_rpc.protocol.notifications import WarningNotification
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.protocol.thread import ActiveStatus, IdleStatus, SystemErrorStatus, ThreadStatus
from codex_rpc.session.event_channel import EventChannel
from codex_rpc.session.events import Event, SessionConfigured
from codex_rpc.session.ops import Op, Submission, SubmitInput, Submitted
from codex_rpc.session.tasks.regular import run_regular
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.session.turn_runner import run_turn
from codex_rpc.session.user_input import prepare_input
from codex_rpc.state.active_turn import ActiveTurn
from codex_rpc.state.services import SessionServices
from codex_rpc.state.session_state import SessionState
from codex_rpc.state.turn_state import ApprovalAnswer, TurnInput, TurnState

logger = logging.getLogger(__name__)

INBOX_SIZE = 64
"""Ops that may wait before `submit` waits."""


@dataclass(frozen=True, slots=True)
class SessionSnapshot:
    """What others may know of a session; times are unix seconds."""

    thread_id: ThreadId
    settings: ThreadSettings
    status: ThreadStatus
    preview: str
    rollout_path: Path | None
    active_turn_id: TurnId | None
    updated_at: int


class Session:
    """One loaded thread. `run` must be running for anything to happen."""

    def __init__(self, thread_id: ThreadId, state: SessionState, services: SessionServices) -> None:
        self.thread_id = thread_id
        self._state = state
        self._services = services
        self._active: ActiveTurn | None = None
        self._events = EventChannel(self._persist)
        self._send_op, self._ops = anyio.create_memory_object_stream[Submission](INBOX_SIZE)
        self._turns: TaskGroup | None = None
        self._updated_at = int(time.time())
        self._save_failed = False
        self._closing = False

    # --- what a client can do ------------------------------------------------------------------

    async def submit(self, op: Op) -> Submitted:
        """Have `op` carried out after those submitted before it.

        Returns when it is accepted; what comes of it is told by events.

        Raises:
            CodexRpcError: if it is refused; then it has changed nothing.
        """
        submission = Submission(op)
        try:
            await self._send_op.send(submission)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise SessionClosedError(f"thread {self.thread_id} is closed") from None
        outcome = await submission.outcome.wait()
        if isinstance(outcome, CodexRpcError):
            raise outcome
        return outcome

    def interrupt(self, turn_id: TurnId | None = None) -> None:
        """Stop the running turn; `turn_id`, if given, must be its id.

        Raises:
            NoActiveTurnError: if no turn is running.
            TurnMismatchError: if another turn is.
        """
        turn = self._active
        if turn is None:
            raise NoActiveTurnError("interrupt")
        if turn_id and turn_id != turn.turn_id:
            raise TurnMismatchError(
                f"expected active turn id {turn_id} but found {turn.turn_id}", path=("turnId",)
            )
        turn.interrupt()

    def respond_to_approval(self, approval_id: ApprovalId, answer: ApprovalAnswer) -> None:
        """Answer an open question.

        Raises:
            ApprovalResolvedError: if it is no longer open.
        """
        approval = self._active and self._active.state.approvals.get(approval_id)
        if not approval or not approval.waiter.resolve(answer):
            raise ApprovalResolvedError(approval_id)

    def cancel_approval(self, approval_id: ApprovalId) -> None:
        """Close a question that nobody can answer any more; what it was about is not done."""
        approval = self._active and self._active.state.approvals.get(approval_id)
        if approval:
            approval.waiter.cancel()

    def pending_approvals(self) -> Sequence[PendingApproval]:
        """The questions nobody has answered, oldest first."""
        if self._active is None:
            return ()
        open_approvals = self._active.state.approvals.values()
        return tuple(approval.question for approval in open_approvals if approval.waiter.pending)

    def snapshot(self) -> SessionSnapshot:
        return SessionSnapshot(
            thread_id=self.thread_id,
            settings=self._state.settings,
            status=self._status(),
            preview=self._state.preview,
            rollout_path=self._services.recorder and self._services.recorder.path,
            active_turn_id=self._active and self._active.turn_id,
            updated_at=self._updated_at,
        )

    async def next_events(self) -> Sequence[Event]:
        """The events since the last call, at least one. There is one reader.

        Raises:
            EventChannelClosedError: when the session has ended.
        """
        return await self._events.next_batch()

    async def idle(self) -> None:
        """Wait until no turn is running."""
        while self._active is not None:
            await self._active.done.wait()

    # --- its life ------------------------------------------------------------------------------

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Carry out ops until `shutdown`. The first event is the session's configuration."""
        recorder = self._services.recorder
        self.emit(
            SessionConfigured(self.thread_id, self._state.settings, recorder and recorder.path)
        )
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._events.run)
                async with anyio.create_task_group() as self._turns:
                    task_status.started()
                    await self._run_ops()
                self._events.close()
        finally:
            await self._release()

    def shutdown(self) -> None:
        """Interrupt the running turn, refuse further ops, and let `run` end."""
        self._closing = True
        self._send_op.close()
        if self._active is not None:
            self._active.interrupt()

    async def _release(self) -> None:
        with anyio.CancelScope(shield=True):
            if self._services.recorder is not None:
                try:
                    await self._services.recorder.write_pending()
                except OSError:
                    logger.exception("the rollout of thread %s is incomplete", self.thread_id)

    async def _run_ops(self) -> None:
        async with self._ops:
            async for submission in self._ops:
                try:
                    outcome = await self._carry_out(submission.op)
                except CodexRpcError as error:
                    outcome = error
                except Exception:
                    logger.exception("op failed on thread %s", self.thread_id)
                    outcome = CodexRpcError("Internal error")
                submission.outcome.resolve(outcome)

    async def _carry_out(self, op: Op) -> Submitted:
        match op:
            case SubmitInput():
                return await self._accept_input(op)
            case _:
                assert_never(op)

    async def _accept_input(self, op: SubmitInput) -> Submitted:
        settings = self._state.settings.with_overrides(op.overrides)
        if op.overrides.cwd is not None and not await anyio.Path(settings.cwd).is_dir():
            raise CwdNotFoundError(str(settings.cwd))
        turn_input = await prepare_input(op.parts, cwd=settings.cwd, client_id=op.client_id)
        if self._active is not None and self._active.interrupted:
            await self._active.done.wait()
        if self._closing:
            raise SessionClosedError(f"thread {self.thread_id} is closed")
        self._state.settings = settings
        self._updated_at = int(time.time())
        if self._active is not None:
            self._active.state.pending_input.append(turn_input)
            return Submitted(self._active.turn_id, "steered")
        return Submitted(self._start_turn(turn_input, op.output_schema), "started")

    def _start_turn(self, turn_input: TurnInput, output_schema: dict[str, Any] | None) -> TurnId:
        assert self._turns is not None, "run() is running whenever ops are carried out"
        turn = TurnContext(
            thread_id=self.thread_id,
            turn=ActiveTurn(new_turn_id(), "regular", TurnState(self._state.total_usage)),
            settings=self._state.settings,
            model=self._services.managers.models.find(self._state.settings.model),
            session_state=self._state,
            services=self._services,
            emit=self.emit,
            record=self._record,
            room=self._events.room,
            output_schema=output_schema,
        )
        self._active = turn.turn
        self._turns.start_soon(self._run_turn, turn, turn_input)
        return turn.turn_id

    async def _run_turn(self, turn: TurnContext, turn_input: TurnInput) -> None:
        try:
            await run_turn(turn, partial(run_regular, turn, turn_input))
        finally:
            self._active = None
            self._updated_at = int(time.time())
            turn.turn.done.set()

    # --- events and records --------------------------------------------------------------------

    def emit(self, event: Event) -> None:
        """Record `event` if it is of a kind that is stored, and pass it on; never waits."""
        if self._services.recorder is not None:
            self._services.recorder.record_event(event)
        self._events.put(event)

    def _record(self, items: Sequence[ResponseItem]) -> None:
        kept = self._state.history.record(items)
        if self._services.recorder is not None:
            self._services.recorder.record_items(kept)

    async def _persist(self) -> None:
        recorder = self._services.recorder
        if recorder is None:
            return
        try:
            await recorder.write_pending()
        except OSError as error:
            self._warn_unsaved(error)
        else:
            self._save_failed = False

    def _warn_unsaved(self, error: OSError) -> None:
        if self._save_failed:
            return
        self._save_failed = True
        logger.error("cannot save thread %s: %s", self.thread_id, error)
        self._events.put(
            WarningNotification(
                thread_id=self.thread_id,
                message=f"The conversation cannot be saved ({error.strerror}). "
                "Work goes on, and saving is tried again with each step.",
            )
        )

    def _status(self) -> ThreadStatus:
        if self._active is not None:
            waiting = bool(self.pending_approvals())
            return ActiveStatus(active_flags=["waitingOnApproval"] if waiting else [])
        return SystemErrorStatus() if self._state.last_turn_failed else IdleStatus()
