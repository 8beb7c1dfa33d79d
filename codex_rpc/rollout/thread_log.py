"""ThreadLog: the lines that make up a thread, however many files they lie in.

A file of the other program may go on from a place in an earlier file: after a fork, in the file of
another thread, after a revert, in an older file of the same one. Offsets into a log are *logical*:
they count the bytes of all its files, oldest first, and mean the same in every slice of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from msgspec import Struct

from codex_rpc.errors import EmptyRolloutError, RolloutError, RolloutMetaMissingError
from codex_rpc.rollout.reader import LineCounts, RawLine, RolloutLine, RolloutReader
from codex_rpc.rollout.session_meta import HistoryBase, SessionMeta


class Segment(Struct, frozen=True):
    """The bytes from `start` to `end` of one file; both at the beginning of a line."""

    path: Path
    start: int
    end: int


class ThreadLog(Struct, frozen=True):
    """A thread as far as it was on disk when the log was opened; lines added later are not in it.

    `meta` is that of the newest file, which is `path`; segments are oldest first. `start` is the
    logical offset at which the first one begins: 0, unless this is a slice.
    """

    meta: SessionMeta
    path: Path
    segments: tuple[Segment, ...]
    start: int = 0

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(segment.end - segment.start for segment in self.segments)

    @property
    def end(self) -> int:
        """The logical offset at which it ends."""
        return self.start + self.size

    def slice(self, start: int, end: int | None = None) -> "ThreadLog":
        """The part between two logical offsets, each of which is where a line begins."""
        first, last = max(start, self.start), self.end if end is None else min(end, self.end)
        kept: list[Segment] = []
        offset = self.start
        for segment in self.segments:
            size = segment.end - segment.start
            low, high = max(first - offset, 0), min(last - offset, size)
            if low < high:
                kept.append(Segment(segment.path, segment.start + low, segment.start + high))
            offset += size
        return ThreadLog(self.meta, self.path, tuple(kept), min(first, self.end))

    def reader(self, skip: frozenset[str] = frozenset()) -> "LogReader":
        """Read the lines. Events named in `skip` are passed over without being parsed."""
        return LogReader(self, skip)


@dataclass(slots=True)
class LogReader:
    """Reads a log line by line, with logical offsets; each iteration reads anew.

    `counts` is complete at the end. The first lines of files are among the lines; what names the
    thread is in `ThreadLog.meta`, and need not be the first of them.
    """

    log: ThreadLog
    skip: frozenset[str] = frozenset()
    counts: LineCounts = field(default_factory=LineCounts)

    def __iter__(self) -> Iterator[RolloutLine]:
        """Read the lines in order.

        Raises:
            OSError: if a file cannot be read.
        """
        for reader in self._readers():
            yield from reader

    def raw_lines(self) -> Iterator[RawLine]:
        """Read the lines in order, and leave it to the caller which of them to parse.

        Raises:
            OSError: if a file cannot be read.
        """
        for reader in self._readers():
            yield from reader.raw_lines()

    def _readers(self) -> Iterator[RolloutReader]:
        """One for each file; its counts are added up when the next one is asked for."""
        self.counts = LineCounts()
        offset = self.log.start
        for segment in self.log.segments:
            reader = RolloutReader(
                segment.path, segment.start, segment.end, self.skip, shift=offset - segment.start
            )
            yield reader
            self.counts = self.counts + reader.counts
            offset += segment.end - segment.start


def open_log(codex_home: Path, path: Path, end: int | None = None) -> ThreadLog:
    """The log whose newest file is `path`, as it now is; of that file, what lies before `end`.

    Blocking: for a worker thread.

    Raises:
        OSError: if a file cannot be read.
        RolloutError: if one of the files holds no thread, or an earlier one is missing.
    """
    meta = read_meta(path)
    newest = _segment(path, end)
    segments = [newest]
    base = meta.history_base
    while base is not None:
        earlier = _earlier_file(codex_home, base, segments[-1].path)
        if any(segment.path == earlier for segment in segments):
            raise RolloutError(f"session file goes on from itself: {base.rollout_id}")
        segments.append(_segment(earlier, base.end_byte_offset))
        base = read_meta(earlier).history_base
    return ThreadLog(meta, path, tuple(reversed(segments)))


def read_meta(path: Path) -> SessionMeta:
    """Which thread a file holds, from its first line. Blocking: for a worker thread.

    Raises:
        OSError: if the file cannot be read.
        RolloutError: if it holds no thread.
    """
    reader = RolloutReader(path)
    for line in reader:
        if line.kind == "session_meta":
            meta = SessionMeta.from_payload(line.payload, line.timestamp)
            if meta is not None:
                return meta
    raise RolloutMetaMissingError if reader.counts.lines else EmptyRolloutError


def first_line_end(path: Path) -> int:
    """Where the line that names a file's thread ends; 0 if the file begins with another one.

    Raises:
        OSError: if the file cannot be read.
    """
    first = next(iter(RolloutReader(path)), None)
    return first.end if first is not None and first.kind == "session_meta" else 0


def _segment(path: Path, end: int | None) -> Segment:
    size = path.stat().st_size
    return Segment(path, 0, size if end is None else min(end, size))


def _earlier_file(codex_home: Path, base: HistoryBase, later: Path) -> Path:
    """The file that a later one goes on from; it may have been archived since, or brought back."""
    # A file is named for its thread, or after a revert for the thread and then for itself.
    pattern = f"rollout-*[-_]{base.rollout_id}.jsonl"
    for folder in _likely_folders(codex_home, base, later):
        if (found := next(folder.glob(pattern), None)) is not None:
            return found
    if (found := next((codex_home / "sessions").rglob(pattern), None)) is not None:
        return found
    raise RolloutError(f"session file goes on from one that is missing: {base.rollout_id}")


def _likely_folders(codex_home: Path, base: HistoryBase, later: Path) -> Iterator[Path]:
    """Where to look first; a home may hold a folder for every day of years."""
    yield later.parent
    yield codex_home / "archived_sessions"
    try:
        made = datetime.fromtimestamp((UUID(base.rollout_id).int >> 80) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return
    for days in (0, -1, 1):  # folders are named in local time, whatever that was then
        yield codex_home / "sessions" / f"{made + timedelta(days=days):%Y/%m/%d}"
