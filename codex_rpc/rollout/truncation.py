"""Where a thread can be cut: what comes before something the user said, before or after a turn.

Cuts in a log are logical offsets at which a line begins. What was taken back does not count.
"""

from collections.abc import Sequence

from codex_rpc.history.fragments import is_user_message
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.rollout.fields import integer
from codex_rpc.rollout.log_reading import ITEM_EVENTS
from codex_rpc.rollout.older_items import OLDER_ITEM_EVENTS
from codex_rpc.rollout.reader import RolloutLine
from codex_rpc.rollout.reconstruct import lean_lines
from codex_rpc.rollout.recorded_history import is_spoken
from codex_rpc.rollout.thread_log import ThreadLog
from codex_rpc.rollout.turn_log import RecordedTurn, TurnLog

KEEP_ALL = 2**63 - 1
"""As the number of a user message: nothing is cut off."""


def truncate_before_user_message(
    items: Sequence[ResponseItem], number: int
) -> Sequence[ResponseItem]:
    """The items before the user's message of that number, counted from 0; none if there is none."""
    if number >= KEEP_ALL:
        return items
    places = [at for at, item in enumerate(items) if is_user_message(item)]
    return items[: places[number]] if number < len(places) else ()


def before_user_message(log: ThreadLog, number: int) -> int | None:
    """The cut before the user's message of that number, counted from 0; `None` if there is none.

    What was put down for the message alone, since its turn began, goes with it.
    """
    if number >= KEEP_ALL:
        return log.end
    places = user_messages(log)
    return places[number] if number < len(places) else None


def user_messages(log: ThreadLog) -> Sequence[int]:
    """The cuts before each thing the user said."""
    places = _UserMessages()
    for line in log.reader(ITEM_EVENTS | OLDER_ITEM_EVENTS):
        places.take(line)
    return places.found


def before_turn(log: ThreadLog, turn_id: str) -> int | None:
    """The cut before a turn; `None` if there is no such turn."""
    turn = _turn(log, turn_id)
    return turn and turn.start


def after_turn(log: ThreadLog, turn_id: str) -> int | None:
    """The cut after a turn, which may be the log's end; `None` if there is no such turn."""
    turn = _turn(log, turn_id)
    return turn and (log.end if turn.end is None else turn.end)


def _turn(log: ThreadLog, turn_id: str) -> RecordedTurn | None:
    turns = TurnLog()
    for raw in lean_lines(log.reader()):
        line = raw.parsed() if raw.kind == "event_msg" else None
        if line is not None:
            turns.event(line)
    turns.close()
    return next((turn for turn in reversed(turns.turns) if turn.turn_id == turn_id), None)


class _UserMessages:
    """Where what the user said can be cut off, as far as it was not taken back."""

    def __init__(self) -> None:
        self.found: list[int] = []
        self._turn_start: int | None = None
        """Of a turn in which the user has said nothing yet."""

    def take(self, line: RolloutLine) -> None:
        if line.kind == "response_item":
            if is_spoken(line.payload):
                self.found.append(line.start if self._turn_start is None else self._turn_start)
                self._turn_start = None
            return
        match line.event:
            case "task_started" | "turn_started":
                self._turn_start = line.start
            case "task_complete" | "turn_complete" | "turn_aborted":
                self._turn_start = None
            case "thread_rolled_back":
                taken = max(integer(line.payload, "num_turns") or 0, 0)
                del self.found[max(len(self.found) - taken, 0) :]
            case _:
                pass
