"""FileLimit: how many files this process may have open, and how many its commands may.

Each loaded thread holds descriptors, so the process takes all it can get. Commands start with what
the user had set: some programs break, or are slow, with a limit of a million.
"""

import contextlib
import os
import resource
import sys
from collections.abc import Generator

_MOST_ON_MACOS = 10240
"""What that system takes where its hard limit says "unlimited"."""

_SPARE = 64
"""So many descriptors must be free below the old limit to go back to it for a moment."""


class FileLimit:
    """The limit as it was found, and as it is while the server runs."""

    def __init__(self) -> None:
        self._found = self._raised = resource.getrlimit(resource.RLIMIT_NOFILE)

    def lift(self) -> None:
        """Take as many as the system allows."""
        hard = self._found[1]
        most = min(hard, _MOST_ON_MACOS) if sys.platform == "darwin" else hard
        self._raised = (most, hard) if _set(most, hard) else self._found

    def restore(self) -> None:
        """Go back to the limit that was found."""
        _set(*self._found)

    @contextlib.contextmanager
    def for_children(self) -> Generator[None]:
        """Children that are started in here inherit the limit that was found.

        Not so if more files are open than it allows, see `lower`.
        """
        if self._raised == self._found or _next_descriptor() > self._found[0] - _SPARE:
            yield
            return
        _set(*self._found)
        try:
            yield
        finally:
            _set(*self._raised)

    def lower(self, pid: int) -> None:
        """Give a child that has just been started the limit that was found, if it has another.

        Only Linux can do that, and the child may have looked before.
        """
        if sys.platform == "linux" and self._raised != self._found:
            with contextlib.suppress(OSError):  # it is gone already, or has another user
                resource.prlimit(pid, resource.RLIMIT_NOFILE, self._found)


def _set(soft: int, hard: int) -> bool:
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    except (OSError, ValueError):
        return False
    return True


def _next_descriptor() -> int:
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor
