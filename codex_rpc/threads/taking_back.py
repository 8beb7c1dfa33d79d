"""Taking back a loaded thread's last turns.

The record tells what is left, since a turn that was summed up can not be found in the history.
"""

from functools import partial

import anyio.to_thread
from msgspec import Struct

from codex_rpc.errors import (
    InvalidRequestError,
    NoActiveTurnError,
    ThreadNotSavedError,
    TurnNotFoundError,
)
from codex_rpc.protocol.ids import TurnId
from codex_rpc.rollout.reconstruct import Reconstructed, load_log
from codex_rpc.rollout.thread_log import ThreadLog
from codex_rpc.rollout.truncation import before_turn, user_messages
from codex_rpc.session.ops import RollBack
from codex_rpc.threads.codex_thread import CodexThread
from codex_rpc.threads.loading import ThreadLoader


class From(Struct, frozen=True):
    """This turn, and what comes after it."""

    turn_id: TurnId


class Last(Struct, frozen=True):
    """The last things the user said, so many, and what comes after the first of them."""

    count: int


async def plan_rollback(loader: ThreadLoader, thread: CodexThread, what: From | Last) -> RollBack:
    """Interrupt a running turn, and work out what takes back `what`.

    Raises:
        InvalidRequestError: if the thread is ephemeral.
        TurnNotFoundError: if there is no such turn.
        ThreadNotSavedError: if there may be, but not in a file that cannot be written.
    """
    path = thread.rollout_path
    if path is None:
        raise InvalidRequestError("ephemeral threads do not support thread/revert")
    await _stop(thread)
    await thread.recall()
    point, items = await thread.read_point(), thread.snapshot().history_items
    if not path.exists():
        raise _not_found(what)
    log = await loader.open(path, point.end)
    try:
        kept, taken = await anyio.to_thread.run_sync(partial(_without, log, what))
    except TurnNotFoundError:
        if point.end is not None and path.stat().st_size < point.end:
            raise ThreadNotSavedError("what was said last is not in it yet") from None
        raise
    settings = thread.snapshot().settings
    return RollBack(
        num_turns=taken,
        before_turn=what.turn_id if isinstance(what, From) else None,
        expected_items=items,
        history=kept.history.snapshot(),
        told=kept.baseline and kept.baseline.applied_to(settings),
        last_turn_id=kept.turns[-1].turn_id if kept.turns else None,
    )


async def _stop(thread: CodexThread) -> None:
    try:
        thread.interrupt()
    except NoActiveTurnError:
        return
    await thread.idle()


def _without(log: ThreadLog, what: From | Last) -> tuple[Reconstructed, int]:
    """What is left, and how many things the user said that are not."""
    places = user_messages(log)
    match what:
        case From(turn_id=turn_id):
            end = before_turn(log, turn_id)
        case Last(count=count):
            end = places[max(0, len(places) - count)] if places else None
    if end is None:
        raise _not_found(what)
    kept = load_log(log.slice(0, end), items=False)
    return kept, sum(place >= end for place in places)


def _not_found(what: From | Last) -> TurnNotFoundError:
    if isinstance(what, From):
        return TurnNotFoundError(f"turn not found: {what.turn_id}", path=("beforeTurnId",))
    return TurnNotFoundError("the thread has no turn to take back", path=("numTurns",))
