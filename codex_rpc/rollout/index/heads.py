"""FileHead: what a list shows of a file, from its first lines and a look at its last ones.

How long a file is makes no difference. What was found once is kept while the file only grows.
"""

import json
import os
import zlib
from typing import BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import table, text
from codex_rpc.rollout.index.line_heads import (
    is_user_message,
    line_head,
    parsed_line,
    spoken,
    whole_lines,
)
from codex_rpc.rollout.index.sources import kind_of, parent_of
from codex_rpc.rollout.session_meta import SessionMeta

_TAIL = 1 << 18
"""So many bytes before the end are looked at for what was said last about the thread."""
_OVERLAP = 1 << 13
"""A line that was cut off when the file was last read is looked at again."""
_CHECKED = 1 << 16
_LEFT_OUT = ("base_instructions", "instructions", "dynamic_tools", "git")
"""Of the first line: long, and of no use here; and what a later line may change."""


class FileState(Struct, frozen=True):
    """What tells whether a file is as it was."""

    inode: int
    size: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "FileState":
        return cls(status.st_ino, status.st_size, status.st_mtime_ns)


class FileHead(Struct, frozen=True):
    """What is known of a file. `meta` is `None` while the file holds no thread."""

    state: FileState
    opening_end: int = 0
    """How far the file was read, up to the user's first words."""
    opening_check: int = 0
    meta: Payload | None = None
    """The first line's payload, without what is of no use."""
    stamp: str | None = None
    git: Payload | None = None
    preview: str = ""
    model: str | None = None
    effort: str | None = None

    @property
    def session(self) -> SessionMeta | None:
        """The first line, with what later ones changed of it; without instructions."""
        if self.meta is None:
            return None
        return SessionMeta.from_payload(self.meta | {"git": self.git or {}}, self.stamp)

    @property
    def thread_id(self) -> str | None:
        return text(self.meta, "id") if self.meta is not None else None

    @property
    def kind(self) -> str:
        return kind_of((self.meta or {}).get("source"))

    @property
    def parent(self) -> str | None:
        return parent_of(self.meta or {})


def read_file_head(
    file: BinaryIO, earlier: FileHead | None = None, end: int | None = None
) -> FileHead:
    """Read what a list shows; with `earlier`, only what is new since then; up to byte `end`.

    Raises:
        OSError: if the file cannot be read.
    """
    state = FileState.of(os.fstat(file.fileno()))
    state = state if end is None else replace(state, size=min(state.size, end))
    grown = earlier is not None and _only_grew(file, earlier, state)
    head = replace(earlier, state=state) if earlier and grown else FileHead(state)
    if not head.preview:
        head = _read_opening(file, head)
    if head.meta is None:
        return head
    since = earlier.state.size - _OVERLAP if earlier and grown else 0
    return _read_ending(file, head, max(head.opening_end, since, state.size - _TAIL))


def encoded(payload: Payload | None) -> str | None:
    return None if payload is None else json.dumps(payload, separators=(",", ":"))


def decoded(stored: str | None) -> Payload | None:
    return None if stored is None else json.loads(stored)


def _only_grew(file: BinaryIO, earlier: FileHead, now: FileState) -> bool:
    if earlier.state.inode != now.inode or now.size < earlier.state.size:
        return False
    return _check(file, earlier.opening_end) == earlier.opening_check


def _check(file: BinaryIO, end: int) -> int:
    file.seek(0)
    return zlib.crc32(file.read(min(end, _CHECKED)))


def _read_opening(file: BinaryIO, head: FileHead) -> FileHead:
    """Read on to the user's first words, or to the end if there are none."""
    end = head.opening_end
    for start, raw in whole_lines(file, end, head.state.size):
        end = start + len(raw)
        line = line_head(raw)
        if line is None:
            continue
        if line.kind == "session_meta":
            head = head if head.meta is not None else _with_meta(head, raw)
        elif line.kind == "turn_context":
            head = _with_settings(head, raw)
        elif is_user_message(line) and (words := spoken(line, raw) or "").strip():
            head = replace(head, preview=words)
            break
    return replace(head, opening_end=end, opening_check=_check(file, end))


def _with_meta(head: FileHead, raw: bytes) -> FileHead:
    line = parsed_line(raw) or {}
    payload = table(line, "payload")
    if not text(payload, "id"):
        return head
    kept = {name: value for name, value in payload.items() if name not in _LEFT_OUT}
    return replace(head, meta=kept, stamp=text(line, "timestamp"), git=table(payload, "git"))


def _read_ending(file: BinaryIO, head: FileHead, start: int) -> FileHead:
    """Look in the last lines for what changed since the first ones."""
    if start >= head.state.size:
        return head
    file.seek(start)
    ending = file.read(head.state.size - start)
    if (found := _last_line(ending, b'"session_meta"')) is not None:
        payload = table(parsed_line(found) or {}, "payload")
        if text(payload, "id") == head.thread_id:
            head = replace(head, git=table(payload, "git"))
    context = _last_line(ending, b'"turn_context"')
    change = _last_line(ending, b'"thread_settings_applied"')
    for raw in sorted(filter(None, (context, change)), key=ending.rfind):
        head = _with_settings(head, raw)
    return head


def _last_line(ending: bytes, needle: bytes) -> bytes | None:
    """The last whole line of a kind."""
    kind, at = needle.strip(b'"').decode(), len(ending)
    while (at := ending.rfind(needle, 0, at)) >= 0:
        stop = ending.find(b"\n", at)
        raw = ending[ending.rfind(b"\n", 0, at) + 1 : stop]
        line = line_head(raw) if stop >= 0 else None
        if line is not None and kind in (line.kind, line.event):
            return raw
    return None


def _with_settings(head: FileHead, raw: bytes) -> FileHead:
    payload = table(parsed_line(raw) or {}, "payload")
    if payload.get("type") == "thread_settings_applied":
        settings = table(payload, "thread_settings")
        model, effort = text(settings, "model"), text(settings, "reasoning_effort")
    else:
        model, effort = text(payload, "model"), text(payload, "effort")
    return replace(head, model=model or head.model, effort=effort)
