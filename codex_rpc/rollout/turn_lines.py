"""TurnLines: what a log says of turns, put off until it is known how many of them matter.

Most of those who load a thread want its last turn and no other. As long as no turn was taken back,
the last one can be told from the last lines.
"""

from codex_rpc.rollout.reader import RawLine
from codex_rpc.rollout.turn_log import TurnLog

_STARTS = frozenset({"task_started", "turn_started"})


class TurnLines:
    """Fed with lines in order: events, and the settings that turns run with."""

    def __init__(self) -> None:
        self._lines: list[RawLine] = []
        self._starts: list[int] = []
        """The places of those with which a turn begins."""

    def add(self, line: RawLine) -> None:
        if line.event in _STARTS:
            self._starts.append(len(self._lines))
        self._lines.append(line)

    def newest(self, turns: TurnLog) -> int:
        """Tell an empty `turns` of the last turns at least; returns how many lines are malformed.

        It begins with the turn before the last, as settings may be said before a turn begins.
        """
        if len(self._starts) > 1:
            newest = TurnLog()
            malformed = _tell(newest, self._lines[self._starts[-2] :])
            if malformed == 0 and all(turn.named for turn in newest.turns):
                turns.take_over(newest)
                return 0
        return self.all(turns)

    def all(self, turns: TurnLog) -> int:
        """Tell an empty `turns` of every turn; returns how many lines are malformed."""
        return _tell(turns, self._lines)


def _tell(turns: TurnLog, lines: list[RawLine]) -> int:
    malformed = 0
    for line in lines:
        if line.kind == "turn_context":
            turns.set_context(line)
        elif (parsed := line.parsed()) is not None:
            turns.event(parsed)
        else:
            malformed += 1
    return malformed
