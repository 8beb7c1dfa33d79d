"""ThreadNames: the names that users gave to threads, in `session_index.jsonl`.

A line names a thread; the last one for a thread counts. The file is shared with the `codex`
command, which appends to it as well, and writes it anew when a thread is deleted: both under a lock
on the file beside it. Reading takes none. Which threads exist is not known here.
"""

import fcntl
import os
import threading
import time
import zlib
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic_core import from_json, to_json

from codex_rpc.rollout.envelope import utc_millis

_LOCK_SECONDS = 2.0
"""How long to wait for the lock. A name is worth more than the order of two writers."""
_CHECKED = 256
"""So many bytes before the end of what was read tell whether the file is still the same."""


class ThreadNames:
    """Reads what was added since it last looked. Blocking; for any thread."""

    def __init__(self, codex_home: Path) -> None:
        self._path = codex_home / "session_index.jsonl"
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._seen: tuple[int, int, int] | None = None
        """Inode, size and time of change of the file when it was last read."""
        self._end = 0
        self._check = 0

    def all(self) -> Mapping[str, str]:
        """The names by thread, as of now."""
        with self._lock:
            try:
                status = self._path.stat()
                seen = (status.st_ino, status.st_size, status.st_mtime_ns)
                if seen != self._seen:
                    self._read(self._seen is not None and self._seen[0] == status.st_ino)
                    self._seen = seen
            except OSError:
                self._forget()
            return self._names

    def set(self, thread_id: str, name: str) -> None:
        """Name a thread.

        Raises:
            OSError: if the file cannot be written.
        """
        moment = utc_millis(datetime.now(UTC))
        entry = {"id": thread_id, "thread_name": name, "updated_at": moment}
        with self._locked():
            fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                size = os.fstat(fd).st_size
                torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
                os.write(fd, b"\n" * torn + to_json(entry, inf_nan_mode="null") + b"\n")
            finally:
                os.close(fd)

    def remove(self, thread_ids: Collection[str]) -> None:
        """Forget the names of threads that are gone.

        Raises:
            OSError: if the file cannot be written.
        """
        if not self.all().keys() & set(thread_ids):
            return
        with self._locked():
            lines = self._path.read_bytes().splitlines(keepends=True)
            kept = [line for line in lines if not _names_one_of(line, thread_ids)]
            fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
            fresh.write_bytes(b"".join(kept))
            fresh.chmod(self._path.stat().st_mode & 0o777)
            fresh.replace(self._path)

    def _forget(self) -> None:
        self._names, self._seen, self._end, self._check = {}, None, 0, 0

    def _read(self, same_file: bool) -> None:
        with self._path.open("rb") as file:
            file.seek(max(self._end - _CHECKED, 0))
            before = file.read(min(self._end, _CHECKED))
            if not same_file or zlib.crc32(before) != self._check:
                self._forget()
                file.seek(0)
                before = b""
            added = file.read()
        # A line that is being written is read when it is whole.
        whole = added[: added.rfind(b"\n") + 1]
        for line in whole.splitlines():
            if (entry := _entry(line)) is not None:
                self._names[entry[0]] = entry[1]
        self._end += len(whole)
        self._check = zlib.crc32((before + whole)[-_CHECKED:])

    @contextmanager
    def _locked(self) -> Generator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = self._path.with_name(self._path.name + ".lock")
        fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(fd)
            yield
        finally:
            os.close(fd)


def _lock(fd: int) -> None:
    """Lock the file if that can be had in time; some file systems have no locks at all."""
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return
            time.sleep(0.01)
        except OSError:
            return
        else:
            return


def _entry(line: bytes) -> tuple[str, str] | None:
    try:
        entry: object = from_json(line)
    except ValueError:
        return None
    match entry:
        case {"id": str(thread_id), "thread_name": str(name)}:
            return thread_id, name
        case _:
            return None


def _names_one_of(line: bytes, thread_ids: Collection[str]) -> bool:
    entry = _entry(line)
    return entry is not None and entry[0] in thread_ids
