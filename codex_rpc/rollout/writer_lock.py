"""WriterLock: the right to write a thread's files, which one process has at a time.

The form is the other program's, so that the two respect each other: an exclusive `flock` on
`thread-writer-locks/<thread id>.lock` in the home. Locks are taken and given back, and their files
made and removed, under another lock that is held for a moment only. The kernel frees the locks of a
process that dies; the file it leaves behind means nothing.
"""

import errno
import fcntl
import logging
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from codex_rpc.errors import ThreadBusyError

logger = logging.getLogger(__name__)

_FOLDER = "thread-writer-locks"
_COORDINATION = ".coordination.lock"
_PATIENCE_S = 5.0
_PAUSE_S = 0.01

_NO_SUCH_LOCKS = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK})
"""What file systems answer that cannot lock, for nobody."""


@dataclass(slots=True)
class WriterLock:
    """Free until it is acquired. Everything here is blocking: for a worker thread."""

    codex_home: Path
    thread_id: str
    _fd: int | None = None

    @property
    def held(self) -> bool:
        return self._fd is not None

    def acquire(self) -> None:
        """Take the lock; nothing happens if it is held already.

        Raises:
            ThreadBusyError: if another process has it, or somebody else in this one.
            OSError: if there can be no lock here, as in a home that cannot be written.
        """
        if self._fd is not None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._coordinated():
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                if not _locked(fd):
                    raise ThreadBusyError(self.thread_id)
            except BaseException:
                os.close(fd)
                raise
        self._fd = fd

    def release(self) -> None:
        """Give the lock back; nothing happens if it is not held."""
        fd, self._fd = self._fd, None
        if fd is None:
            return
        try:
            with self._coordinated():
                self._path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("left a lock file behind: %s", error)
        finally:
            os.close(fd)

    @property
    def _folder(self) -> Path:
        return self.codex_home / _FOLDER

    @property
    def _path(self) -> Path:
        return self._folder / f"{self.thread_id}.lock"

    @contextmanager
    def _coordinated(self) -> Generator[None]:
        """Be the only one who takes a lock, or gives one back."""
        path = self._folder / _COORDINATION
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            deadline = time.monotonic() + _PATIENCE_S
            while not _locked(fd):
                if time.monotonic() > deadline:
                    raise TimeoutError(errno.ETIMEDOUT, "somebody holds on to", str(path))
                time.sleep(_PAUSE_S)
            yield
        finally:
            os.close(fd)


def _locked(fd: int) -> bool:
    """Whether the lock could be had, which it also is where no lock is to be had by anybody."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_SUCH_LOCKS:
            raise
        logger.warning("this file system cannot lock files: %s", error)
    return True
