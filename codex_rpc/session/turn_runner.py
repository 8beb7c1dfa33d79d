"""Running a turn from its first event to its last.

Whatever happens in between (success, a failing model, a bug, an interrupt, the end of the server),
`conclude` runs exactly once, without waiting for anything, and the terminal event is the last thing
it emits.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from codex_rpc.errors import ModelError
from codex_rpc.history.fragments import turn_aborted
from codex_rpc.history.pairing import output_for
from codex_rpc.protocol.items import (
    CommandExecutionItem,
    FileChangeItem,
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
from codex_rpc.session.tasks.regular import record_input
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.session.turn_errors import internal_turn_error, turn_error
from codex_rpc.state.turn_state import OutstandingCall

logger = logging.getLogger(__name__)


Outcome = Literal["completed", "interrupted"] | TurnError
"""How a turn ended; an error stands for "failed"."""


async def run_turn(turn: TurnContext, task: Callable[[], Awaitable[None]]) -> None:
    """Run `task` as this turn and report how it ended. Never raises but for cancellation."""
    outcome: Outcome = "interrupted"
    _begin(turn)
    try:
        with turn.turn.cancel_scope:
            await task()
            outcome = "completed"
    except ModelError as error:
        outcome = turn_error(error)
    except Exception:
        logger.exception("turn %s failed", turn.turn_id)
        outcome = internal_turn_error()
    finally:
        conclude(turn, outcome)


def _begin(turn: TurnContext) -> None:
    recorder = turn.services.recorder
    if recorder is not None:
        recorder.start()
    turn.emit(
        ThreadStatusChangedNotification(
            thread_id=turn.thread_id, status=ActiveStatus(active_flags=[])
        )
    )
    turn.emit(TurnStartedNotification(thread_id=turn.thread_id, turn=_started_turn(turn)))
    if recorder is not None:
        recorder.record_turn_context(turn.turn_id, turn.settings)


def _started_turn(turn: TurnContext) -> Turn:
    return Turn(
        id=turn.turn_id,
        items=[],
        items_view="notLoaded",
        status="inProgress",
        started_at=int(turn.turn.started_at),
    )


def conclude(turn: TurnContext, outcome: Outcome) -> None:
    """Close what the turn left open, then say how it ended.

    Synchronous, so that nothing can come between the last look at pending input and the end.
    """
    interrupted = outcome == "interrupted"
    leftovers = turn.state.clear()
    for call in leftovers.calls:
        turn.record([output_for(call.item, _aborted_text(call))])
    for item in leftovers.items:
        turn.item_completed(_closed(item))
    for turn_input in leftovers.input:
        record_input(turn, turn_input)
    if interrupted:
        turn.record([turn_aborted()])
    _announce_end(turn, outcome)


def _aborted_text(call: OutstandingCall) -> str:
    return f"aborted by user after {time.monotonic() - call.started_at:.1f}s"


def _closed(item: ThreadItem) -> ThreadItem:
    match item:
        case CommandExecutionItem() | FileChangeItem() if item.status == "inProgress":
            return item.model_copy(update={"status": "failed"})
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


def _ended_turn(turn: TurnContext, outcome: Outcome) -> Turn:
    ended_at = time.time()
    last_message = turn.state.last_agent_message
    return Turn(
        id=turn.turn_id,
        items=[] if last_message is None else [last_message],
        items_view="notLoaded" if last_message is None else "summary",
        status="failed" if isinstance(outcome, TurnError) else outcome,
        error=outcome if isinstance(outcome, TurnError) else None,
        started_at=int(turn.turn.started_at),
        completed_at=int(ended_at),
        duration_ms=round((ended_at - turn.turn.started_at) * 1000),
    )
