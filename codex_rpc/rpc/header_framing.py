"""Content-Length framing, as the Language Server Protocol has it: a header, a blank line, a body.

Reads leniently (any case, any spacing, bare line feeds) and finds its way back: after a header that
makes no sense, everything up to the next `Content-Length` is skipped and reported once.
"""

import re
from collections.abc import Iterable

from codex_rpc.rpc.framing import Garbled, Oversize, Piece
from codex_rpc.rpc.header_start import BETWEEN, HEADER_START

HEADER_LIMIT_BYTES = 8 * 1024
"""A header that has not ended by then is none."""

_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*$", re.IGNORECASE)
_LONGEST_START = len(b"content-length") + 16
_NAME = re.compile(rb"[a-z-]+[ \t]*", re.IGNORECASE)
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


class HeaderDecoder:
    """Cuts a byte stream into bodies, in time linear in its length.

    A body over the limit yields one `Oversize`, and is skipped without being kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._data = bytearray()
        self._body: int | None = None
        """The length of the body that comes next; without it, a header does."""
        self._skip = 0
        self._lost = False

    def feed(self, data: bytes) -> list[Piece]:
        """Take the next bytes of the stream and return the messages that they complete."""
        self._data += data
        found: list[Piece] = []
        while self._take_next(found):
            pass
        return found

    def flush(self) -> Piece | None:
        """What is left at the end of the stream was cut off."""
        begun = bool(self._data.strip() or self._body or self._skip) and not self._lost
        self._data, self._body, self._skip = bytearray(), None, 0
        return Garbled("the stream ends within a message") if begun else None

    def _take_next(self, found: list[Piece]) -> bool:
        """Take one more thing off the data; `False` if more data is needed for that."""
        if self._skip:
            skipped = min(self._skip, len(self._data))
            del self._data[:skipped]
            self._skip -= skipped
            return not self._skip
        if self._body is None:
            return self._take_head(found)
        if len(self._data) < self._body:
            return False
        found.append(bytes(self._data[: self._body]))
        del self._data[: self._body]
        self._body = None
        return True

    def _take_head(self, found: list[Piece]) -> bool:
        if self._lost:
            start = HEADER_START.search(self._data)
            if start is None:
                del self._data[:-_LONGEST_START]
                return False
            del self._data[: start.start()]
            self._lost = False
        self._data = self._data.lstrip(BETWEEN)
        end = _BLANK_LINE.search(self._data, 0, HEADER_LIMIT_BYTES)
        too_long = end is None and len(self._data) >= HEADER_LIMIT_BYTES
        if too_long or not _may_begin_header(self._data):
            return self._lose(1, "expected a header with a `Content-Length`", found)
        if end is None:
            return False
        lines = self._data[: end.start()].splitlines()
        lengths = [int(match[1]) for line in lines if (match := _LENGTH.match(line))]
        if len(lengths) != 1:
            return self._lose(end.end(), "a header without one valid `Content-Length`", found)
        del self._data[: end.end()]
        self._expect(lengths[0], found)
        return True

    def _expect(self, length: int, found: list[Piece]) -> None:
        if length > self._limit:
            found.append(Oversize(self._limit))
            self._skip = length
        elif length == 0:
            found.append(Garbled("an empty message"))
        else:
            self._body = length

    def _lose(self, count: int, reason: str, found: list[Piece]) -> bool:
        """Report that so many bytes are no header, and look for the next one behind them."""
        found.append(Garbled(reason))
        del self._data[:count]
        self._lost = True
        return True


def _may_begin_header(head: bytearray) -> bool:
    """Whether what has come so far, less than a whole header, can still become one."""
    name = head.split(b":", 1)[0].split(b"\n", 1)[0]
    return not head or _NAME.fullmatch(name) is not None


class HeaderFraming:
    """Each JSON object behind a header; always with the version member, as the protocol wants."""

    def decoder(self, limit_bytes: int) -> HeaderDecoder:
        return HeaderDecoder(limit_bytes)

    def join(self, objects: Iterable[bytes], *, jsonrpc: bool) -> bytes:
        return b"".join(map(_framed, objects))


def _framed(encoded: bytes) -> bytes:
    body = b'{"jsonrpc":"2.0",' + encoded[1:]
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
