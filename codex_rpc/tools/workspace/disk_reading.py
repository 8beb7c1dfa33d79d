"""Reading a file whole, whatever stands under its name: only what is a file, and not too long."""

import errno
import os
import stat
from pathlib import Path

QUIET = os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
"""Neither wait for the other end of a pipe nor become anybody's terminal."""


def read_bytes(path: Path, most: int) -> bytes | None:
    """The file's content, of at most that many bytes; `None` if there is no such file. Blocking."""
    try:
        # Before it is opened: opening alone makes some devices do something.
        require_regular(path.stat(), path)
        descriptor = os.open(path, os.O_RDONLY | QUIET)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        require_regular(found, path)
        if found.st_size > most:
            raise _too_large(path, found.st_size, most)
        data = file.read(most + 1)
    if len(data) > most:
        raise _too_large(path, len(data), most)
    return data


def require_regular(found: os.stat_result, path: Path) -> None:
    """Refuse what is no file; a pipe or a device could be read for ever."""
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode) or found.st_dev == _device_of_processes():
        raise OSError(errno.EINVAL, "Not a regular file", str(path))


def _device_of_processes() -> int | None:
    """The file system of `/proc`, whose files only look like some: our memory is one of them."""
    try:
        return Path("/proc/self").stat().st_dev
    except OSError:
        return None


def _too_large(path: Path, size: int, most: int) -> OSError:
    mebibyte = 2**20
    reason = f"The file is too large ({size / mebibyte:.0f} MiB, at most {most // mebibyte} MiB)"
    return OSError(errno.EFBIG, reason, str(path))
