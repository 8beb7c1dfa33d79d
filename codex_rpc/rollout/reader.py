"""RolloutReader: the lines of a rollout file, one at a time, whatever state the file is in.

A file may have been cut off, edited, or written by a program that knows more kinds of line. What
cannot be read is counted and passed over. What the lines add up to is worked out in `reconstruct`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, cast, get_args

from pydantic_core import from_json

from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import text

LineKind = Literal["session_meta", "response_item", "compacted", "turn_context", "event_msg"]
"""The kinds of line that mean something here."""

_KINDS: frozenset[str] = frozenset(get_args(LineKind))

_HEAD = re.compile(
    rb'\{"timestamp":\s?"[^"\\]*",\s?(?:"ordinal":\s?\d+,\s?)?"type":\s?"(\w+)",\s?'
    rb'"payload":\s?\{(?:"type":\s?"(\w+)")?'
)
"""The beginning of a line as both programs write it; it tells what need not be parsed."""

_BUFFER = 1 << 16


@dataclass(frozen=True, slots=True)
class RolloutLine:
    """One line; `start` and `end` are its place in the file, in bytes, line end included."""

    kind: LineKind
    payload: Payload
    timestamp: str | None
    start: int
    end: int

    @property
    def event(self) -> str:
        """The kind of event that an `event_msg` line holds; empty for other lines."""
        return (text(self.payload, "type") or "") if self.kind == "event_msg" else ""


@dataclass(slots=True)
class LineCounts:
    """What a file consists of."""

    lines: int = 0
    """All but blank ones."""
    malformed: int = 0
    """No JSON, or not what its kind promises."""
    foreign: int = 0
    """Of kinds that mean nothing here."""
    torn: bool = False
    """The last line was cut off. It is malformed as well."""

    def __add__(self, later: "LineCounts") -> "LineCounts":
        """The counts of two parts together."""
        return LineCounts(
            self.lines + later.lines,
            self.malformed + later.malformed,
            self.foreign + later.foreign,
            later.torn,
        )


@dataclass(slots=True)
class RolloutReader:
    """Reads a file from byte `start` to byte `end`, both at the beginning of a line.

    Iterating reads anew each time and holds one line in memory; `counts` grows meanwhile. Events
    named in `skip` are passed over without being parsed. Lines say where they are in the file, plus
    `shift`.
    """

    path: Path
    start: int = 0
    end: int | None = None
    skip: frozenset[str] = frozenset()
    shift: int = 0
    counts: LineCounts = field(default_factory=LineCounts)

    def __iter__(self) -> Iterator[RolloutLine]:
        """Read the lines in order.

        Raises:
            OSError: if the file cannot be read.
        """
        self.counts = LineCounts()
        with self.path.open("rb", buffering=_BUFFER) as file:
            file.seek(self.start)
            offset = self.start + self.shift
            for raw in self._raw_lines(file):
                line = self._line(raw, offset)
                offset += len(raw)
                if line is not None:
                    yield line

    def _raw_lines(self, file: BinaryIO) -> Iterator[bytes]:
        if self.end is None:
            yield from file
            return
        left = self.end - self.start
        while left > 0 and (raw := file.readline(left)):
            left -= len(raw)
            yield raw

    def _line(self, raw: bytes, offset: int) -> RolloutLine | None:
        if raw.isspace():
            return None
        self.counts.lines += 1
        whole = raw.endswith(b"\n")
        if whole and (head := _HEAD.match(raw)) is not None and self._passed_over(head):
            return None
        try:
            parsed: object = from_json(raw)
        except ValueError:
            parsed = None
        match parsed:
            case {"type": str(kind), "payload": dict()} if kind in _KINDS:
                line = cast(Payload, parsed)
                return RolloutLine(
                    kind=cast(LineKind, kind),
                    payload=line["payload"],
                    timestamp=text(line, "timestamp"),
                    start=offset,
                    end=offset + len(raw),
                )
            case {"type": str(kind)} if kind not in _KINDS:
                self.counts.foreign += 1
            case _:
                self.counts.malformed += 1
                self.counts.torn = not whole
        return None

    def _passed_over(self, head: re.Match[bytes]) -> bool:
        """Whether a line can be counted by its beginning alone."""
        kind, event = head.group(1).decode(), (head.group(2) or b"").decode()
        if kind not in _KINDS:
            self.counts.foreign += 1
            return True
        return kind == "event_msg" and event in self.skip
