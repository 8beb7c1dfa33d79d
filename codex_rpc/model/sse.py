"""Server-sent events, from bytes to the data of each event.

Follows the HTML standard's event stream format (section 9.2.6) except that only `data` is kept: the
APIs spoken here repeat an event's name inside its JSON. Decoding that JSON is left to the reader.
"""

from codex_rpc.errors import ModelStreamError

LARGEST_EVENT = 64 * 1024 * 1024
"""Bytes one event may grow to before the stream counts as broken."""

_BOM = b"\xef\xbb\xbf"


class SseDecoder:
    """Decodes one stream, fed in whatever pieces the network brought."""

    __slots__ = (
        "_after_cr",
        "_data",
        "_data_size",
        "_limit",
        "_partial",
        "_partial_size",
        "_start",
    )

    def __init__(self, limit: int = LARGEST_EVENT) -> None:
        self._limit = limit
        self._start: bytes | None = b""
        self._after_cr = False
        self._partial: list[bytes] = []
        self._partial_size = 0
        self._data: list[bytes] = []
        self._data_size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes and return the data of every event they complete.

        Raises:
            ModelStreamError: if an event outgrows the limit.
        """
        if self._start is not None:
            chunk = self._without_bom(self._start + chunk)
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_plain_newlines(chunk)
        head, newline, tail = chunk.rpartition(b"\n")
        if newline:
            head = b"".join((*self._partial, head)) if self._partial else head
            self._partial.clear()
            self._partial_size = 0
        if tail:
            self._partial.append(tail)
            self._partial_size += len(tail)
        events = self._lines(head) if newline else []
        if self._partial_size + self._data_size > self._limit:
            raise ModelStreamError(f"an event of the stream exceeds {self._limit} bytes")
        return events

    def _without_bom(self, start: bytes) -> bytes:
        if len(start) < len(_BOM) and _BOM.startswith(start):
            self._start = start
            return b""
        self._start = None
        return start.removeprefix(_BOM)

    def _with_plain_newlines(self, chunk: bytes) -> bytes:
        """Turn CRLF and CR into LF. A final CR ends its line at once, whatever comes next."""
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if chunk.endswith(b"\r"):
            self._after_cr = True
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _lines(self, lines: bytes) -> list[bytes]:
        events: list[bytes] = []
        data = self._data
        for line in lines.split(b"\n"):
            if line.startswith(b"data:"):
                data.append(line[6:] if line.startswith(b"data: ") else line[5:])
            elif line == b"data":
                data.append(b"")
            elif not line and data:
                events.append(data[0] if len(data) == 1 else b"\n".join(data))
                data.clear()
        self._data_size = sum(map(len, data))
        return events
