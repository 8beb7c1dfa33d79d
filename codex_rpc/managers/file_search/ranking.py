"""The best of many paths: found by looks that get less and less demanding, then scored exactly."""

import heapq
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.managers.file_search.corpus import Piece
from codex_rpc.managers.file_search.folding import fold
from codex_rpc.managers.file_search.query import (
    NAME_FITS,
    SAME_DIRECTORY,
    SAME_FILE,
    Look,
    Query,
)
from codex_rpc.managers.file_search.scoring import Fit

RESULTS = 50
"""As many are told."""
SCORED = 300
"""As many are scored exactly; of paths that look alike, those that fit most closely."""

SEEN = 10_000
"""About as many are considered for that: evenly from all parts of the corpus, if more fit."""
FEWEST_EACH = 20
"""At least as many of each piece."""

Place = tuple[int, int]
"""A piece's number and that of a path in it."""


class Ranked(Struct, frozen=True):
    """A path that was found."""

    root: str
    path: str
    is_directory: bool
    fit: Fit

    @property
    def name(self) -> str:
        return self.path[self.path.rfind("/") + 1 :]


def best(pieces: Sequence[Piece], query: Query, go_on: Callable[[], None]) -> list[Ranked]:
    """What fits best, those that fit equally well by path. Takes a while.

    `go_on` is called often, and raises if the result is of no use any more.
    """
    found: list[Ranked] = []
    paths: dict[int, Sequence[str]] = {}
    for number, line in sorted(_Candidates(pieces, go_on).of(query)):
        piece = pieces[number]
        if number not in paths:
            go_on()
            paths[number] = piece.all_paths()
        if (ranked := _ranked(piece, paths[number][line], query)) is not None:
            found.append(ranked)
    _prefer_directory(found, query)
    found.sort(key=lambda ranked: (-ranked.fit.score, ranked.path))
    return found[:RESULTS]


class _Candidates:
    """The paths that are worth being scored."""

    def __init__(self, pieces: Sequence[Piece], go_on: Callable[[], None]) -> None:
        self._pieces = pieces
        self._go_on = go_on
        self._places: set[Place] = set()

    def of(self, query: Query) -> set[Place]:
        for look in query.looks():
            if look.first is None:
                new = (place for _, place in self._seen(look.pattern, look))
                self._places.update(islice(new, RESULTS))
            else:
                self._add_closest(look, look.first)
            if look.last and len(self._places) >= RESULTS:
                break
        return self._places

    def _add_closest(self, look: Look, first: Sequence[re.Pattern[str]]) -> None:
        each = max(FEWEST_EACH, SEEN // (len(self._pieces) or 1))
        seen = list(self._seen(look.pattern, look, each))
        room = SCORED - len(self._places)
        if len(seen) > room:
            for pattern in first:
                closest = heapq.nsmallest(room, self._seen(pattern, look, each))
                self._places.update(place for _, place in closest)
                room = SCORED - len(self._places)
            seen = heapq.nsmallest(room, (s for s in seen if s[1] not in self._places))
        self._places.update(place for _, place in seen)

    def _seen(
        self, pattern: re.Pattern[str], look: Look, each: int | None = None
    ) -> Iterator[tuple[int, Place]]:
        """The new places that a pattern finds, each with the number of characters it is found in.

        At most `each` are found in each piece. A place may come twice, if the pattern is found
        twice in it.
        """
        places = self._places
        for number, piece in enumerate(self._pieces):
            if piece.is_directory and not look.directories:
                continue
            self._go_on()
            text = piece.names if look.in_names else piece.folded
            line, counted = -1, 0
            for match in islice(pattern.finditer(text), each):
                start, end = match.span()
                line += text.count("\0", counted, start + 1)
                counted = start + 1
                if (number, line) not in places:
                    yield end - start, (number, line)


def _ranked(piece: Piece, path: str, query: Query) -> Ranked | None:
    fit = query.fit_path(path) if piece.is_directory else query.fit(path)
    if fit is None:
        return None
    ranked = Ranked(piece.root, path, piece.is_directory, fit)
    if not piece.is_directory and fold(ranked.name) == query.name:
        fit = Fit(fit.score + SAME_FILE - NAME_FITS, fit.indices)
    return replace(ranked, fit=fit)


def _prefer_directory(found: list[Ranked], query: Query) -> None:
    """Raise the score of one directory of the name that is looked for: the one that is nearest."""
    named = [
        (ranked.path.count("/"), len(ranked.path), ranked.path, index)
        for index, ranked in enumerate(found)
        if ranked.is_directory and fold(ranked.name) == query.name
    ]
    if named:
        index = min(named)[-1]
        fit = found[index].fit
        preferred = Fit(fit.score + SAME_DIRECTORY, fit.indices)
        found[index] = replace(found[index], fit=preferred)
