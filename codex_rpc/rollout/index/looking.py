"""Looking at files: for one that is about to be shown, for many ahead of questions.

How to read a file is known elsewhere; here is when, and how the rows learn of it.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codex_rpc.rollout.index.database import IndexConnection, Writing
from codex_rpc.rollout.index.folders import choose_heads, remove_rows
from codex_rpc.rollout.index.rows import COLUMNS, FileRow, look_again, store_row

_FEW_FILES = 3000
"""Up to here, asking each file for its time of change is nothing."""


class News:
    """What a look at files has shown that the rows did not say."""

    def __init__(self, connection: IndexConnection, codex_home: Path) -> None:
        self._connection = connection
        self._codex_home = codex_home
        self._changed: list[FileRow] = []
        self._gone: list[str] = []
        self.read = 0
        """How many files were read."""
        self.renamed: set[str] = set()
        """Threads of files whose first line names another one than their own name."""

    def look(self, row: FileRow) -> FileRow | None:
        """The row as it should be; `None` if the file is gone, or another thread's."""
        try:
            now = look_again(row, self._codex_home)
        except FileNotFoundError:
            self._gone.append(str(row.path))
            return None
        if now is not row or not row.known:
            self.read += now.readable
            self._changed.append(now)
            if now.thread_id != row.thread_id:
                self.renamed |= {now.thread_id, row.thread_id}
                return None
        return now

    def store(self) -> None:
        if not self._changed and not self._gone:
            return
        with Writing(self._connection):
            for row in self._changed:
                store_row(self._connection, row)
            choose_heads(self._connection, remove_rows(self._connection, self._gone) | self.renamed)


def fill_heads(connection: IndexConnection, codex_home: Path, count: int, since: int = 0) -> bool:
    """Look at some files that were not, newest first. Returns whether there may be more."""
    rows = connection.sql.execute(
        f"SELECT {COLUMNS} FROM files WHERE NOT known AND created >= ?"
        " ORDER BY created DESC LIMIT ?",
        (since, count),
    ).fetchall()
    news = News(connection, codex_home)
    for columns in rows:
        news.look(FileRow.of(columns))
    news.store()
    return len(rows) == count


def all_known(connection: IndexConnection, since: int = 0) -> bool:
    """Whether all files of threads younger than this were looked at."""
    row = connection.sql.execute(
        "SELECT 1 FROM files WHERE NOT known AND created >= ? LIMIT 1", (since,)
    ).fetchone()
    return row is None


def sweep(connection: IndexConnection, *, archived: bool, never_seen: bool = False) -> None:
    """Ask files for their time of change: all of them, or those that were `never_seen`."""
    after: int | None = 0
    while after is not None:
        after = sweep_some(connection, after, archived=archived, never_seen=never_seen)


def sweep_some(
    connection: IndexConnection, after: int, *, archived: bool, never_seen: bool = False
) -> int | None:
    """Ask the files of the rows after `after`. Returns where to go on, if there is more."""
    condition = "updated IS NULL" if never_seen else "1"
    rows = connection.sql.execute(
        "SELECT id, path, inode, size, changed_ns, updated, known FROM files"
        f" WHERE id > ? AND is_head AND archived = ? AND {condition} ORDER BY id LIMIT ?",
        (after, int(archived), _FEW_FILES),
    ).fetchall()
    changed = [change for row in rows if (change := _change(row)) is not None]
    if changed:
        with Writing(connection):
            connection.sql.executemany(
                "UPDATE files SET updated = ?, known = known AND ? WHERE path = ?", changed
            )
    return rows[-1][0] if len(rows) == _FEW_FILES else None


def is_small(connection: IndexConnection) -> bool:
    """Whether all files may be asked for their time of change, each time."""
    count = connection.sql.execute("SELECT count(*) FROM files").fetchone()[0]
    return count <= _FEW_FILES


def _change(row: Sequence[Any]) -> tuple[int, int, str] | None:
    """A file's new time of change, and whether what is known of it still holds."""
    _, path, inode, size, changed_ns, updated, known = row
    try:
        status = os.stat(path)  # noqa: PTH116  (thousands of them)
    except OSError:
        return (0, 1, path) if updated is None else None
    now = status.st_mtime_ns // 1_000_000
    same = (inode, size, changed_ns) == (status.st_ino, status.st_size, status.st_mtime_ns)
    return None if now == updated and (same or not known) else (now, int(same), path)
