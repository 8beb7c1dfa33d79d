"""SocketFile: the place in the file system where a unix socket is found, held by one process.

Owns who may have the place, its permissions, and its removal. Accepting connections is left to
`unix_socket`. Blocking throughout, but never for long.
"""

import contextlib
import errno
import fcntl
import os
import socket
import stat
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from codex_rpc.errors import ListenError

LONGEST_PATH = 103 if sys.platform == "darwin" else 107
"""Bytes of a path that fit a socket's address, without the final zero."""

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class SocketFile:
    """Takes a path and listens there, for the user alone. A context manager that gives it back.

    A lock beside the file (`NAME.lock`) tells a server that lives from one that died: its holder
    may replace what lies there.
    """

    def __init__(self, path: Path) -> None:
        """Take the place.

        Raises:
            ListenError: if the path cannot be used, or another server has it.
        """
        self.path = path
        _check_path(path)
        self._lock_path = path.with_name(f"{path.name}.lock")
        self._lock = _take_lock(path, self._lock_path)
        try:
            _remove_dead(path)
            self.socket = _bind(path)
            self._identity = _identity(path)
        except BaseException:
            self._give_up_lock()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        self._give_up_lock()

    def close(self) -> None:
        """Let nobody connect any more. The place stays ours until the context is left."""
        if self.socket.fileno() == -1:
            return
        self.socket.close()
        with contextlib.suppress(OSError):
            if _identity(self.path) == self._identity:
                self.path.unlink()

    def _give_up_lock(self) -> None:
        # Removed while it is held, so that nobody can lock what is about to go.
        with contextlib.suppress(OSError):
            self._lock_path.unlink()
        os.close(self._lock)


def _check_path(path: Path) -> None:
    length = len(os.fsencode(path))
    if length > LONGEST_PATH:
        raise ListenError(
            f"the socket path is too long ({length} bytes, the system takes {LONGEST_PATH}); "
            f"choose a shorter one with --listen unix://PATH: {path}"
        )
    try:
        status = path.parent.stat()
    except OSError as error:
        raise ListenError(f"cannot listen in {path.parent}: {error.strerror}") from error
    if not stat.S_ISDIR(status.st_mode):
        raise ListenError(f"cannot listen in {path.parent}: not a directory")
    sticky = status.st_mode & stat.S_ISVTX
    if status.st_uid not in (os.geteuid(), 0) or (
        status.st_mode & _WRITABLE_BY_OTHERS and not sticky
    ):
        raise ListenError(
            f"cannot listen in {path.parent}: other users could replace the socket there; "
            "the folder must belong to you or root and be writable for its owner alone"
        )


def _take_lock(path: Path, lock_path: Path) -> int:
    while True:
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            lock = os.open(lock_path, flags, 0o600)
        except OSError as error:
            raise ListenError(f"cannot listen on {path}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A server that was just ending may have removed the file we had opened.
            if _identity_of(os.fstat(lock)) == _identity(lock_path):
                return lock
        except BlockingIOError:
            os.close(lock)
            raise _taken(path) from None
        except OSError as error:
            if error.errno != errno.ENOENT:
                os.close(lock)
                raise ListenError(f"cannot listen on {path}: {error.strerror}") from error
        os.close(lock)


def _remove_dead(path: Path) -> None:
    """Remove the socket of a server that is gone."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ListenError(f"cannot listen on {path}: something else than a socket is there")
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            probe.connect(str(path))
    except FileNotFoundError:
        return
    except ConnectionRefusedError:
        path.unlink(missing_ok=True)
        return
    except OSError as error:
        raise ListenError(f"cannot listen on {path}: {error.strerror or error}") from error
    raise _taken(path)


def _bind(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)  # so that there is no moment in which others could connect
    try:
        listener.bind(str(path))
        listener.listen(128)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise ListenError(f"cannot listen on {path}: {error.strerror}") from error
    finally:
        os.umask(before)
    return listener


def _taken(path: Path) -> ListenError:
    return ListenError(f"another server is listening on {path}")


def _identity(path: Path) -> tuple[int, int]:
    return _identity_of(path.lstat())


def _identity_of(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
