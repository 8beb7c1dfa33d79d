"""TurnTable: the turns of a thread that nothing has taken back, and where their lines are.

Worked out from marks, by the rules by which whole files are read (`turn_log`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from codex_rpc.protocol.ids import TurnId
from codex_rpc.rollout.index.turn_marks import Mark


class TurnEntry(Struct, frozen=True):
    """A turn, and where in the log its lines are.

    A turn of the oldest files has no id there; `turn_id` is then the one that reading the whole log
    gives it, which reading a slice does not.
    """

    turn_id: TurnId
    start: int
    end: int
    """Where the next turn begins, or what was taken back, or the log ends."""
    user_messages: int
    started_at: int | None
    """Unix seconds, if the log says so."""
    ended: bool
    """Whether the log says how the turn ended, or that another one began."""
    late: tuple[tuple[int, int], ...] = ()
    """Lines beyond `end` with items that were completed after the turn."""


class TurnTable(Struct, frozen=True):
    """Oldest first; offsets are those of the log that it was made from."""

    entries: Sequence[TurnEntry]
    end: int
    """How far the log was taken into account."""


def turn_table(marks: Iterable[Mark], end: int) -> TurnTable:
    """What marks with offsets of a log add up to; `end` is where the log ends."""
    tabulation = _Tabulation()
    for mark in marks:
        tabulation.take(mark)
    return TurnTable([turn.entry(end) for turn in tabulation.turns], end)


@dataclass(slots=True, eq=False)
class _Turn:
    turn_id: TurnId
    start: int
    explicit: bool
    started_at: int | None = None
    ended: bool = False
    end: int | None = None
    users: list[int] = field(default_factory=list[int])
    late: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def entry(self, log_end: int) -> TurnEntry:
        return TurnEntry(
            self.turn_id,
            self.start,
            log_end if self.end is None else self.end,
            len(self.users),
            self.started_at,
            self.ended or not self.explicit,
            tuple(self.late),
        )

    def stop(self, end: int) -> None:
        if self.end is None:
            self.end = end


class _Tabulation:
    """Fed with marks in order."""

    def __init__(self) -> None:
        self.turns: list[_Turn] = []
        self._open: _Turn | None = None
        self._newest: _Turn | None = None
        """The last that began, whose lines go on until the next one begins."""
        self._count = 0
        self._said_at = -1
        """Where the line after an older event begins, which may tell of the same message."""

    def take(self, mark: Mark) -> None:
        match mark.kind:
            case "start":
                self._begin(mark, explicit=True)
            case "end":
                self._finish(mark)
            case "user" | "userItem":
                self._user(mark)
            case "late":
                self._late(mark)
            case "rollback":
                self._roll_back(mark)

    def _begin(self, mark: Mark, *, explicit: bool) -> _Turn:
        if self._open is not None:
            self._open.ended = True
        if self._newest is not None:
            self._newest.stop(mark.start)
        self._count += 1
        turn_id = TurnId((mark.turn if explicit else None) or f"turn-{self._count}")
        turn = _Turn(turn_id, mark.start, explicit, mark.number if explicit else None)
        self._open = self._newest = turn
        self.turns.append(turn)
        return turn

    def _finish(self, mark: Mark) -> None:
        turn = self._open
        if turn is not None and not (turn.explicit and mark.turn not in (None, turn.turn_id)):
            turn.ended = True
            self._open = None

    def _user(self, mark: Mark) -> None:
        if mark.kind == "userItem" and mark.start == self._said_at:
            return
        self._said_at = mark.stop if mark.kind == "user" else -1
        turn = self._open
        if turn is None or not turn.explicit:
            turn = self._begin(mark, explicit=False)
        turn.users.append(mark.start)

    def _late(self, mark: Mark) -> None:
        turn = next((turn for turn in reversed(self.turns) if turn.turn_id == mark.turn), None)
        if turn is not None and turn is not self._newest:
            turn.late.append((mark.start, mark.stop))

    def _roll_back(self, mark: Mark) -> None:
        places = [at for at, turn in enumerate(self.turns) if turn.turn_id == mark.turn]
        if self._newest is not None and (places or (mark.number or 0) > 0):
            self._newest.stop(mark.start)
        if places:
            del self.turns[places[-1] :]
        else:
            self._take_back(mark.number or 0)
        if self._open is not None and self._open not in self.turns:
            self._open = None

    def _take_back(self, left: int) -> None:
        while left > 0 and any(turn.users for turn in self.turns):
            last = self.turns[-1]
            if len(last.users) > left:
                last.end = last.users[-left]
                del last.users[-left:]
                last.ended = True
                break
            left -= len(last.users)
            self.turns.pop()


def shifted(marks: Iterable[Mark], start: int, end: int, by: int) -> Iterator[Mark]:
    """The marks of a part of a file, with the offsets that its lines have in a log."""
    for mark in marks:
        if start <= mark.start and mark.stop <= end:
            yield Mark(mark.start + by, mark.stop + by, mark.kind, mark.turn, mark.number)
