"""The paths that are searched, in pieces that are gone through quickly.

One thread adds paths while another goes through the pieces that are complete.
"""

from collections.abc import Iterable, Sequence
from typing import Self

from msgspec import Struct

from codex_rpc.managers.file_search.folding import fold

PIECE = 2000
"""Paths in a piece: few enough that one look at it is over in a few milliseconds."""
LIMIT = 400_000
"""Paths of one search. About 150 bytes are kept for each."""


class Piece(Struct, frozen=True, eq=False):
    """Some paths below one root, each after a zero byte and the last one before another."""

    root: str
    is_directory: bool
    paths: str
    folded: str
    names: str
    """The last part of each path, folded."""

    @classmethod
    def of(cls, root: str, paths: Sequence[str], *, is_directory: bool) -> Self:
        joined = "\0".join(("", *paths, ""))
        folded = fold(joined)
        names = [path[path.rfind("/") + 1 :] for path in folded[1:-1].split("\0")]
        return cls(root, is_directory, joined, folded, "\0".join(("", *names, "")))

    def all_paths(self) -> Sequence[str]:
        return self.paths[1:-1].split("\0")


class Corpus:
    """What there is below some roots."""

    def __init__(self) -> None:
        self.pieces: tuple[Piece, ...] = ()
        """By path, as soon as all is there."""
        self.complete = False
        self._size = 0

    @property
    def full(self) -> bool:
        """Whether it takes no more paths."""
        return self._size >= LIMIT

    def add(self, root: str, paths: Sequence[str], *, is_directory: bool) -> None:
        """Take some paths below `root`."""
        pieces = self._cut(root, paths[: LIMIT - self._size], is_directory=is_directory)
        self.pieces += tuple(pieces)
        self._size += len(paths)

    def _cut(self, root: str, paths: Sequence[str], *, is_directory: bool) -> Iterable[Piece]:
        for start in range(0, len(paths), PIECE):
            yield Piece.of(root, paths[start : start + PIECE], is_directory=is_directory)

    def finish(self) -> None:
        """All is there: put it in order."""
        ordered: list[Piece] = []
        for root, is_directory in dict.fromkeys((p.root, p.is_directory) for p in self.pieces):
            paths = sorted(
                path
                for piece in self.pieces
                if (piece.root, piece.is_directory) == (root, is_directory)
                for path in piece.all_paths()
            )
            ordered += self._cut(root, paths, is_directory=is_directory)
        self.pieces = tuple(ordered)
        self.complete = True
