"""AnswerFolder: answers as documents, in a temporary folder that goes with the process.

A process that is killed cannot remove its folder, so the next one does: a folder is in use as long
as somebody holds the lock on it. Blocking.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "codex-rpc-answers-"


class AnswerFolder:
    """Made with the first document."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._lock = -1
        self._documents = 0

    def write(self, text: str) -> Path:
        """Write one more document.

        Raises:
            OSError: if it cannot be written.
        """
        if self._path is None:
            _remove_forgotten()
            self._path, self._lock = _make()
        self._documents += 1
        path = self._path / f"answer-{self._documents}.md"
        path.write_text(f"{text.rstrip()}\n", encoding="utf-8")
        return path

    def remove(self) -> None:
        """Remove all documents."""
        if self._path is not None:
            shutil.rmtree(self._path, ignore_errors=True)
            os.close(self._lock)
            self._path = None


def _make() -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        # Before it was locked, another process may have taken it for a forgotten one.
        if (lock := _lock(path)) is not None:
            if path.exists():
                return path, lock
            os.close(lock)


def _remove_forgotten() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if (lock := _lock(path)) is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _lock(path: Path) -> int | None:
    """A descriptor that holds the folder, unless it is gone, in use, or another user's."""
    with contextlib.suppress(OSError):
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
        else:
            return lock
    return None
