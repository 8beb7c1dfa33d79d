"""Framing: the port, and the usual one: bytes in, lines out, and the way back.

What a line means is left to `messages`; where the bytes come from, to the transports. The other
framing is in `header_framing`.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct

LINE_LIMIT_BYTES = 256 * 1024 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Oversize(Struct, frozen=True):
    """Stands for a line that was longer than `limit_bytes` and is skipped."""

    limit_bytes: int

    @property
    def reason(self) -> str:
        return f"a line of more than {self.limit_bytes} bytes"


class Garbled(Struct, frozen=True):
    """Stands for bytes that were no message, and are skipped; `reason` says what was wrong."""

    reason: str


Piece = bytes | Oversize | Garbled
"""What a decoder finds: a message, or what stands for one that could not be read."""


class Decoder(Protocol):
    """Cuts a byte stream into messages."""

    def feed(self, data: bytes) -> Sequence[Piece]:
        """Take the next bytes of the stream and return the messages that they complete."""
        ...

    def flush(self) -> Piece | None:
        """Return what is left at the end of the stream."""
        ...


class Framing(Protocol):
    """How messages follow each other in a byte stream, in both directions."""

    def decoder(self, limit_bytes: int) -> Decoder:
        """A decoder for a new stream, which skips messages that are longer."""
        ...

    def join(self, objects: Iterable[bytes], *, jsonrpc: bool) -> bytes:
        """Frame encoded JSON objects, none of them empty, for one write.

        `jsonrpc` says that the peer has sent the version member.
        """
        ...


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


class LineFraming:
    """A JSON object a line."""

    def decoder(self, limit_bytes: int) -> LineDecoder:
        return LineDecoder(limit_bytes)

    def join(self, objects: Iterable[bytes], *, jsonrpc: bool) -> bytes:
        return join_lines(objects, jsonrpc=jsonrpc)
