"""Turns as a client is shown them: what a log has of them, and what is under way.

A turn that the log does not end is running if it is the live one; else its process has died.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from codex_rpc.protocol.ids import TurnId
from codex_rpc.protocol.items import AgentMessageItem, ThreadItem, UserMessageItem
from codex_rpc.protocol.turn import Turn, TurnItemsView
from codex_rpc.rollout.fields import integer, table, text
from codex_rpc.rollout.log_reading import ITEM_EVENTS
from codex_rpc.rollout.reader import RolloutLine
from codex_rpc.rollout.thread_log import ThreadLog
from codex_rpc.rollout.turn_log import RecordedTurn, TurnLog
from codex_rpc.state.live_turn import LiveTurn

NO_TURN_EVENTS = frozenset({"token_count", "thread_settings_applied"})
"""Frequent events that no turn shows."""


class TurnPlace(Struct, frozen=True):
    """Where in a log a turn is; of one that is not in it, `start` and `end` are the log's end."""

    turn_id: TurnId
    start: int
    end: int
    reach: int
    """How far the lines may go that tell what became of it."""
    ended: bool = False
    """Whether the log tells how it ended."""
    late: Sequence[tuple[int, int]] = ()
    """Where items are that were completed after it."""


class ItemTimes(Struct, frozen=True):
    """In unix milliseconds; `None` if nobody has noted it."""

    started_at_ms: int | None = None
    completed_at_ms: int | None = None


class ShownTurn(Struct, frozen=True):
    """A turn with the times of its items, by their ids."""

    turn: Turn
    times: Mapping[str, ItemTimes] = field(default_factory=dict[str, ItemTimes])


def all_turns(log: ThreadLog, live: LiveTurn | None) -> list[Turn]:
    """Every turn with all its items, oldest first. Blocking: for a worker thread.

    Raises:
        OSError: if a file cannot be read.
    """
    lines = TurnLog()
    for line in _events(log, NO_TURN_EVENTS):
        lines.event(line)
    lines.close()
    return turns_of(lines.turns, live)


def turns_of(recorded: Sequence[RecordedTurn], live: LiveTurn | None) -> list[Turn]:
    """The same of turns that were read already."""
    turns = [_shown(turn, live) for turn in recorded]
    if live is not None and all(turn.turn_id != live.turn_id for turn in recorded):
        turns.append(_unwritten(live))
    return turns


def one_turn(
    log: ThreadLog, place: TurnPlace, live: LiveTurn | None, *, items: bool = True
) -> ShownTurn:
    """The turn at `place`, with or without its items. Blocking: for a worker thread.

    Raises:
        OSError: if a file cannot be read.
    """
    skip = NO_TURN_EVENTS if items else NO_TURN_EVENTS | ITEM_EVENTS
    late = place.late if items else ()
    shown = _read(log, [(place.start, place.end), *late], skip)
    if place.ended and (shown.turn is None or shown.turn.status == "inProgress"):
        # A part of it was taken back, and its end is beyond that part.
        shown = _read(log, [(place.start, place.reach), *late], skip)
    if shown.turn is not None:
        turn = _shown(shown.turn, live).model_copy(update={"id": place.turn_id})
        return ShownTurn(turn, shown.times)
    if live is not None and live.turn_id == place.turn_id:
        return ShownTurn(_unwritten(live))
    return ShownTurn(Turn(id=place.turn_id, items=[], status="interrupted"))


def last_item_id(log: ThreadLog, place: TurnPlace, live: LiveTurn | None) -> str | None:
    """The id of the last item of the turn at `place`. Blocking: for a worker thread.

    Raises:
        OSError: if a file cannot be read.
    """
    if live is not None and live.turn_id == place.turn_id and live.open_items:
        return live.open_items[-1].id
    turn = _read(log, [(place.start, place.end), *place.late], NO_TURN_EVENTS).turn
    return turn and turn.last_item_id


class _ReadTurn(Struct, frozen=True):
    turn: RecordedTurn | None
    times: Mapping[str, ItemTimes]


def _read(log: ThreadLog, parts: Iterable[tuple[int, int]], skip: frozenset[str]) -> _ReadTurn:
    """The first turn in these parts of the log."""
    turns, times = TurnLog(), dict[str, ItemTimes]()
    for start, end in parts:
        for line in _events(log.slice(start, end), skip):
            if line.event == "item_completed":
                if _is_stray(line, turns):
                    continue
                _note_times(times, line)
            turns.event(line)
    turns.close()
    return _ReadTurn(turns.turns[0] if turns.turns else None, times)


def with_outliving(
    turns: Iterable[Turn], outliving: Sequence[tuple[TurnId, ThreadItem]]
) -> list[Turn]:
    """The turns with the open items that have outlived them, or the calls that began them."""
    if not outliving:
        return list(turns)
    return [
        turn.model_copy(
            update={"items": [*turn.items, *(item for of, item in outliving if of == turn.id)]}
        )
        for turn in turns
    ]


def viewed(turn: Turn, view: TurnItemsView) -> Turn:
    """The turn with so much of its items."""
    match view:
        case "full":
            return turn
        case "summary":
            return turn.model_copy(update={"items": _summary(turn.items), "items_view": view})
        case "notLoaded":
            return turn.model_copy(update={"items": [], "items_view": view})


def _events(log: ThreadLog, skip: frozenset[str]) -> Iterator[RolloutLine]:
    """The events of a log; what else is in it is not even parsed."""
    for raw in log.reader(skip).raw_lines():
        if raw.kind == "event_msg" and (line := raw.parsed()) is not None:
            yield line


def _is_stray(line: RolloutLine, turns: TurnLog) -> bool:
    """Whether an item is of an earlier turn, which a command in the background has outlived."""
    turn_id = text(line.payload, "turn_id")
    return turn_id is not None and all(turn.turn_id != turn_id for turn in turns.turns)


def _note_times(times: dict[str, ItemTimes], line: RolloutLine) -> None:
    times[text(table(line.payload, "item"), "id") or ""] = ItemTimes(
        started_at_ms=integer(line.payload, "started_at_ms"),
        completed_at_ms=integer(line.payload, "completed_at_ms"),
    )


def _shown(recorded: RecordedTurn, live: LiveTurn | None) -> Turn:
    turn = recorded.turn()
    if turn.status != "inProgress":
        return turn
    if live is None or live.turn_id != turn.id:
        return turn.model_copy(update={"status": "interrupted"})
    return turn.model_copy(update={"items": [*turn.items, *live.open_items]})


def _unwritten(live: LiveTurn) -> Turn:
    """A running turn of which nothing could be written."""
    return Turn(
        id=live.turn_id,
        items=list(live.open_items),
        status="inProgress",
        started_at=live.started_at,
    )


def _summary(items: list[ThreadItem]) -> list[ThreadItem]:
    """What the user said first, and the agent last."""
    asked = next((item for item in items if isinstance(item, UserMessageItem)), None)
    answered = next((item for item in reversed(items) if isinstance(item, AgentMessageItem)), None)
    return [item for item in (asked, answered) if item is not None]
