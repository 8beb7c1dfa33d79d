"""Whether a command failed because its sandbox refused it something: a guess from what it said."""

from typing import Final

_WORDS: Final = (
    "operation not permitted",
    "permission denied",
    "read-only file system",
    "seccomp",
    "sandbox",
    "landlock",
    "failed to write file",
)
_KILLED_BY_FILTER: Final = 128 + 31
"""What a shell, and `bwrap`, make of SIGSYS."""


def was_denied(exit_code: int | None, output: str) -> bool:
    """`exit_code` is `None` for a command that a signal ended, which says nothing of a denial."""
    if not exit_code:
        return False
    said = output.casefold()
    return exit_code == _KILLED_BY_FILTER or any(word in said for word in _WORDS)
