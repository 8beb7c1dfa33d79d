"""RolloutRecorder: the one writer of a thread's rollout file.

Recording is synchronous and only remembers lines; `write_pending` brings everything remembered to
the file in one append. The session calls it before it delivers an event, so that whatever a client
has seen is in the file. Reading is done elsewhere.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.to_thread

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.rollout.lines import (
    Payload,
    SessionMeta,
    event_payloads,
    line,
    response_item_payload,
    turn_context_payload,
)


def rollout_path(codex_home: Path, thread_id: str, created: datetime) -> Path:
    """Where the rollout of a thread lives; folders and name are in local time."""
    local = created.astimezone()
    folder = codex_home / "sessions" / f"{local:%Y}" / f"{local:%m}" / f"{local:%d}"
    return folder / f"rollout-{local:%Y-%m-%dT%H-%M-%S}-{thread_id}.jsonl"


@dataclass(slots=True)
class RolloutRecorder:
    """Appends to one file, which is created with its first turn and not before.

    Lines that cannot be written stay remembered and are tried again with the next ones.
    """

    path: Path
    meta: SessionMeta
    _pending: list[bytes] = field(default_factory=list[bytes])
    _unwritten: bytes = b""
    """The rest of an append that was cut short, so that no line is ever torn for good."""
    _started: bool = False
    _lock: anyio.Lock = field(default_factory=anyio.Lock)

    def start(self) -> None:
        """From now on there is something to keep: the next write creates the file."""
        if not self._started:
            self._started = True
            self._pending.insert(0, line("session_meta", self.meta.payload(), self.meta.timestamp))

    def record_items(self, items: Iterable[ResponseItem]) -> None:
        for item in items:
            self._record("response_item", response_item_payload(item))

    def record_event(self, event: object) -> None:
        """Remember `event` if it is of a kind that is stored."""
        for payload in event_payloads(event):
            self._record("event_msg", payload)

    def record_turn_context(self, turn_id: str, settings: ThreadSettings) -> None:
        self._record("turn_context", turn_context_payload(turn_id, settings))

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
        fd = self._open()
        try:
            while self._unwritten:
                written = os.write(fd, self._unwritten)
                self._unwritten = self._unwritten[written:]
        finally:
            os.close(fd)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            return os.open(self.path, flags, 0o600)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, flags, 0o600)
