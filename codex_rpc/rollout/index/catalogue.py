"""The catalogue: pages of threads, in the order and with the filters that were asked for.

A page costs what is on it: candidates come from rows that folders alone have filled, and each is
compared with its file, and looked at if need be, before it is returned.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codex_rpc.errors import InvalidCursorError
from codex_rpc.rollout.envelope import moment_of, utc_millis
from codex_rpc.rollout.index.database import IndexConnection, Snapshot, Writing
from codex_rpc.rollout.index.folders import choose_heads, remove_rows, sync_folders
from codex_rpc.rollout.index.rows import COLUMNS, FileRow, look_again, store_row
from codex_rpc.rollout.index.sources import kinds_meant
from codex_rpc.rollout.stored_thread import StoredThread, ThreadQuery

_TRIES = 10
"""How often to begin anew when files change while they are being listed."""
_AT_ONCE = 500
"""How many files are read before others have their turn."""
_FEW_FILES = 3000
"""Up to here, asking each file for its time of change is nothing."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place between threads in some order; without `thread_id`, beside all of that moment."""

    key: int
    """Unix milliseconds."""
    thread_id: str | None = None

    @classmethod
    def of_cursor(cls, cursor: str) -> "Position":
        """Read a cursor, ours or the other program's.

        Raises:
            InvalidCursorError: if it is none.
        """
        stamp, bar, thread_id = cursor.partition("|")
        moment = moment_of(stamp) if "T" in stamp else None
        if moment is None or (bar and not thread_id):
            raise InvalidCursorError(cursor)
        return cls(round(moment.timestamp() * 1000), thread_id or None)

    @property
    def cursor(self) -> str:
        stamp = utc_millis(datetime.fromtimestamp(self.key / 1000, UTC))
        return stamp if self.thread_id is None else f"{stamp}|{self.thread_id}"


@dataclass(frozen=True, slots=True)
class Page:
    """Some threads, and where those after and before them begin."""

    rows: Sequence[FileRow]
    following: Position | None
    preceding: Position | None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Answers one query at one moment. `among` is a further condition in SQL."""

    connection: IndexConnection
    codex_home: Path
    names: Mapping[str, str]
    query: ThreadQuery
    among: str | None = None

    def page(self) -> Page | None:
        """The threads that were asked for.

        `None` if so many files had to be read that others shall have their turn first. What was
        read is kept, so the next attempt gets further.

        Raises:
            InvalidCursorError: if the query's cursor is none.
        """
        cursor = self.query.cursor
        start = None if cursor is None else Position.of_cursor(cursor)
        collected = self._collect(start)
        for _ in range(_TRIES):
            if collected.settled or collected.unfinished:
                break
            sync_folders(self.connection, self.codex_home)
            collected = self._collect(start)
        if collected.unfinished:
            return None
        limit = max(self.query.limit, 1)
        rows = collected.rows[:limit]
        more = len(collected.rows) > limit
        return Page(
            rows,
            self._position(rows[-1]) if more else None,
            self._before(rows[0]) if rows else None,
        )

    def stored(self, row: FileRow) -> StoredThread:
        """What others may know of a thread on a page."""
        stored = row.stored_thread(self.names.get(row.thread_id))
        assert stored is not None, "shown"
        return stored

    # --- candidates ----------------------------------------------------------------------------

    def _collect(self, start: Position | None) -> "_Collected":
        """One thread more than asked for, if there are so many."""
        wanted = max(self.query.limit, 1) + 1
        collected = _Collected()
        news = News(self.connection, self.codex_home)
        with Snapshot(self.connection):
            if not self.connection.in_step:
                return _Collected(settled=False)
            position = start
            while len(collected.rows) < wanted and not collected.unfinished:
                candidates = self._candidates(position, max(wanted, 50))
                for candidate in candidates:
                    position = self._position(candidate)
                    self._take(collected, candidate, news.look(candidate))
                    if len(collected.rows) == wanted:
                        break
                if not candidates:
                    break
                collected.unfinished = news.read >= _AT_ONCE and len(collected.rows) < wanted
        news.store()
        return collected

    def _take(self, collected: "_Collected", candidate: FileRow, row: FileRow | None) -> None:
        """Take a candidate in if it is one of those asked for; `row` is what it should be."""
        if row is None or self._position(row) != self._position(candidate):
            collected.settled = False
        elif row.shown and self._fits(row):
            collected.rows.append(row)

    def _candidates(self, position: Position | None, count: int) -> list[FileRow]:
        conditions, values = self._conditions()
        direction = "DESC" if self.query.descending else "ASC"
        sign = "<" if self.query.descending else ">"
        if position is not None and position.thread_id is not None:
            conditions.append(f"({self._key}, thread) {sign} (?, ?)")
            values += [position.key, position.thread_id]
        elif position is not None:
            conditions.append(f"{self._key} {sign} ?")
            values.append(position.key)
        rows = self.connection.sql.execute(
            f"SELECT {COLUMNS} FROM files WHERE {' AND '.join(conditions)}"
            f" ORDER BY {self._key} {direction}, thread {direction} LIMIT ?",
            [*values, count],
        )
        return [FileRow.of(columns) for columns in rows.fetchall()]

    def _conditions(self) -> tuple[list[str], list[Any]]:
        """What a row must fulfil to be worth a look; what is not known yet is."""
        query = self.query
        conditions, values = ["is_head", "archived = ?"], list[Any]([int(query.archived)])
        if query.excluded:
            conditions.append(f"thread NOT IN ({_marks(query.excluded)})")
            values += query.excluded
        if self.among is not None:
            conditions.append(self.among)
        for column, allowed in self._allowed().items():
            conditions.append(f"(NOT known OR {column} IN ({_marks(allowed)}))")
            values += allowed
        if query.ancestor is not None:
            conditions.append(f"thread IN ({_DESCENDANTS})")
            values.append(query.ancestor)
        if query.search_term:
            self.connection.sql.create_function("says", 2, self._says(query.search_term))
            conditions.append("(NOT known OR says(thread, preview))")
        return conditions, values

    def _allowed(self) -> dict[str, Sequence[str]]:
        query = self.query
        asked = {
            "provider": query.providers,
            "originator": query.originators,
            "kind": None if not query.source_kinds else sorted(kinds_meant(query.source_kinds)),
            "cwd": None if not query.cwds else [str(Path(cwd)) for cwd in query.cwds],
            "parent": None if query.parent is None else [query.parent],
        }
        return {column: list(allowed) for column, allowed in asked.items() if allowed}

    def _fits(self, row: FileRow) -> bool:
        """Whether a row that has been looked at is one of those asked for."""
        head = row.head
        meta = None if head is None else head.session
        if head is None or meta is None:
            return False
        has = {
            "provider": meta.model_provider,
            "originator": meta.originator,
            "kind": head.kind,
            "cwd": str(meta.cwd),
            "parent": head.parent,
        }
        if any(has[column] not in allowed for column, allowed in self._allowed().items()):
            return False
        term = self.query.search_term
        return not term or self._says(term)(row.thread_id, head.preview)

    def _says(self, term: str) -> Callable[[str, str | None], bool]:
        needle, names = term.casefold(), self.names

        def says(thread_id: str, preview: str | None) -> bool:
            return (
                needle in (preview or "").casefold()
                or needle in names.get(thread_id, "").casefold()
            )

        return says

    # --- positions -----------------------------------------------------------------------------

    @property
    def _key(self) -> str:
        return "created" if self.query.order == "created_at" else "updated"

    def _position(self, row: FileRow) -> Position:
        if self.query.order == "created_at":
            return Position(row.created, row.thread_id)
        return Position(row.updated or 0, row.thread_id)

    def _before(self, row: FileRow) -> Position:
        """From where a page in the other direction begins with this thread."""
        return Position(self._position(row).key + (-1 if self.query.descending else 1))


@dataclass(slots=True)
class _Collected:
    """Rows in order; `settled` if nothing turned out otherwise than the index had it."""

    rows: list[FileRow] = field(default_factory=list[FileRow])
    settled: bool = True
    unfinished: bool = False


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
        if now is not row:
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


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


_DESCENDANTS = """
    WITH RECURSIVE below (thread) AS (
        SELECT thread FROM files WHERE parent = ?
        UNION SELECT files.thread FROM files JOIN below ON files.parent = below.thread
    ) SELECT thread FROM below
"""
