"""Directories opened step by step from the root, no symbolic link followed.

Whoever has looked at a path and found it harmless is then sure to write there: a link that has been
put into the path in the meantime is an error, and once a directory is open, nobody can exchange it.
"""

import errno
import os
import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_LINKED = "a symbolic link stands in the way"


@contextmanager
def opened_parent(path: Path) -> Generator[int]:
    """A descriptor of the directory that holds the path's last name.

    Raises:
        OSError: if there is no such directory, or a symbolic link in place of one.
    """
    folder = os.open(path.anchor, _FOLDER)
    try:
        for name in path.parent.parts[1:]:
            inner = _enter(folder, name, path)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _enter(folder: int, name: str, path: Path) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except NotADirectoryError:
        refuse_link(os.lstat(name, dir_fd=folder), path)
        raise


def refuse_link(found: os.stat_result, path: Path) -> None:
    """Raise `OSError` if that is a symbolic link; `path` is for the message."""
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, _LINKED, str(path))


def found_in(folder: int, name: str) -> os.stat_result | None:
    """What has that name in the directory, a link if it is one; `None` if nothing has."""
    try:
        return os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None


def make_folders(path: Path) -> Sequence[Path]:
    """Make the missing parents of the path; returns them, outermost first. All or none."""
    missing = [folder for folder in reversed(path.parents) if not os.path.lexists(folder)]
    made: list[Path] = []
    try:
        for folder in missing:
            with opened_parent(folder) as parent, suppress(FileExistsError):
                os.mkdir(folder.name, dir_fd=parent)
                made.append(folder)
        with opened_parent(path):
            return made
    except BaseException:
        for folder in reversed(made):
            with suppress(OSError):
                remove_folder(folder)
        raise


def remove_folder(path: Path) -> None:
    """Remove an empty directory."""
    with opened_parent(path) as parent:
        os.rmdir(path.name, dir_fd=parent)
