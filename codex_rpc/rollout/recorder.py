"""RolloutRecorder: the one writer of a thread's rollout file.

Recording is synchronous and only remembers lines; `write_pending` brings everything remembered to
the file in one append. The session calls it before it delivers an event, so that whatever a client
has seen is in the file. A file that exists is continued, in the form of its generation. Reading is
done elsewhere.
"""

import errno
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import anyio
import anyio.to_thread

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.errors import ThreadBusyError
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.rollout.envelope import Payload, line
from codex_rpc.rollout.file_tail import FileTail, read_tail
from codex_rpc.rollout.lines import (
    compacted_payload,
    event_payloads,
    response_item_payload,
    rolled_back_payload,
    session_meta_line,
)
from codex_rpc.rollout.lines_paginated import paginated_event_payloads
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.rollout.turn_settings import turn_context_payload
from codex_rpc.rollout.writer_lock import WriterLock

logger = logging.getLogger(__name__)


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
    While it has a file to write, nobody else writes it, this program's other processes and the
    other program included.
    """

    path: Path
    meta: SessionMeta
    codex_home: Path | None = None
    """Where writers agree on who writes. If it is not given, it is the home that `path` is in; a
    file in no home is nobody else's business."""
    _pending: list[bytes] = field(default_factory=list[bytes])
    _unwritten: bytes = b""
    """The rest of an append that was cut short, so that no line is ever torn for good."""
    _started: bool = False
    _closed: bool = False
    _found: FileTail | None = None
    """How the file ended when this recorder came to it; `None` if it has not looked yet."""
    _remembered: int = 0
    """Bytes of all lines so far, written or not."""
    _written: int = 0
    """Of these, what is in the file."""
    _vanished: int = 0
    """Of these, what was in the file when somebody removed it."""
    _count: int = 0
    """Of all lines so far."""
    _led_in: bool = False
    _writer_lock: WriterLock | None = field(init=False)
    _writing: anyio.Lock = field(default_factory=anyio.Lock)

    def __post_init__(self) -> None:
        home = self.codex_home or _home_of(self.path)
        self._writer_lock = WriterLock(home, self.meta.thread_id) if home else None

    @classmethod
    def resumed(cls, path: Path, meta: SessionMeta, codex_home: Path | None = None) -> Self:
        """A recorder that goes on with an existing file, from its next line on."""
        return cls(path, meta, codex_home, _started=True)

    async def acquire(self) -> None:
        """Become the one writer of a file that exists. A file to come needs none before it is made.

        Whoever reads the file in order to go on with it does so after this, or misses what somebody
        else adds in between. In a home that cannot be written nobody is asked before the first
        write, so that the thread can be gone on with all the same.

        Raises:
            ThreadBusyError: if somebody else writes it.
        """
        if self._started:
            await anyio.to_thread.run_sync(self._acquire)

    def _acquire(self) -> None:
        try:
            self._be_writer()
            self._tail()
        except OSError as error:
            logger.warning("cannot make sure that nobody else writes %s: %s", self.path, error)

    def _be_writer(self) -> None:
        if self._writer_lock is not None:
            self._writer_lock.acquire()

    async def close(self) -> None:
        """Let others write the file. What is not written by now is forgotten."""
        with anyio.CancelScope(shield=True):
            async with self._writing:
                self._closed = True
                if self._writer_lock is not None:
                    await anyio.to_thread.run_sync(self._writer_lock.release)

    # --- what is remembered --------------------------------------------------------------------

    def start(self) -> None:
        """From now on there is something to keep: the next write creates the file."""
        self._started = True

    def record_items(self, items: Iterable[ResponseItem]) -> None:
        for item in items:
            self._record("response_item", response_item_payload(item))

    def record_event(self, event: object) -> None:
        """Remember `event` if it is of a kind that is stored."""
        stored = paginated_event_payloads if self._numbered else event_payloads
        for payload in stored(event):
            self._record("event_msg", payload)

    def record_turn_context(self, turn_id: str | None, settings: ThreadSettings) -> None:
        """What a turn runs with; without a turn, what later ones will."""
        self._record("turn_context", turn_context_payload(turn_id, settings))

    def record_compaction(self, message: str, replacement: Sequence[ResponseItem]) -> None:
        """History is now `replacement`; `message` is the summary in it."""
        self._record("compacted", compacted_payload(message, replacement))

    def record_meta(self, payload: Payload) -> None:
        """Remember a first line as it would be by now; the file keeps the one it has as well."""
        self._record("session_meta", payload)

    def record_rollback(self, num_turns: int, before_turn: str | None = None) -> None:
        """The last `num_turns` user messages and all that followed the first of them are undone.

        With `before_turn`, so is all of that turn, and what followed.
        """
        self._record("event_msg", rolled_back_payload(num_turns, before_turn))

    def _record(self, kind: str, payload: Payload) -> None:
        ordinal = self._first_ordinal() + self._count if self._numbered else None
        encoded = line(kind, payload, datetime.now(UTC), ordinal)
        self._pending.append(encoded)
        self._remembered += len(encoded)
        self._count += 1

    @property
    def _numbered(self) -> bool:
        return self.meta.history_mode == "paginated"

    def _first_ordinal(self) -> int:
        """Of this recorder's lines. A new file's first line is not among them."""
        return self._tail().next_ordinal or 1

    @property
    def position(self) -> int | None:
        """Where in the file the next line will begin, once all that is remembered is written.

        `None` if there is nothing to keep yet.
        """
        if not self._started:
            return None
        return self._tail().size + len(self._lead_in()) + self._remembered - self._vanished

    def _tail(self) -> FileTail:
        if self._found is None:
            self._found = read_tail(self.path, numbered=self._numbered)
        return self._found

    def _lead_in(self) -> bytes:
        """What has to come first: the thread's name if the file is new, the end of a torn line."""
        found = self._tail()
        if found.size == 0:
            return session_meta_line(self.meta)
        return b"\n" if found.torn else b""

    # --- writing -------------------------------------------------------------------------------

    @property
    def dirty(self) -> bool:
        """Whether something is remembered that belongs in the file by now."""
        return self._started and not self._closed and bool(self._pending or self._unwritten)

    async def write_pending(self) -> None:
        """Bring all that is remembered to the file; when this returns, `write` has returned.

        Raises:
            OSError: if the file cannot be created or written, or somebody else writes it. Nothing
                is forgotten.
        """
        if not self.dirty:
            return
        with anyio.CancelScope(shield=True):
            async with self._writing:
                if not self.dirty:
                    return
                self._unwritten += b"".join(self._pending)
                self._pending.clear()
                await anyio.to_thread.run_sync(self._append)

    def _append(self) -> None:
        try:
            self._be_writer()
        except ThreadBusyError as error:
            raise OSError(errno.EBUSY, "another process writes it", str(self.path)) from error
        # Opened anew each time: hundreds of idle threads shall not hold hundreds of descriptors.
        fd, created = self._open()
        try:
            if created or not self._led_in:
                self._begin(created=created)
            while self._unwritten:
                written = os.write(fd, self._unwritten)
                self._written += written
                self._unwritten = self._unwritten[written:]
        finally:
            os.close(fd)

    def _begin(self, *, created: bool) -> None:
        if created and (self._led_in or self._tail().size):
            # Somebody has removed the file. The rest of the thread shall have a name at least.
            self._found = FileTail(next_ordinal=self._first_ordinal())
            self._vanished += self._written
        lead_in = self._lead_in()
        self._unwritten = lead_in + self._unwritten
        self._written = -len(lead_in)
        self._led_in = True

    def _open(self) -> tuple[int, bool]:
        """A descriptor of the file, and whether the file was made for it."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        try:
            return os.open(self.path, flags), False
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, flags | os.O_CREAT, 0o600), True


def _home_of(path: Path) -> Path | None:
    """The home that a file is in, if it is in one: archived, or in the folder of its day."""
    if path.parent.name == "archived_sessions":
        return path.parents[1]
    return path.parents[4] if len(path.parents) > 4 and path.parents[3].name == "sessions" else None
