"""Taking back the end of a thread whose lines are numbered: it goes on in a file of its own.

The file's first line says up to which place of which earlier file the thread is as it was; what
lies beyond stays there and is passed over. That is the other program's form, which heeds no mark in
such files. Writing the file is the recorder's.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from codex_rpc.protocol.ids import uuid7
from codex_rpc.rollout.envelope import Payload, line, utc_millis
from codex_rpc.rollout.fields import text
from codex_rpc.rollout.file_tail import next_ordinal
from codex_rpc.rollout.files import SESSIONS, RolloutName, day_folder
from codex_rpc.rollout.log_search import lines_backwards
from codex_rpc.rollout.reader import RolloutReader
from codex_rpc.rollout.session_meta import HistoryBase, SessionMeta
from codex_rpc.rollout.thread_log import Segment, ThreadLog, first_line_end

_ENDS = frozenset({"task_complete", "turn_complete", "turn_aborted"})


@dataclass(frozen=True, slots=True)
class Branch:
    """A file that is to take the place of the thread's newest one."""

    path: Path
    meta: SessionMeta
    first_line: bytes
    next_ordinal: int
    """Of the line after the first one."""
    closing: Payload | None = None
    """How the turn ended of which only the end was taken back."""


def branch_at(codex_home: Path, log: ThreadLog, end: int, open_turn: str | None) -> Branch | None:
    """What the thread has to go on in if only what lies before the logical offset `end` stays.

    `open_turn` is a turn that has no end before that. `None` if the thread's lines are not
    numbered, or a file's name does not tell what others have to call it. Blocking: for a worker
    thread.

    Raises:
        OSError: if a file cannot be read.
    """
    kept = _last_kept(log.slice(0, end))
    name, earlier = RolloutName.of(log.path.name), kept and RolloutName.of(kept.path.name)
    if log.meta.history_mode != "paginated" or name is None or (kept and earlier is None):
        return None
    base = None
    if kept is not None and earlier is not None:
        base = HistoryBase(earlier.file_id, next_ordinal(kept.path, kept.end), kept.end)
    now = datetime.now(UTC)
    payload = _newest_meta(log) | {"timestamp": utc_millis(now)}
    payload.pop("history_base", None)
    ordinal = base.end_ordinal_exclusive if base else 0
    if base is not None:
        payload["history_base"] = base.payload()
    if (forked_from := payload.get("forked_from_ordinal_exclusive")) is not None:
        payload["forked_from_ordinal_exclusive"] = min(ordinal, forked_from)
    return Branch(
        path=_path(codex_home, log, name.thread_id, now),
        meta=replace(log.meta, timestamp=now, history_base=base),
        first_line=line("session_meta", payload, now, ordinal),
        next_ordinal=ordinal + 1,
        closing=_end_of(log, end, open_turn) if open_turn else None,
    )


def _last_kept(log: ThreadLog) -> Segment | None:
    """The part of the last file of which more than the first line is kept."""
    for segment in reversed(log.segments):
        if segment.end > first_line_end(segment.path):
            return segment
    return None


def _newest_meta(log: ThreadLog) -> Payload:
    """What the newest file's first line says, or a later one that says it anew."""
    for found in RolloutReader(log.path):
        if found.kind == "session_meta":
            payload = found.payload
            break
    else:
        return log.meta.payload()
    for newer in lines_backwards(log, b'"session_meta"', log.end, log.start):
        said = newer.parsed() if newer.kind == "session_meta" else None
        if said is not None and text(said.payload, "id") == log.meta.thread_id:
            git = said.payload.get("git")
            return payload | ({} if git is None else {"git": git})
    return payload


def _path(codex_home: Path, log: ThreadLog, thread_id: str, now: datetime) -> Path:
    """In the folder of its day, or beside the thread's other files if they are somewhere else."""
    name = f"rollout-{now.astimezone():%Y-%m-%dT%H-%M-%S}-{thread_id}_{uuid7()}.jsonl"
    at_home = log.path.is_relative_to(codex_home / SESSIONS)
    return (day_folder(codex_home, name) if at_home else log.path.parent) / name


def _end_of(log: ThreadLog, cut: int, turn_id: str) -> Payload | None:
    for found in log.slice(cut).reader():
        if found.event in _ENDS and text(found.payload, "turn_id") == turn_id:
            return found.payload
    return None
