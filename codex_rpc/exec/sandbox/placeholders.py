"""Placeholders: empty directories that take up names while commands run.

A protected directory that does not exist can only be kept from being made by mounting something in
its place, and a mount needs something to lie on. Git and its users' tools pass over such an empty
directory, as this program does (`codex_rpc.config.repository`). It is removed when the last command
of the last server that relies on it has ended: removing it earlier would take the mount away under
a running command.
"""

import contextlib
import fcntl
import os
import threading
from dataclasses import dataclass

_MODE = 0o555
"""Tells a placeholder, also one that a killed server left, from a directory somebody made."""

_ATTEMPTS = 100
"""Another server may remove it just when it is to be taken."""


@dataclass(slots=True)
class _Held:
    lock: int
    """A descriptor with a shared lock. Only who gets the exclusive one removes the directory."""
    users: int


class Placeholders:
    """Those that this process relies on, with the number of commands for each.

    May be used from several threads.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._held: dict[str, _Held] = {}

    def take(self, path: str) -> None:
        """Make sure that the directory is there until it is given back.

        Raises:
            OSError: it cannot be made.
        """
        with self._turn:
            held = self._held.get(path)
            if held is not None and _is_same(held.lock, path):
                held.users += 1
                return
            lock = _lock(path)
            if held is not None:  # somebody has removed it behind our back
                os.close(held.lock)
            self._held[path] = _Held(lock, (held.users if held else 0) + 1)

    def give_back(self, path: str) -> None:
        """One command fewer needs it; the last one removes it, unless it has been filled."""
        with self._turn:
            held = self._held[path]
            held.users -= 1
            if not held.users:
                del self._held[path]
                _remove(held.lock, path)


def _lock(path: str) -> int:
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, _MODE)  # noqa: PTH102 (paths here are texts)
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if _is_same(lock, path):
                return lock
        except BlockingIOError:
            pass
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)
    raise BlockingIOError(f"{path} is being removed")


def _remove(lock: int, path: str) -> None:
    with contextlib.suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_same(lock, path):
            os.rmdir(path)  # noqa: PTH106
    os.close(lock)


def _is_same(lock: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), os.lstat(path))
    except FileNotFoundError:
        return False
