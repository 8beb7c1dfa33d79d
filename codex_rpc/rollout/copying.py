"""Forking on disk: a new file that has another thread's log, up to a cut, behind a name of its own.

The lines are copied as bytes, not read, in the form of the generation that they are of: each
program shows such a file as it does its own. What earlier files began with is left out, because the
other program would take it for the name of the thread.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from codex_rpc.history.fragments import turn_aborted
from codex_rpc.rollout.envelope import Payload, line
from codex_rpc.rollout.file_tail import FileTail, read_tail
from codex_rpc.rollout.lines import response_item_payload, session_meta_line
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.rollout.thread_log import Segment, ThreadLog, first_line_end

_BLOCK = 1 << 20


def copy_log(log: ThreadLog, path: Path, meta: SessionMeta, interrupted: str | None = None) -> None:
    """Make the file `path` for a thread that has `log` behind it.

    `meta` names the new thread; its generation must be that of `log`. `interrupted` is a turn that
    goes on in the source: here, it was interrupted. The file is there whole or not at all.
    Blocking: for a worker thread.

    Raises:
        OSError: if a file cannot be read or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    target = os.open(unfinished, flags, 0o600)
    try:
        _write(target, session_meta_line(meta))
        for segment in _without_names(log):
            _copy(segment, target)
        tail = read_tail(unfinished, numbered=meta.history_mode == "paginated")
        if tail.torn:
            _write(target, b"\n")
        if interrupted is not None:
            _write(target, b"".join(_interruption(interrupted, meta, tail)))
        os.rename(unfinished, path)  # noqa: PTH104
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    finally:
        os.close(target)


def _without_names(log: ThreadLog) -> Iterator[Segment]:
    """The log without the first lines of its files."""
    for segment in log.segments:
        start = max(segment.start, first_line_end(segment.path))
        if start < segment.end:
            yield Segment(segment.path, start, segment.end)


def _copy(segment: Segment, target: int) -> None:
    with segment.path.open("rb") as source:
        offset = segment.start
        while offset < segment.end:
            size = min(segment.end - offset, 1 << 30)
            try:
                copied = os.copy_file_range(source.fileno(), target, size, offset)
            except (AttributeError, OSError):  # not on this system, or between these file systems
                copied = _write(target, os.pread(source.fileno(), min(size, _BLOCK), offset))
            if copied == 0:
                return  # it has been cut off since
            offset += copied


def _write(target: int, content: bytes) -> int:
    left = memoryview(content)
    while left:
        left = left[os.write(target, left) :]
    return len(content)


def _interruption(turn_id: str, meta: SessionMeta, tail: FileTail) -> Iterator[bytes]:
    """What a session puts down when the user interrupts a turn."""
    now = datetime.now(UTC)
    ended: Payload = {
        "type": "turn_aborted",
        "turn_id": turn_id,
        "reason": "interrupted",
        "completed_at": int(now.timestamp()),
        "duration_ms": None,
    }
    lines = [("response_item", response_item_payload(turn_aborted())), ("event_msg", ended)]
    for ordinal, (kind, payload) in enumerate(lines, tail.next_ordinal):
        number = ordinal if meta.history_mode == "paginated" else None
        yield line(kind, payload, now, number)
