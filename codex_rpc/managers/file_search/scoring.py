"""How well a text fits letters that are looked for in it, in order, with anything between. Pure.

The figures are those of the matchers of `fzf` and `nucleo`: each letter counts 16, more at the
beginning of a word or in a row, less after a gap.
"""

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

MATCH = 16
GAP_START = 3
GAP_EXTENSION = 1
BOUNDARY = 8
AFTER_SLASH = 9
CAMEL_CASE = 5
CONSECUTIVE = 4
FIRST_FACTOR = 2

LARGEST_TABLE = 4096
"""Letters times characters above which the first way to fit is taken, and not the best one."""

_NONE = -(1 << 30)


class Fit(Struct, frozen=True):
    """A score, and the positions of the letters."""

    score: int
    indices: Sequence[int]


@lru_cache(maxsize=1024)
def _kind(character: str) -> str:
    if character == "/":
        return "slash"
    if character.isnumeric():
        return "number"
    if character.islower():
        return "lower"
    if character.isupper():
        return "upper"
    return "letter" if character.isalpha() else "other"


def _bonus(before: str, here: str) -> int:
    if here == "slash":
        return 0
    if here == "other":
        return BOUNDARY
    if before == "slash":
        return AFTER_SLASH
    if before == "other":
        return BOUNDARY
    if (before, here) == ("lower", "upper") or (here == "number" != before):
        return CAMEL_CASE
    return 0


def bonuses(text: str) -> list[int]:
    """What a letter counts more at each position. A text begins as after a slash."""
    kinds = [_kind(character) for character in text]
    return [_bonus(*pair) for pair in zip(["slash", *kinds], kinds, strict=False)]


def fit_in_a_row(at: int, length: int, bonus: Sequence[int]) -> Fit:
    """The fit of letters that are found side by side."""
    return _fit(range(at, at + length), bonus)


def best_row(needle: str, folded: str, bonus: Sequence[int]) -> Fit | None:
    """The best place where all letters are in a row, the first one of equals."""
    found: list[Fit] = []
    at = folded.find(needle)
    while at >= 0:
        found.append(fit_in_a_row(at, len(needle), bonus))
        at = folded.find(needle, at + 1)
    return max(found, key=lambda fit: fit.score, default=None)


def best_fit(needle: str, folded: str, bonus: Sequence[int]) -> Fit | None:
    """The best fit of a needle that is not empty, or `None` if there is none."""
    first = _first_positions(needle, folded)
    if first is None:
        return None
    start, end = first[0], folded.rindex(needle[-1]) + 1
    if len(needle) * (end - start) > LARGEST_TABLE:
        return _fit(first, bonus)
    return _Table(needle, folded[start:end], bonus[start:end]).best(start)


def _first_positions(needle: str, folded: str) -> list[int] | None:
    positions: list[int] = []
    at = -1
    for letter in needle:
        at = folded.find(letter, at + 1)
        if at < 0:
            return None
        positions.append(at)
    return positions


def _fit(positions: Sequence[int], bonus: Sequence[int]) -> Fit:
    """The score of letters at these positions."""
    score = run = 0
    previous = -1
    for number, at in enumerate(positions):
        own = bonus[at]
        if number and at == previous + 1:
            run, counted = _in_run(run, own)
            score += MATCH + counted
        else:
            if number:
                score = max(0, score - GAP_START - GAP_EXTENSION * (at - previous - 2))
            run = own
            score += MATCH + own * (FIRST_FACTOR if number == 0 else 1)
        previous = at
    return Fit(score, tuple(positions))


def _in_run(run: int, own: int) -> tuple[int, int]:
    """What a run of letters is worth from here on, and this letter of it."""
    if own >= BOUNDARY and own > run:
        run = own
    return run, max(run, own, CONSECUTIVE)


class _Table:
    """For each letter and position: the best score with the letter there."""

    def __init__(self, needle: str, folded: str, bonus: Sequence[int]) -> None:
        self._needle = needle
        self._folded = folded
        self._bonus = bonus
        self._came_from: list[list[int]] = []
        """For each letter and position, where the letter before it is."""

    def best(self, offset: int) -> Fit:
        scores = self._first_row()
        for letter in self._needle[1:]:
            scores = self._next_row(letter, scores)
        end = max(range(len(scores)), key=lambda at: (scores[at][0], at))
        indices = [end]
        for row in reversed(self._came_from):
            indices.append(row[indices[-1]])
        return Fit(scores[end][0], [offset + at for at in reversed(indices)])

    def _first_row(self) -> list[tuple[int, int]]:
        letter = self._needle[0]
        return [
            (MATCH + own * FIRST_FACTOR, own) if character == letter else (_NONE, 0)
            for character, own in zip(self._folded, self._bonus, strict=True)
        ]

    def _next_row(self, letter: str, before: list[tuple[int, int]]) -> list[tuple[int, int]]:
        row: list[tuple[int, int]] = []
        came_from: list[int] = []
        gapped, gapped_from = _NONE, 0  # the best of the letter before, and a gap since
        beside, run = _NONE, 0  # the letter before, right before this position
        for at, own in enumerate(self._bonus):
            score, worth, source = _NONE, 0, 0
            if self._folded[at] == letter:
                if gapped > _NONE:
                    score, worth, source = gapped + MATCH + own, own, gapped_from
                if beside > _NONE:
                    in_run, counted = _in_run(run, own)
                    if beside + MATCH + counted >= score:
                        score, worth, source = beside + MATCH + counted, in_run, at - 1
            row.append((score, worth))
            came_from.append(source)
            gapped -= GAP_EXTENSION if gapped > _NONE else 0
            if beside - GAP_START >= gapped and beside > _NONE:
                gapped, gapped_from = beside - GAP_START, at - 1
            if gapped > _NONE:
                gapped = max(gapped, 0)
            beside, run = before[at]
        self._came_from.append(came_from)
        return row
