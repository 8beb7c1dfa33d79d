"""RolloutReader: the lines of a rollout file, one at a time, whatever state the file is in.

A file may have been cut off, edited, or written by a program that knows more kinds of line. What
cannot be read is counted and passed over. What the lines add up to is worked out in `reconstruct`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from msgspec import Struct
from pydantic_core import from_json

from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import text

LineKind = Literal["session_meta", "response_item", "compacted", "turn_context", "event_msg"]
"""The kinds of line that mean something here."""

_KINDS: dict[str, LineKind] = {kind: kind for kind in get_args(LineKind)}
_KINDS_IN_BYTES: dict[bytes, LineKind] = {kind.encode(): kind for kind in _KINDS.values()}

_HEAD = re.compile(
    rb'\{"timestamp":\s?"[^"\\]*",\s?(?:"ordinal":\s?\d+,\s?)?"type":\s?"(\w+)",\s?'
    rb'"payload":\s?\{(?:"type":\s?"(\w+)")?'
)
"""The beginning of a line as both programs write it; it tells what need not be parsed."""

_BUFFER = 1 << 18


class RolloutLine(Struct, frozen=True):
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
class RawLine:
    """One line before it is parsed; what it says may turn out to be no JSON.

    `kind`, `event` and `start` are those of the `RolloutLine`.
    """

    kind: LineKind
    event: str
    raw: bytes
    start: int

    def parsed(self) -> RolloutLine | None:
        """The line, or `None` if it is malformed."""
        try:
            parsed: object = from_json(self.raw)
        except ValueError:
            return None
        match parsed:
            case {"payload": dict()}:
                line = cast(Payload, parsed)
                return RolloutLine(
                    kind=self.kind,
                    payload=line["payload"],
                    timestamp=text(line, "timestamp"),
                    start=self.start,
                    end=self.start + len(self.raw),
                )
            case _:
                return None


def headed_line(raw: bytes, offset: int) -> RawLine | None:
    """A line that begins as both programs write it; `None` if it means nothing here."""
    head = _HEAD.match(raw)
    kind = head and _KINDS_IN_BYTES.get(head[1])
    if head is None or kind is None:
        return None
    return RawLine(kind, (head[2] or b"").decode() if kind == "event_msg" else "", raw, offset)


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
        for raw in self.raw_lines():
            if (line := raw.parsed()) is not None:
                yield line
            else:
                self.counts.malformed += 1

    def raw_lines(self) -> Iterator[RawLine]:
        """Read the lines in order, and leave it to the caller which of them to parse.

        Raises:
            OSError: if the file cannot be read.
        """
        self.counts = LineCounts()
        offset = self.start
        with self.path.open("rb", buffering=_BUFFER) as file:
            file.seek(self.start)
            for raw in file:
                if self.end is not None and offset + len(raw) >= self.end:
                    if offset < self.end and (
                        last := self._raw_line(raw[: self.end - offset], offset)
                    ):
                        yield last
                    return
                if (line := self._raw_line(raw, offset)) is not None:
                    yield line
                offset += len(raw)

    def _raw_line(self, raw: bytes, offset: int) -> RawLine | None:
        head = _HEAD.match(raw)
        if head is None or not raw.endswith(b"\n"):
            return self._odd_line(raw, offset)
        self.counts.lines += 1
        kind, event = head.groups()
        name = _KINDS_IN_BYTES.get(kind)
        if name is None:
            self.counts.foreign += 1
            return None
        if name != "event_msg":
            return RawLine(name, "", raw, offset + self.shift)
        if event is None:
            self.counts.lines -= 1
            return self._odd_line(raw, offset)
        what = event.decode()
        return None if what in self.skip else RawLine(name, what, raw, offset + self.shift)

    def _odd_line(self, raw: bytes, offset: int) -> RawLine | None:
        """A line that does not begin as lines do, or does not end."""
        if raw.isspace():
            return None
        self.counts.lines += 1
        try:
            parsed: object = from_json(raw)
        except ValueError:
            parsed = None
        match parsed:
            case {"type": str(kind), "payload": {"type": str(event)}} if kind == "event_msg":
                if event in self.skip:
                    return None
                return RawLine("event_msg", event, raw, offset + self.shift)
            case {"type": str(kind), "payload": dict()} if kind in _KINDS:
                return RawLine(_KINDS[kind], "", raw, offset + self.shift)
            case {"type": str(kind)} if kind not in _KINDS:
                self.counts.foreign += 1
            case _:
                self.counts.malformed += 1
                self.counts.torn = not raw.endswith(b"\n")
        return None
