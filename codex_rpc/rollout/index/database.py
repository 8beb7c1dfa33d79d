"""IndexDatabase: the connection to the index, whatever becomes of the file.

Work is a function of a connection; it may be run again from its beginning. If the file vanished, is
damaged or of another version, it is made anew; if it cannot be used for now (full disk, no right to
write, locked by somebody for too long), the work is done in memory, from the rollouts themselves.
"""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from codex_rpc.rollout.index.schema import SCHEMA, VERSION

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_PATIENCE_MS = 1000
"""How long to wait for another server that writes."""
_AWAY_SECONDS = 15.0
"""How long to leave a file alone that could not be used."""


class IndexConnection:
    """A connection, with what is remembered of its content. One thread at a time."""

    def __init__(self, path: Path | None) -> None:
        import sqlite3

        self.path = path
        self.folders: dict[str, tuple[int, int]] | None = None
        """Folders as they were last looked at: their row, and when they were changed; or unread."""
        self.folders_generation = 0
        """The content of the database that `folders` belongs to."""
        self.sql = sqlite3.connect(
            ":memory:" if path is None else path,
            timeout=_PATIENCE_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            self._prepare()
            self._inode = None if path is None else path.stat().st_ino
        except BaseException:
            self.sql.close()
            raise

    def _prepare(self) -> None:
        # WAL: those who read never wait for the one who writes.
        self.sql.execute("PRAGMA journal_mode = WAL")
        self.sql.execute("PRAGMA synchronous = NORMAL")
        self.sql.execute("PRAGMA temp_store = MEMORY")
        self.sql.execute("PRAGMA cache_size = -8000")
        if self._version() == 0:
            with Writing(self):
                if self._version() == 0:
                    create_tables(self)
                    self.sql.execute(f"PRAGMA user_version = {VERSION}")
        if self._version() != VERSION:
            raise WrongVersionError

    def _version(self) -> int:
        return self.sql.execute("PRAGMA user_version").fetchone()[0]

    @property
    def generation(self) -> int:
        """Another number whenever somebody has begun with nothing."""
        return self.sql.execute("SELECT number FROM generation").fetchone()[0]

    @property
    def in_step(self) -> bool:
        """Whether what was known of the folders is still there."""
        return self.folders is not None and self.generation == self.folders_generation

    @property
    def stale(self) -> bool:
        """Whether the file is not there any more, or is another one."""
        try:
            return self.path is not None and self.path.stat().st_ino != self._inode
        except OSError:
            return True

    def close(self) -> None:
        self.sql.close()


class WrongVersionError(Exception):
    """The file was made by another version of this package."""


class Snapshot:
    """A transaction in which everything is as it was at one moment."""

    _begin = "BEGIN"

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.sql.execute(self._begin)

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        sql = self._connection.sql
        if error is None:
            sql.execute("COMMIT")
        else:
            self._connection.folders = None
            if sql.in_transaction:
                sql.execute("ROLLBACK")


class Writing(Snapshot):
    """One that others who write wait for. What fails in it leaves nothing behind."""

    _begin = "BEGIN IMMEDIATE"


class IndexDatabase:
    """Runs work on the index, one piece at a time. Blocking: for worker threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: IndexConnection | None = None
        self._away_until = 0.0

    def run(self, work: Callable[[IndexConnection], Result]) -> Result:
        """Do the work; the file's troubles do not reach the caller."""
        import sqlite3

        with self._lock:
            for attempt in (1, 2):
                try:
                    return work(self._file())
                except (sqlite3.Error, OSError, WrongVersionError) as error:
                    if isinstance(error, OSError) and self._connection is not None:
                        raise  # of a rollout, not of the index
                    self._recover(error, attempt)
            return work(self._memory())

    def close(self) -> None:
        with self._lock:
            self._drop()

    def clear(self) -> None:
        """Begin with nothing."""
        self.run(_clear)

    def _file(self) -> IndexConnection:
        if time.monotonic() < self._away_until:
            return self._memory()
        kept = self._connection
        if kept is not None and (kept.path is None or kept.stale):
            self._drop()
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _opening(self._path):
                if not self._path.exists():
                    _unlink(self._path)  # what the file had beside it is not the new one's
                    # Made first, so that its rights are ours alone.
                    os.close(os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
                self._connection = IndexConnection(self._path)
        return self._connection

    def _memory(self) -> IndexConnection:
        if self._connection is None or self._connection.path is not None:
            self._drop()
            self._connection = IndexConnection(None)
        return self._connection

    def _recover(self, error: Exception, attempt: int) -> None:
        """Put things right, so that the work may be tried again."""
        self._drop()
        if attempt == 1 and _made_anew_helps(error):
            logger.info("the index is made anew: %s", error)
            with suppress(OSError), _opening(self._path):
                _unlink(self._path)
        elif attempt == 2 or _is_shut(error):
            logger.info("the index cannot be used for now: %s", error)
            self._away_until = time.monotonic() + _AWAY_SECONDS

    def _drop(self) -> None:
        import sqlite3

        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def create_tables(connection: IndexConnection) -> None:
    for statement in SCHEMA:
        connection.sql.execute(statement)
    number = int.from_bytes(os.urandom(6), "big")
    connection.sql.execute("INSERT INTO generation (number) VALUES (?)", (number,))


def _clear(connection: IndexConnection) -> None:
    """Tables are dropped, not the file: other servers use it too."""
    with Writing(connection):
        for (name,) in connection.sql.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " AND name NOT LIKE 'message_texts_%'"
        ).fetchall():
            connection.sql.execute(f'DROP TABLE "{name}"')
        create_tables(connection)
    connection.folders = None


@contextmanager
def _opening(path: Path) -> Generator[None]:
    """Only one process at a time opens the file or removes it.

    The database consists of three files, and must not be put together from old ones and new ones.
    """
    fd = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(fd)
        yield
    finally:
        os.close(fd)


def _lock(fd: int) -> None:
    until = time.monotonic() + _PATIENCE_MS / 1000
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(0.005)
        else:
            return


def _made_anew_helps(error: Exception) -> bool:
    """Whether it is the content of the file that is wrong."""
    import sqlite3

    if isinstance(error, WrongVersionError):
        return True
    if not isinstance(error, sqlite3.Error):
        return False
    return not _is_shut(error) and _code(error) != sqlite3.SQLITE_IOERR


def _is_shut(error: Exception) -> bool:
    """Whether the file may be fine, and cannot be used nevertheless."""
    import sqlite3

    if isinstance(error, OSError):
        return True
    return _code(error) in {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_NOMEM,
    }


def _code(error: Exception) -> int:
    """What SQLite calls the error, without details; 0 if it is none of its own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _unlink(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
