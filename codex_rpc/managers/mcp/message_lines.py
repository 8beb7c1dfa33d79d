"""What a server writes: messages, a line each and bounded, and the end of its complaints. Pure."""

from collections.abc import Iterator

LONGEST_MESSAGE = 16 * 1024 * 1024
"""Bytes of one message; the most that is kept of a server at once."""

_KEPT_COMPLAINT = 4 * 1024
_SHOWN_LINES = 10
_SHOWN_CHARACTERS = 1_000


class TooLongError(Exception):
    """A line has more bytes than a message may have."""


class LineSplitter:
    """Cuts bytes into lines; keeps the unfinished one."""

    def __init__(self, longest: int = LONGEST_MESSAGE) -> None:
        self._longest = longest
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that `data` completes, without empty ones.

        Raises:
            TooLongError: if the unfinished line is too long already.
        """
        head, newline, rest = data.partition(b"\n")
        self._take(head)
        while newline:
            line = bytes(self._rest).strip()
            self._rest.clear()
            if line:
                yield line
            head, newline, rest = rest.partition(b"\n")
            self._take(head)

    def _take(self, piece: bytes) -> None:
        if len(self._rest) + len(piece) > self._longest:
            self._rest.clear()
            raise TooLongError
        self._rest += piece


class Complaints:
    """The end of what a server has written to its stderr."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def add(self, data: bytes) -> None:
        self._kept += data[-_KEPT_COMPLAINT:]
        del self._kept[:-_KEPT_COMPLAINT]

    def __str__(self) -> str:
        lines = self._kept.decode(errors="replace").split("\n")
        shown = [line.rstrip() for line in lines if line.strip()][-_SHOWN_LINES:]
        return "\n".join(shown)[-_SHOWN_CHARACTERS:]
