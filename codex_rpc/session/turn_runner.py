"""Running a turn from its first event to its last.

Whatever happens in between (success, a failing model, a bug, an interrupt, the end of the server),
`conclude` runs exactly once, without waiting for anything, and the terminal event is the last thing
it emits.
"""

import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal

import anyio
from anyio.abc import TaskGroup

from codex_rpc.errors import ModelError
from codex_rpc.history.fragments import turn_aborted
from codex_rpc.history.pairing import output_for
from codex_rpc.protocol.items import (
    CollabAgentState,
    CollabAgentToolCallItem,
    CommandExecutionItem,
    DynamicToolCallItem,
    FileChangeItem,
    McpToolCallItem,
    ThreadItem,
)
from codex_rpc.protocol.notifications import (
    ErrorNotification,
    ThreadStatusChangedNotification,
    TurnCompletedNotification,
    TurnStartedNotification,
)
from codex_rpc.protocol.thread import ActiveStatus, IdleStatus, SystemErrorStatus
from codex_rpc.protocol.turn import Turn, TurnError
from codex_rpc.session.events import ApprovalResolved
from codex_rpc.session.tasks.task import TurnTask
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.session.turn_errors import internal_turn_error, turn_error
from codex_rpc.session.user_input import record_input
from codex_rpc.state.turn_state import OutstandingCall, TurnInput

logger = logging.getLogger(__name__)


GRACE_SECONDS = 0.1
"""How long stopped work gets to end by itself before the turn ends without it."""

Outcome = Literal["completed", "interrupted"] | TurnError
"""How a turn ended; an error stands for "failed"."""


class TurnRunner:
    """Runs one turn. The work is a task of its own, so that the turn can end without it.

    Work that does not stop when it is told to is left to `tasks`: what it still says and records is
    dropped, and it is cancelled again when the session ends.
    """

    def __init__(self, turn: TurnContext, task: TurnTask, tasks: TaskGroup) -> None:
        self._turn = turn
        self._task = task
        self._tasks = tasks
        self._aside: TaskGroup | None = None
        self._outcome: Outcome = "interrupted"
        self._worked = anyio.Event()

    async def run(self) -> Sequence[TurnInput]:
        """Run the turn to its terminal event, and return what the user said that it leaves open.

        Never raises but for cancellation.
        """
        active = self._turn.turn
        unanswered: Sequence[TurnInput] = ()
        try:
            _begin(self._turn)
            self._tasks.start_soon(self._work)
            await active.settled.wait()
            if active.stopping:
                with anyio.move_on_after(GRACE_SECONDS):
                    await self._worked.wait()
        finally:
            unanswered = conclude(self._turn, self._task, self._outcome)
        return unanswered

    def start_aside(self, work: Callable[[TurnContext], Coroutine[Any, Any, None]]) -> bool:
        """Let `work` run beside the turn's own, which then waits for it; `False` if it is over."""
        if self._aside is None or self._turn.turn.settled.is_set():
            return False
        self._aside.start_soon(self._beside, work)
        return True

    async def _beside(self, work: Callable[[TurnContext], Coroutine[Any, Any, None]]) -> None:
        try:
            await work(self._turn)
        except Exception:
            logger.exception("work beside turn %s failed", self._turn.turn_id)

    async def _work(self) -> None:
        try:
            with self._turn.turn.cancel_scope:
                async with anyio.create_task_group() as self._aside:
                    self._outcome = await self._main()
        finally:
            self._aside = None
            self._worked.set()
            self._turn.turn.settled.set()

    async def _main(self) -> Outcome:
        try:
            await self._task.run(self._turn)
        except ModelError as error:
            return turn_error(error)
        except Exception:
            logger.exception("turn %s failed", self._turn.turn_id)
            return internal_turn_error()
        return "completed"


def _begin(turn: TurnContext) -> None:
    turn.emit(
        ThreadStatusChangedNotification(
            thread_id=turn.thread_id, status=ActiveStatus(active_flags=[])
        )
    )
    turn.emit(TurnStartedNotification(thread_id=turn.thread_id, turn=_started_turn(turn)))
    turn.journal.record_settings(turn.turn_id, turn.settings)
    turn.turn.begun = True


def _started_turn(turn: TurnContext) -> Turn:
    return Turn(
        id=turn.turn_id,
        items=[],
        items_view="notLoaded",
        status="inProgress",
        started_at=int(turn.turn.started_at),
    )


def conclude(turn: TurnContext, task: TurnTask, outcome: Outcome) -> Sequence[TurnInput]:
    """Close what the turn left open, then say how it ended.

    Input that came too late for the turn is returned, for the next one to answer; after an
    interrupt it is put on record instead, since the user wants quiet. Synchronous, so that nothing
    can come between the last look at pending input and the end.
    """
    leftovers = turn.state.clear()
    for approval_id in leftovers.questions:
        turn.emit(ApprovalResolved(turn.thread_id, approval_id))
    for call in leftovers.calls:
        turn.record([call.output or output_for(call.item, _aborted_text(call))])
    for item in leftovers.items:
        turn.item_completed(_closed(item))
    task.close(turn)
    turn.record(leftovers.reports)
    unanswered = leftovers.input
    if outcome == "interrupted":
        for turn_input in unanswered:
            record_input(turn, turn_input)
        unanswered = ()
        if turn.turn.stop_reason != "replaced":
            turn.record([turn_aborted()])
    _announce_end(turn, outcome)
    turn.turn.concluded = True
    return unanswered


def _aborted_text(call: OutstandingCall) -> str:
    return f"aborted by user after {time.monotonic() - call.started_at:.1f}s"


def _closed(item: ThreadItem) -> ThreadItem:
    match item:
        case (
            CommandExecutionItem() | FileChangeItem() | McpToolCallItem() | DynamicToolCallItem()
        ) if item.status == "inProgress":
            return item.model_copy(update={"status": "failed"})
        case CollabAgentToolCallItem():
            return item.model_copy(update={"status": "interrupted"})
        case _:
            return item


def _announce_end(turn: TurnContext, outcome: Outcome) -> None:
    failure = outcome if isinstance(outcome, TurnError) else None
    turn.session_state.last_turn_failed = failure is not None
    status = IdleStatus() if failure is None else SystemErrorStatus()
    turn.emit(ThreadStatusChangedNotification(thread_id=turn.thread_id, status=status))
    if failure is not None:
        turn.emit(
            ErrorNotification(
                thread_id=turn.thread_id, turn_id=turn.turn_id, error=failure, will_retry=False
            )
        )
    turn.emit(TurnCompletedNotification(thread_id=turn.thread_id, turn=_ended_turn(turn, outcome)))
    turn.session_state.standing.turn_ended(_agent_state(turn, outcome))


def _agent_state(turn: TurnContext, outcome: Outcome) -> CollabAgentState:
    """The end of the turn as another agent is told of it that waits for this one."""
    if isinstance(outcome, TurnError):
        return CollabAgentState(status="errored", message=outcome.message)
    if outcome == "interrupted":
        return CollabAgentState(status="interrupted")
    last = turn.state.last_agent_message
    return CollabAgentState(status="completed", message=last and last.text)


def _ended_turn(turn: TurnContext, outcome: Outcome) -> Turn:
    last_message = turn.state.last_agent_message
    return Turn(
        id=turn.turn_id,
        items=[] if last_message is None else [last_message],
        items_view="notLoaded" if last_message is None else "summary",
        status="failed" if isinstance(outcome, TurnError) else outcome,
        error=outcome if isinstance(outcome, TurnError) else None,
        started_at=int(turn.turn.started_at),
        completed_at=int(time.time()),
        duration_ms=round((time.monotonic() - turn.turn.began) * 1000),
    )
