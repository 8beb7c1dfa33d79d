"""How a rollout file ends, so that one can go on with it. Blocking: for a worker thread."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

_ORDINAL = re.compile(rb'\{"timestamp":\s?"[^"\\]*",\s?"ordinal":\s?(\d+),')
_BLOCK = 1 << 16


class FileTail(Struct, frozen=True):
    """The end of a file; `size` 0 if there is no file, or nothing in it."""

    size: int = 0
    torn: bool = False
    """Whether the last line has no end, because its writer died."""
    next_ordinal: int = 0
    """The number of the next line, in a file that numbers its lines."""


def read_tail(path: Path, *, numbered: bool) -> FileTail:
    """How the file ends; the ordinal is looked for only if the lines are `numbered`.

    Raises:
        OSError: if the file is there and cannot be read.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size == 0:
                return FileTail()
            file.seek(size - 1)
            torn = file.read(1) != b"\n"
            ordinals = map(_ordinal, lines_backwards(file, size)) if numbered else iter(())
            last = next((ordinal for ordinal in ordinals if ordinal is not None), -1)
            return FileTail(size, torn, last + 1)
    except FileNotFoundError:
        return FileTail()


def _ordinal(line: bytes) -> int | None:
    found = _ORDINAL.match(line)
    return int(found[1]) if found else None


def lines_backwards(file: BinaryIO, end: int) -> Iterator[bytes]:
    """The lines of a file before `end`, last first, without what ends them."""
    rest = b""
    while end > 0:
        begin = max(0, end - _BLOCK)
        file.seek(begin)
        rest, *lines = (file.read(end - begin) + rest).split(b"\n")
        yield from reversed(lines)
        end = begin
    yield rest
