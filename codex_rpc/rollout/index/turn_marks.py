"""Turn marks: where in a file turns begin and end, told by the beginnings of its lines.

A mark is what one line means for the turns. What marks add up to is worked out in `turn_table`.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from msgspec import Struct

from codex_rpc.rollout.fields import integer, table, text
from codex_rpc.rollout.index.database import IndexConnection, IndexDatabase, Writing
from codex_rpc.rollout.index.line_heads import LineHead, line_head, parsed_line, whole_lines
from codex_rpc.rollout.index.readings import (
    Reading,
    forget_content,
    store_reading,
    stored_reading,
)

MarkKind = Literal["start", "end", "user", "userItem", "late", "rollback"]

_STARTS = frozenset({"task_started", "turn_started"})
_ENDS = frozenset({"task_complete", "turn_complete", "turn_aborted"})
_USER_ITEMS = frozenset({"UserMessage", "userMessage"})


class Mark(Struct, frozen=True):
    """What the line from byte `start` to `stop` of a file means.

    `user` is an older event and `userItem` a whole item, which may be the same one; `late` is an
    item of a turn that is over. `number` is when a turn started, or how many are taken back;
    `turn` may then be the first of them.
    """

    start: int
    stop: int
    kind: MarkKind
    turn: str | None = None
    number: int | None = None


class Marks(Struct, frozen=True):
    """The marks of a file, as far as it was read."""

    reading: Reading
    marks: tuple[Mark, ...]


_NONE = Marks(Reading(0, 0, 0, 0), ())


def read_marks(path: Path, earlier: Marks | None) -> Marks:
    """Read what was added to a file, or all of it if it is not as it was.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        known = earlier if earlier and earlier.reading.goes_on_in(file) else _NONE
        size = path.stat().st_size
        if known.reading.done >= size:
            return known
        started = next((mark.turn for mark in reversed(known.marks) if mark.kind == "start"), None)
        marks = list(known.marks)
        scanner = _Scanner(started)
        done = known.reading.done
        for start, raw in whole_lines(file, done, size):
            done = start + len(raw)
            marks += scanner.marks(start, raw)
        return Marks(Reading.up_to(file, done, size), tuple(marks))


@dataclass(slots=True)
class _Scanner:
    """Tells what lines mean, one after the other; `turn` is the last that began."""

    turn: str | None

    def marks(self, start: int, raw: bytes) -> Iterator[Mark]:
        head = line_head(raw)
        if head is None or head.kind != "event_msg":
            return
        stop = start + len(raw)
        if head.event in _STARTS:
            self.turn = head.turn_id
            payload = table(parsed_line(raw) or {}, "payload")
            yield Mark(start, stop, "start", head.turn_id, integer(payload, "started_at"))
        elif head.event in _ENDS:
            payload = table(parsed_line(raw) or {}, "payload")
            yield Mark(start, stop, "end", head.turn_id or payload.get("turn_id"))
        elif head.event == "user_message":
            yield Mark(start, stop, "user")
        elif head.event == "thread_rolled_back":
            payload = table(parsed_line(raw) or {}, "payload")
            named, number = text(payload, "before_turn_id"), integer(payload, "num_turns") or 0
            yield Mark(start, stop, "rollback", named, number)
        elif head.event == "item_completed":
            yield from self._item(head, start, stop)

    def _item(self, head: LineHead, start: int, stop: int) -> Iterator[Mark]:
        if self.turn is not None and head.turn_id not in (None, self.turn):
            yield Mark(start, stop, "late", head.turn_id)
        elif head.item in _USER_ITEMS:
            yield Mark(start, stop, "userItem", head.turn_id)


# --- keeping them ------------------------------------------------------------------------------


def stored_marks(connection: IndexConnection, path: str) -> Marks | None:
    stored = stored_reading(connection, path, "turns")
    if stored is None:
        return None
    row, reading = stored
    rows = connection.sql.execute(
        "SELECT start, stop, kind, turn, number FROM turn_marks WHERE reading = ? ORDER BY start",
        (row,),
    )
    return Marks(reading, tuple(Mark(*columns) for columns in rows))


def store_marks(connection: IndexConnection, path: str, marks: Marks) -> None:
    """Remember the marks of a file. Those that are remembered already are not written again."""
    with Writing(connection):
        stored = stored_reading(connection, path, "turns")
        kept = 0
        if stored is not None:
            row, earlier = stored
            same = earlier.inode == marks.reading.inode and earlier.done <= marks.reading.done
            kept = earlier.done if same else 0
            forget_content(connection, row, kept)
        reading = store_reading(connection, path, "turns", marks.reading)
        connection.sql.executemany(
            "INSERT OR REPLACE INTO turn_marks (reading, start, stop, kind, turn, number)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (reading, mark.start, mark.stop, mark.kind, mark.turn, mark.number)
                for mark in marks.marks
                if mark.start >= kept
            ],
        )


_KEPT = 8


class MarkCache:
    """The marks of files, kept in the index, and those of the last few files in memory too.

    Blocking; for any thread.
    """

    def __init__(self, database: IndexDatabase) -> None:
        self._database = database
        self._kept: dict[Path, Marks] = {}
        self._lock = threading.Lock()

    def of(self, path: Path) -> Marks:
        """The marks of a file as it is now.

        Raises:
            OSError: if it cannot be read.
        """
        known = self._kept.get(path)
        if known is None:
            known = self._database.run(lambda connection: stored_marks(connection, str(path)))
        now = read_marks(path, known)
        if known is None or now.reading != known.reading:
            self._database.run(lambda connection: store_marks(connection, str(path), now))
        with self._lock:
            self._kept.pop(path, None)
            self._kept[path] = now
            while len(self._kept) > _KEPT:
                self._kept.pop(next(iter(self._kept)))
        return now
