"""Content-Length framing, as the Language Server Protocol has it: a header, a blank line, a body.

Reads leniently (any case, any spacing, bare line feeds) and finds its way back: after a header that
makes no sense, everything up to the next `Content-Length` is skipped and reported once.
"""

import re
from collections.abc import Iterable

from codex_rpc.rpc.framing import Garbled, Oversize, Piece

HEADER_LIMIT_BYTES = 8 * 1024
"""A header that has not ended by then is none."""

_START = re.compile(rb"content-(?:length|type)[ \t]*:", re.IGNORECASE)
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*$", re.IGNORECASE)
_LONGEST_START = len(b"content-length") + 16
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


def begins_header(line: bytes) -> bool:
    """Whether a stream that begins with this line is framed by headers."""
    return _START.match(line.removeprefix(b"\xef\xbb\xbf").lstrip()) is not None


class HeaderDecoder:
    """Cuts a byte stream into bodies, in time linear in its length.

    A body over the limit yields one `Oversize`, and is skipped without being kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._head = b""
        self._body = bytearray()
        self._missing = 0
        self._skipped = 0
        self._lost = False

    def feed(self, data: bytes) -> list[Piece]:
        """Take the next bytes of the stream and return the messages that they complete."""
        found: list[Piece] = []
        while data or self._head:
            if self._missing or self._skipped:
                data = self._take_body(data, found)
                if self._missing or self._skipped:
                    break
            head, data = self._head + data, b""
            self._head = b""
            rest = self._take_head(head, found)
            if rest is None:
                break
            data = rest
        return found

    def flush(self) -> Piece | None:
        """What is left at the end of the stream was cut off."""
        begun = self._missing or self._skipped or self._head.strip()
        self._head, self._missing, self._skipped = b"", 0, 0
        return Garbled("the stream ends within a message") if begun and not self._lost else None

    def _take_body(self, data: bytes, found: list[Piece]) -> bytes:
        """Take what belongs to the open body, and return the rest."""
        if self._skipped:
            skipped = min(self._skipped, len(data))
            self._skipped -= skipped
            return data[skipped:]
        piece = data[: self._missing]
        self._body += piece
        self._missing -= len(piece)
        if not self._missing:
            found.append(bytes(self._body))
            self._body = bytearray()
        return data[len(piece) :]

    def _take_head(self, head: bytes, found: list[Piece]) -> bytes | None:
        """Take a header and return what follows it; `None` if it has not come to its end."""
        head = head.lstrip(b"\r\n")
        if self._lost:
            start = _START.search(head)
            if start is None:
                self._head = head[-_LONGEST_START:]
                return None
            head, self._lost = head[start.start() :], False
        end = _BLANK_LINE.search(head)
        if end is None or end.start() > HEADER_LIMIT_BYTES:
            if len(head) <= HEADER_LIMIT_BYTES and _may_begin_header(head):
                self._head = head
                return None
            return self._lose(head, "expected a header with a `Content-Length`", found)
        lengths = [m[1] for line in head[: end.start()].splitlines() if (m := _LENGTH.match(line))]
        if len(lengths) != 1:
            return self._lose(head, "a header without one valid `Content-Length`", found)
        self._open_body(int(lengths[0]), found)
        return head[end.end() :]

    def _open_body(self, length: int, found: list[Piece]) -> None:
        if length > self._limit:
            found.append(Oversize(self._limit))
            self._skipped = length
        elif length == 0:
            found.append(Garbled("an empty message"))
        else:
            self._missing = length

    def _lose(self, head: bytes, reason: str, found: list[Piece]) -> bytes:
        """Report bytes that are no header; return them without their beginning, to look on."""
        found.append(Garbled(reason))
        self._lost = True
        return head[1:]


def _may_begin_header(head: bytes) -> bool:
    """Whether what has come so far, less than a whole header, can still become one."""
    name = head.split(b":", 1)[0].split(b"\n", 1)[0]
    return not head or re.fullmatch(rb"[A-Za-z-]+[ \t]*", name) is not None


class HeaderFraming:
    """Each JSON object behind a header. The version member is always sent: the protocol wants it."""

    def decoder(self, limit_bytes: int) -> HeaderDecoder:
        return HeaderDecoder(limit_bytes)

    def join(self, objects: Iterable[bytes], *, jsonrpc: bool) -> bytes:  # noqa: ARG002
        return b"".join(map(_framed, objects))


def _framed(encoded: bytes) -> bytes:
    body = b'{"jsonrpc":"2.0",' + encoded[1:]
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
