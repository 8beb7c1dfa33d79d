"""TurnLines: what a log says of turns, put off until it is known how many of them matter.

Whoever loads a thread to go on with it wants its last turn and no other. As long as no turn was
taken back, that can be told from the last lines.
"""

from collections.abc import Sequence

from codex_rpc.rollout.fields import text
from codex_rpc.rollout.reader import RawLine
from codex_rpc.rollout.turn_log import TurnLog

_STARTS = frozenset({"task_started", "turn_started"})


class TurnLines:
    """Fed with lines in order: events, and the settings that turns run with."""

    def __init__(self) -> None:
        self._lines: list[RawLine] = []
        self._starts: list[int] = []
        """Those with which a turn begins."""
        self.malformed = 0
        """Of the lines that were read when a log was asked for."""

    def add(self, line: RawLine) -> None:
        if line.event in _STARTS:
            self._starts.append(len(self._lines))
        self._lines.append(line)

    def newest(self) -> TurnLog:
        """The last turn, and maybe earlier ones.

        Reading begins with the turn before the last, as settings may be said before a turn begins.
        """
        starts = self._starts[-2:]
        if len(starts) == 2 and all(_is_named(self._lines[at]) for at in starts):
            turns = self._told(self._lines[starts[0] :])
            if all(turn.explicit for turn in turns.turns):
                return turns
        return self.all()

    def all(self) -> TurnLog:
        """All turns so far."""
        return self._told(self._lines)

    def _told(self, lines: Sequence[RawLine]) -> TurnLog:
        turns, self.malformed = TurnLog(), 0
        for line in lines:
            if line.kind == "turn_context":
                turns.set_context(line)
            elif (parsed := line.parsed()) is not None:
                turns.event(parsed)
            else:
                self.malformed += 1
        return turns


def _is_named(start: RawLine) -> bool:
    """Whether the turn's name does not depend on how many came before."""
    parsed = start.parsed()
    return parsed is not None and text(parsed.payload, "turn_id") is not None
