"""Making, removing and copying files and directories. Blocks."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE, S_ISDIR, S_ISLNK, S_ISREG

from codex_rpc.errors import FileRequestError
from codex_rpc.managers.files.contents import open_for_writing
from codex_rpc.managers.files.disk import stop_if_cancelled

_PIECE = 1024 * 1024


def create_directory(path: Path, *, recursive: bool) -> None:
    """Make a directory; with `recursive`, also those above it that are missing."""
    path.mkdir(parents=recursive, exist_ok=recursive)


def remove(path: Path, *, recursive: bool, force: bool) -> None:
    """Remove what is at `path`; with `force`, nothing need be there.

    Raises:
        FileRequestError: if it is the root of all.
    """
    if path == path.parent:
        raise FileRequestError("the root directory cannot be removed", path=("path",))
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if force:
            return
        raise
    if not S_ISDIR(mode):
        path.unlink()
        return
    if recursive:
        _empty(path)
    path.rmdir()


def _empty(directory: Path) -> None:
    # By descriptors, so that nobody can lead it elsewhere with a link that it then follows.
    for _, folders, names, descriptor in os.fwalk(directory, topdown=False, onerror=_raise):
        for name in names:
            os.unlink(name, dir_fd=descriptor)
            stop_if_cancelled()
        for name in folders:
            try:
                os.rmdir(name, dir_fd=descriptor)
            except NotADirectoryError:  # a link to one
                os.unlink(name, dir_fd=descriptor)


def _raise(error: OSError) -> None:
    raise error


def copy(source: Path, destination: Path, *, recursive: bool) -> None:
    """Copy a file, a link or, with `recursive`, a directory.

    Raises:
        FileRequestError: if it is none of these, or a directory would be copied into itself.
    """
    mode = source.lstat().st_mode
    if S_ISDIR(mode):
        if not recursive:
            raise FileRequestError(
                "fs/copy requires recursive: true when sourcePath is a directory",
                path=("recursive",),
            )
        if destination.resolve().is_relative_to(source.resolve()):
            raise FileRequestError(
                "fs/copy cannot copy a directory to itself or one of its descendants",
                path=("destinationPath",),
            )
        _copy_tree(source, destination)
    elif S_ISLNK(mode):
        destination.symlink_to(source.readlink())
    elif S_ISREG(mode):
        _copy_file(source, destination)
    else:
        raise FileRequestError(
            "fs/copy only supports regular files, directories, and symlinks", path=("sourcePath",)
        )


def _copy_tree(source: Path, destination: Path) -> None:
    made: list[tuple[Path, Path]] = []
    for here, there in _folders(source, destination):
        if not there.is_dir():
            there.mkdir(parents=here == source)
            made.append((here, there))
        for entry in list(os.scandir(here)):
            if entry.is_symlink():
                (there / entry.name).symlink_to(Path(entry).readlink())
            elif entry.is_file():
                _copy_file(Path(entry), there / entry.name)
            stop_if_cancelled()
    # Not before now: a directory that may not be written to could not have been filled.
    for here, there in reversed(made):
        shutil.copymode(here, there)


def _folders(source: Path, destination: Path) -> Iterator[tuple[Path, Path]]:
    """Each directory of the tree, and where it goes; what is above before what is below."""
    waiting = [(source, destination)]
    while waiting:
        here, there = waiting.pop()
        yield here, there
        with os.scandir(here) as scan:
            waiting += [
                (Path(entry), there / entry.name)
                for entry in scan
                if entry.is_dir(follow_symlinks=False)
            ]


def _copy_file(source: Path, destination: Path) -> None:
    with source.open("rb") as reading:
        status = os.fstat(reading.fileno())
        if destination.exists() and os.path.samestat(status, destination.stat()):
            return  # emptied before it is read, it would be lost
        with open(open_for_writing(destination), "wb") as writing:  # noqa: PTH123 - a descriptor
            while piece := reading.read(_PIECE):
                writing.write(piece)
                stop_if_cancelled()
            os.fchmod(writing.fileno(), S_IMODE(status.st_mode))
