"""Newline framing: bytes in, lines out, and the way back.

What a line means is left to `messages`; where the bytes come from, to the transports.
"""

from collections.abc import Iterable
from dataclasses import dataclass

LINE_LIMIT_BYTES = 256 * 1024 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Oversize:
    """Stands for a line that was longer than `limit_bytes` and is skipped."""

    limit_bytes: int


class LineDecoder:
    """Cuts a byte stream into lines, in time linear in its length.

    A byte order mark at the start of the stream, carriage returns and blank lines are dropped. A
    line over the limit yields one `Oversize` as soon as that is known; the rest of it is skipped
    without being kept.
    """

    def __init__(self, limit_bytes: int = LINE_LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._partial = bytearray()
        self._skipping = False
        self._at_start = True

    def feed(self, data: bytes) -> list[bytes | Oversize]:
        """Take the next bytes of the stream and return the lines that they complete."""
        *complete, rest = data.split(b"\n")
        found: list[bytes | Oversize] = []
        for piece in complete:
            self._keep(piece, found)
            if (line := self._finish_line()) is not None:
                found.append(line)
        self._keep(rest, found)
        return found

    def flush(self) -> bytes | None:
        """Return what stood after the last newline, at the end of the stream."""
        return self._finish_line()

    def _keep(self, piece: bytes, found: list[bytes | Oversize]) -> None:
        if self._skipping or not piece:
            return
        if len(self._partial) + len(piece) > self._limit:
            found.append(Oversize(self._limit))
            self._partial = bytearray()
            self._skipping = True
        else:
            self._partial += piece

    def _finish_line(self) -> bytes | None:
        line = bytes(self._partial)
        self._partial = bytearray()
        skipped, self._skipping = self._skipping, False
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        return None if skipped else line.strip() or None


def join_lines(objects: Iterable[bytes], *, jsonrpc: bool) -> bytes:
    """Put encoded JSON objects (none of them empty) on a line each, for one write.

    With `jsonrpc`, each gets the version member in front.
    """
    if not jsonrpc:
        return b"\n".join(objects) + b"\n"
    return b"".join([b'{"jsonrpc":"2.0",' + encoded[1:] + b"\n" for encoded in objects])
