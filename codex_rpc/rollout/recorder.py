"""RolloutRecorder: the one writer of a thread's rollout file.

Recording is synchronous and only remembers lines; `write_pending` brings everything remembered to
the file in one append. The session calls it before it delivers an event, so that whatever a client
has seen is in the file. A file that exists is continued. Reading is done elsewhere.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import anyio
import anyio.to_thread

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.rollout.envelope import Payload, line
from codex_rpc.rollout.lines import (
    compacted_payload,
    event_payloads,
    response_item_payload,
    rolled_back_payload,
    session_meta_line,
)
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.rollout.turn_settings import turn_context_payload


def rollout_path(codex_home: Path, thread_id: str, created: datetime) -> Path:
    """Where the rollout of a thread lives; folders and name are in local time."""
    local = created.astimezone()
    folder = codex_home / "sessions" / f"{local:%Y}" / f"{local:%m}" / f"{local:%d}"
    return folder / f"rollout-{local:%Y-%m-%dT%H-%M-%S}-{thread_id}.jsonl"


@dataclass(slots=True)
class RolloutRecorder:
    """Appends to one file, which is created with its first turn and not before.

    Lines that cannot be written stay remembered and are tried again with the next ones. An empty
    file begins with `meta`; one that another process left with half a line goes on with a new one.
    """

    path: Path
    meta: SessionMeta
    _pending: list[bytes] = field(default_factory=list[bytes])
    _unwritten: bytes = b""
    """The rest of an append that was cut short, so that no line is ever torn for good."""
    _started: bool = False
    _tail_known: bool = False
    """Whether the file ends as this recorder left it, and not as a process that died did."""
    _lock: anyio.Lock = field(default_factory=anyio.Lock)

    @classmethod
    def resumed(cls, path: Path, meta: SessionMeta) -> Self:
        """A recorder that goes on with an existing file, from its next line on."""
        return cls(path, meta, _started=True)

    @property
    def position(self) -> int:
        """Where the next line will begin (interim)."""
        size = self.path.stat().st_size if self.path.exists() else len(session_meta_line(self.meta))
        return size + len(self._unwritten) + sum(map(len, self._pending))

    async def acquire(self) -> None:
        """Be the file's one writer (interim)."""

    async def close(self) -> None:
        """Give the file back (interim)."""

    def start(self) -> None:
        """From now on there is something to keep: the next write creates the file."""
        self._started = True

    def record_items(self, items: Iterable[ResponseItem]) -> None:
        for item in items:
            self._record("response_item", response_item_payload(item))

    def record_event(self, event: object) -> None:
        """Remember `event` if it is of a kind that is stored."""
        for payload in event_payloads(event):
            self._record("event_msg", payload)

    def record_turn_context(self, turn_id: str | None, settings: ThreadSettings) -> None:
        """What a turn runs with; without a turn, what later ones will."""
        self._record("turn_context", turn_context_payload(turn_id, settings))

    def record_compaction(self, message: str, replacement: Sequence[ResponseItem]) -> None:
        """History is now `replacement`; `message` is the summary in it."""
        self._record("compacted", compacted_payload(message, replacement))

    def record_rollback(self, num_turns: int) -> None:
        """The last `num_turns` user messages and all that followed the first of them are undone."""
        self._record("event_msg", rolled_back_payload(num_turns))

    def _record(self, kind: str, payload: Payload) -> None:
        self._pending.append(line(kind, payload, datetime.now(UTC)))

    @property
    def dirty(self) -> bool:
        """Whether something is remembered that belongs in the file by now."""
        return self._started and bool(self._pending or self._unwritten)

    async def write_pending(self) -> None:
        """Bring all that is remembered to the file; when this returns, `write` has returned.

        Raises:
            OSError: if the file cannot be created or written. Nothing is forgotten.
        """
        if not self.dirty:
            return
        with anyio.CancelScope(shield=True):
            async with self._lock:
                self._unwritten += b"".join(self._pending)
                self._pending.clear()
                await anyio.to_thread.run_sync(self._append)

    def _append(self) -> None:
        # Opened anew each time: hundreds of idle threads shall not hold hundreds of descriptors.
        fd, created = self._open()
        try:
            if created or not self._tail_known:
                self._unwritten = self._lead_in(fd, created) + self._unwritten
                self._tail_known = True
            while self._unwritten:
                written = os.write(fd, self._unwritten)
                self._unwritten = self._unwritten[written:]
        finally:
            os.close(fd)

    def _lead_in(self, fd: int, created: bool) -> bytes:
        """What has to come first: the thread's name if the file is new, the end of a torn line."""
        size = 0 if created else os.fstat(fd).st_size
        if size == 0:
            return session_meta_line(self.meta)
        return b"" if os.pread(fd, 1, size - 1) == b"\n" else b"\n"

    def _open(self) -> tuple[int, bool]:
        """A descriptor of the file, and whether the file was made for it."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        try:
            return os.open(self.path, flags), False
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, flags | os.O_CREAT, 0o600), True
