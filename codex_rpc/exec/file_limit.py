"""FileLimit: how many files this process may have open, and how many its commands may.

Each loaded thread holds descriptors, so the process takes all it can get. Commands start with what
the user had set: some programs break, or are slow, with a limit of a million.
"""

import contextlib
import resource
import sys

_MOST_ON_MACOS = 10240
"""What that system takes where its hard limit says "unlimited"."""


class FileLimit:
    """The limit as it was found, and as it is while the server runs."""

    def __init__(self) -> None:
        self.found = resource.getrlimit(resource.RLIMIT_NOFILE)
        """The soft and the hard limit, for commands."""

    def lift(self) -> None:
        """Take as many as the system allows."""
        hard = self.found[1]
        most = min(hard, _MOST_ON_MACOS) if sys.platform == "darwin" else hard
        _set(most, hard)

    def restore(self) -> None:
        """Go back to the limit that was found."""
        _set(*self.found)


def _set(soft: int, hard: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
