"""What a rollout adds up to: the history, the settings and the turns of its thread.

Reconstructing the rollout of a live thread yields exactly what the thread has in memory.
"""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from codex_rpc.history.store import HistoryStore
from codex_rpc.rollout.checkpoint import last_turns, newest_checkpoint
from codex_rpc.rollout.log_reading import (
    HEAD,
    ITEM_EVENTS,
    LogReading,
    Reconstructed,
    required_meta,
)
from codex_rpc.rollout.log_search import mentions
from codex_rpc.rollout.reader import RawLine, RolloutReader
from codex_rpc.rollout.recorded_history import Conversation, RecordedHistory, spoken_text
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.rollout.thread_log import LogReader, ThreadLog
from codex_rpc.rollout.turn_lines import TurnLines

_REWRITES = (b'"compacted"', b'"thread_rolled_back"')
"""Lines that make others mean something else."""

_USER_ITEM = b'"UserMessage"'


class RolloutHead(Struct, frozen=True):
    """What a list of threads shows of a file."""

    meta: SessionMeta
    preview: str


def load_rollout(path: Path, *, items: bool = True) -> Reconstructed:
    """Read a whole file. Without `items`, turns show no more than what the user said.

    Blocking: for a worker thread.

    Raises:
        OSError: if the file cannot be read.
        RolloutError: if it holds no thread.
    """
    return _read(RolloutReader(path), None, items=items)


def load_log(log: ThreadLog, *, items: bool = True) -> Reconstructed:
    """Work out what a log adds up to. Blocking: for a worker thread.

    Without `items`, no more is read than what the newest compaction has left, and no more is told
    than what goes on: of `turns` the last ones, with what the user said at most.

    Raises:
        OSError: if a file cannot be read.
    """
    if not items:
        rewritten = mentions(log, _REWRITES)
        newest = _from_checkpoint(log) if rewritten else _from_last_turns(log)
        if newest is not None:
            return newest
    return _read(log.reader(), log.meta, items=items, newest=not items)


def lean_lines(reader: RolloutReader | LogReader) -> Iterator[RawLine]:
    """The lines without the items of turns, except for what the user said."""
    reader.skip = ITEM_EVENTS - {"item_completed"}
    for line in reader.raw_lines():
        if line.event != "item_completed" or _USER_ITEM in line.raw:
            yield line


def _from_checkpoint(log: ThreadLog) -> Reconstructed | None:
    """What the log adds up to, read from the newest compaction on, if it can be told from that."""
    start = newest_checkpoint(log)
    if start is None or start <= log.start:
        return None
    reading = LogReading(log.meta, unread=TurnLines())
    reading.look_back(log, start)
    reader = log.slice(start).reader()
    for line in lean_lines(reader):
        reading.take(line)
    return None if reading.overreached else reading.result(reader.counts)


def _from_last_turns(log: ThreadLog) -> Reconstructed | None:
    """What the log adds up to, read from its two ends, if nothing between them can matter."""
    start = last_turns(log)
    if start <= log.start or not _tells_context(log):
        return None
    reading = LogReading(log.meta, unread=TurnLines())
    reading.look_back(log, start)
    reader = log.slice(start).reader()
    for line in lean_lines(reader):
        reading.take(line)
    return reading.result(reader.counts, _UnreadConversation(log))


def _tells_context(log: ThreadLog) -> bool:
    """Whether the model was told of its surroundings when the thread began."""
    beginning = RecordedHistory()
    for line in log.slice(log.start, min(log.end, log.start + HEAD)).reader().raw_lines():
        if line.kind == "response_item":
            beginning.record(line)
        elif line.event in ("task_complete", "turn_complete", "turn_aborted"):
            break
    return beginning.has_context()


class _UnreadConversation:
    """That of a log that was not read, for whoever wants it later."""

    def __init__(self, log: ThreadLog) -> None:
        self._log = log
        self._read: Conversation | None = None

    @property
    def invalid(self) -> int:
        return 0 if self._read is None else self._read.invalid

    def store(self) -> HistoryStore:
        if self._read is None:
            self._read = _read(self._log.reader(), self._log.meta, items=False).conversation
        return self._read.store()


def _read(
    reader: RolloutReader | LogReader,
    meta: SessionMeta | None,
    *,
    items: bool,
    newest: bool = False,
) -> Reconstructed:
    """Read everything; twice, if what a compaction had replaced is wanted again."""
    reading = LogReading(meta, unread=TurnLines() if newest else None)
    for line in reader.raw_lines() if items else lean_lines(reader):
        reading.take(line)
    if reading.history.overreached:
        reading = LogReading(meta, keep_replaced=True)
        for line in reader.raw_lines() if items else lean_lines(reader):
            reading.take(line)
    return reading.result(reader.counts)


def read_head(path: Path) -> RolloutHead:
    """Read no further than to the user's first words. Blocking: for a worker thread.

    Raises:
        OSError: if the file cannot be read.
        RolloutError: if it holds no thread.
    """
    reader = RolloutReader(path, skip=ITEM_EVENTS)
    meta, preview = None, ""
    for line in reader:
        if line.kind == "session_meta":
            meta = meta or SessionMeta.from_payload(line.payload, line.timestamp)
        elif line.kind == "response_item":
            preview = preview or spoken_text(line.payload)
        if meta is not None and preview:
            break
    return RolloutHead(required_meta(meta, reader.counts), preview)
