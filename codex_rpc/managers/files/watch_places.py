"""Where to look for changes of a path, and what a change there means for it. Looking blocks.

Directories are watched, each without what is below it: the one the path is in, because a file is
often replaced and not written, and the path itself if it is one. Where a link leads elsewhere, the
same is done there. If the path is not there yet, the nearest directory above it is watched.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from msgspec import Struct


class WatchPlaces(Struct, frozen=True):
    """What to watch for the sake of `target`. Equal as long as nothing else is to be watched."""

    target: Path
    real: Path
    """Where links lead."""
    directories: tuple[tuple[Path, int, int], ...]
    """To watch; each with what tells it from another one that has taken its place."""

    @classmethod
    def of(cls, target: Path) -> Self:
        real = Path(os.path.realpath(target))
        wanted = {_nearest(target.parent), _nearest(real.parent)}
        if real.is_dir():
            wanted.add(real)
        return cls(target, real, tuple(_identified(wanted)))

    def told(self, path: Path) -> Path | None:
        """What the client is to hear of a change of `path`; `None` if it is no concern of it."""
        for base in (self.target, self.real):
            if path == base:
                return self.target
            if path.parent == base:
                return self.target / path.name
        return None


def _nearest(directory: Path) -> Path:
    """The directory itself or the lowest one above it that is there, without links."""
    while not directory.is_dir():
        directory = directory.parent
    return directory.resolve()


def _identified(directories: set[Path]) -> Iterator[tuple[Path, int, int]]:
    for directory in sorted(directories):
        try:
            status = directory.stat()
        except FileNotFoundError:
            continue
        yield directory, status.st_dev, status.st_ino


class Sight(Struct, frozen=True):
    """What can be seen of a path without watching it, to notice what happened in between."""

    names: frozenset[str] | None
    """In a directory."""
    status: tuple[int, int, int, int] | None

    @classmethod
    def of(cls, target: Path) -> Self:
        names = None
        try:
            status = target.stat()
            if target.is_dir():
                names = frozenset(os.listdir(target))  # noqa: PTH208 - the names are wanted
        except OSError:
            return cls(None, None)
        seen = (status.st_ino, status.st_mtime_ns, status.st_size, status.st_ctime_ns)
        return cls(names, seen)

    def changes(self, later: "Sight", target: Path) -> set[Path]:
        """The paths that are different later."""
        if self.status is None or later.status is None or self.names is None or later.names is None:
            return {target} if self != later else set()
        changed = {target / name for name in self.names ^ later.names}
        return changed if self.status[0] == later.status[0] else {target, *changed}
