"""Looking for lines of a log from its end, without reading what need not be read."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from codex_rpc.rollout.reader import RawLine, headed_line
from codex_rpc.rollout.thread_log import ThreadLog

_BLOCK = 1 << 20


def lines_backwards(log: ThreadLog, words: bytes, before: int, start: int) -> Iterator[RawLine]:
    """The lines between the logical offsets `start` and `before`, last first, that have `words`.

    Lines that do not begin as both programs write them are not found. Blocking: for a worker
    thread.

    Raises:
        OSError: if a file cannot be read.
    """
    high = log.end
    for segment in reversed(log.segments):
        shift = high - segment.end
        high -= segment.end - segment.start
        first, last = max(start, high) - shift, min(before, segment.end + shift) - shift
        if first < last:
            yield from _lines(segment.path, words, first, last, shift)


def mentions(log: ThreadLog, words: Sequence[bytes]) -> bool:
    """Whether any of `words` is anywhere in the log. Blocking: for a worker thread.

    Raises:
        OSError: if a file cannot be read.
    """
    return any(
        word in lines
        for segment in log.segments
        for _, lines in _blocks_backwards(segment.path, segment.start, segment.end)
        for word in words
    )


def _lines(path: Path, words: bytes, first: int, last: int, shift: int) -> Iterator[RawLine]:
    for offset, lines in _blocks_backwards(path, first, last):
        end = len(lines)
        while (found := lines.rfind(words, 0, end)) >= 0:
            begin = lines.rfind(b"\n", 0, found) + 1
            stop = lines.find(b"\n", found) + 1 or len(lines)
            line = headed_line(lines[begin:stop], offset + begin + shift)
            if line is not None:
                yield line
            end = begin


def _blocks_backwards(path: Path, first: int, last: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines, a block of them at a time, and where in the file they begin; last ones first."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        begun = b""
        while last > first:
            begin = max(first, last - _BLOCK)
            block = os.pread(fd, last - begin, begin) + begun
            cut = block.find(b"\n") + 1 if begin > first else 0
            begun = block[: cut or len(block)] if begin > first else b""
            if len(begun) < len(block):
                yield begin + len(begun), block[len(begun) :]
            last = begin
    finally:
        os.close(fd)
