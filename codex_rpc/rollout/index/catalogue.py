"""The catalogue: pages of threads, in the order and with the filters that were asked for.

A page costs what is on it: candidates come from rows that folders alone have filled, and each is
compared with its file, and looked at if need be, before it is returned.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import Struct

from codex_rpc.rollout.index.database import IndexConnection, Snapshot
from codex_rpc.rollout.index.folders import sync_folders
from codex_rpc.rollout.index.looking import News
from codex_rpc.rollout.index.positions import Position
from codex_rpc.rollout.index.relations import DESCENDANTS
from codex_rpc.rollout.index.rows import COLUMNS, FileRow
from codex_rpc.rollout.index.sources import kinds_meant
from codex_rpc.rollout.stored_thread import StoredThread, ThreadQuery

_TRIES = 10
"""How often to begin anew when files change while they are being listed."""
_AT_ONCE = 500
"""How many files are read before others have their turn."""


class Page(Struct, frozen=True):
    """Some threads, and where those after and before them begin."""

    rows: Sequence[FileRow]
    following: Position | None
    preceding: Position | None


class Catalogue(Struct, frozen=True):
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
            conditions.append(f"thread IN ({DESCENDANTS})")
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


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
