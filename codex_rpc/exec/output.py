"""Keeping a command's output within bounds, and turning its bytes into text.

How much of the kept text the model sees is decided in `codex_rpc.history`.
"""

import codecs

MAX_DELTAS = 10_000
"""Pieces of output shown live of one command; what comes after them is still captured."""
DELTA_BYTES = 8 * 1024
"""A piece of output that is longer counts as several."""


class OutputBuffer:
    """Keeps the beginning and the end of a stream of bytes and counts what it leaves out."""

    def __init__(self, limit_bytes: int) -> None:
        self._tail_limit = limit_bytes // 2
        self._head_limit = limit_bytes - self._tail_limit
        self._head = bytearray()
        self._tail = bytearray()
        self._seen = 0

    @property
    def seen_bytes(self) -> int:
        """How many bytes ever came."""
        return self._seen

    @property
    def omitted_bytes(self) -> int:
        """How many of them `text` does not show."""
        head, tail = self._kept()
        return self._seen - len(head) - len(tail)

    def append(self, chunk: bytes) -> None:
        self._seen += len(chunk)
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        if len(chunk) > self._tail_limit:
            chunk = chunk[len(chunk) - self._tail_limit :]
        self._tail += chunk
        # Letting it grow to twice its size first makes the shifting cheap.
        if len(self._tail) > 2 * self._tail_limit:
            del self._tail[: len(self._tail) - self._tail_limit]

    def text(self) -> str:
        """The output, with a line that tells how much is missing where something is."""
        head, tail = self._kept()
        omitted = self._seen - len(head) - len(tail)
        if not omitted:
            return (head + tail).decode(errors="replace")
        before, after = head.decode(errors="replace"), tail.decode(errors="replace")
        line_end = "" if not before or before.endswith("\n") else "\n"
        return f"{before}{line_end}... {omitted} bytes omitted ...\n{after}"

    def _kept(self) -> tuple[bytes, bytes]:
        """Both parts, without the pieces of characters that the cut went through."""
        head = bytes(self._head)
        tail = bytes(self._tail[max(0, len(self._tail) - self._tail_limit) :])
        if len(head) + len(tail) == self._seen:
            return head, tail
        return _without_cut_end(head), _without_cut_start(tail)


class Utf8Chunks:
    """Decodes a stream piece by piece; characters that span pieces stay whole."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, chunk: bytes) -> str:
        """The text that is complete with this piece; bytes that are not UTF-8 become U+FFFD."""
        return self._decoder.decode(chunk)

    def flush(self) -> str:
        """What is left at the end of the stream: nothing, or a U+FFFD for a broken character."""
        return self._decoder.decode(b"", final=True)


def _without_cut_end(head: bytes) -> bytes:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    decoder.decode(head[-3:])
    pending, _ = decoder.getstate()
    return head[: len(head) - len(pending)]


def _without_cut_start(tail: bytes) -> bytes:
    start = 0
    while start < min(3, len(tail)) and tail[start] & 0xC0 == 0x80:
        start += 1
    return tail[start:]
