"""ThreadIndex: what can be asked of the index, each question answered at one moment.

Blocking: for worker threads. Which thread asks when is the store's business.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from codex_rpc.protocol.ids import ThreadId
from codex_rpc.rollout.files import ARCHIVED
from codex_rpc.rollout.index.catalogue import Catalogue
from codex_rpc.rollout.index.database import IndexConnection, IndexDatabase, Snapshot, Writing
from codex_rpc.rollout.index.folders import sync_folders
from codex_rpc.rollout.index.full_text import (
    choose_matching,
    snippet_of,
    take_in_texts,
    texts_are_in,
    waiting_texts,
)
from codex_rpc.rollout.index.looking import (
    News,
    all_known,
    fill_heads,
    is_small,
    sweep,
    sweep_some,
)
from codex_rpc.rollout.index.readings import move_readings
from codex_rpc.rollout.index.relations import (
    StoredFile,
    began,
    descendants,
    files_of,
    is_gone_on_from,
)
from codex_rpc.rollout.index.rows import COLUMNS, FileRow, read_thread_file
from codex_rpc.rollout.index.turn_marks import Mark, MarkCache
from codex_rpc.rollout.index.turn_table import TurnTable, shifted, turn_table
from codex_rpc.rollout.names import ThreadNames
from codex_rpc.rollout.stored_thread import (
    MatchPage,
    StoredThread,
    ThreadMatch,
    ThreadPage,
    ThreadQuery,
)
from codex_rpc.rollout.thread_log import ThreadLog

_PIECE_SECONDS = 0.1
"""So long others wait while much has to be read."""
_HEADS = 50


@dataclass(slots=True)
class ThreadIndex:
    """Answers from the index, after bringing it up to the files as far as the question goes."""

    codex_home: Path
    names: ThreadNames
    database: IndexDatabase
    _marks: MarkCache = field(init=False)

    def __post_init__(self) -> None:
        self._marks = MarkCache(self.database)

    # --- threads -------------------------------------------------------------------------------

    def find(self, thread_id: str) -> StoredThread | None:
        """The thread of that id, archived or not."""

        def work(connection: IndexConnection) -> StoredThread | None:
            for _ in range(3):
                sync_folders(connection, self.codex_home)
                columns = connection.sql.execute(
                    f"SELECT {COLUMNS} FROM files WHERE thread = ? AND is_head",
                    (thread_id,),
                ).fetchone()
                if columns is None:
                    return None
                news = News(connection, self.codex_home)
                row = news.look(FileRow.of(columns))
                news.store()
                if row is not None:
                    return row.stored_thread(self.names.all().get(thread_id))
            return None

        return self.database.run(work)

    def at(self, path: Path) -> StoredThread | None:
        """The thread in a file; `None` if the file holds none.

        Raises:
            OSError: if the file cannot be read.
        """
        archived = (self.codex_home / ARCHIVED) in path.parents
        row = read_thread_file(path, self.codex_home, archived=archived)
        return row.stored_thread(self.names.all().get(row.thread_id))

    def page(self, query: ThreadQuery) -> ThreadPage | None:
        """The threads that were asked for; `None` if that takes long, and has to be gone on with.

        Raises:
            InvalidCursorError: if the query's cursor is none.
        """
        names = self.names.all()

        def work(connection: IndexConnection) -> ThreadPage | None:
            sync_folders(connection, self.codex_home)
            if query.order != "created_at":
                never_seen = not is_small(connection)
                sweep(connection, archived=query.archived, never_seen=never_seen)
            catalogue = Catalogue(connection, self.codex_home, names, query)
            page = catalogue.page()
            if page is None:
                return None
            return ThreadPage(
                [catalogue.stored(row) for row in page.rows],
                page.following and page.following.cursor,
                page.preceding and page.preceding.cursor,
            )

        return self.database.run(work)

    def touched(self, path: Path) -> None:
        """A file was written to."""

        def work(connection: IndexConnection) -> None:
            updated = path.stat().st_mtime_ns // 1_000_000
            connection.sql.execute(
                "UPDATE files SET updated = ?, known = 0 WHERE path = ?", (updated, str(path))
            )

        try:
            self.database.run(work)
        except OSError:
            return

    # --- catching up ---------------------------------------------------------------------------

    def catch_up(self, count: int = _HEADS, since: str | None = None) -> bool:
        """Look at some files that were not. Returns whether there are more.

        With `since`, files of threads that are older than this one do not matter.
        """

        def work(connection: IndexConnection) -> bool:
            return fill_heads(connection, self.codex_home, count, began(connection, since))

        return self.database.run(work)

    def sync(self) -> None:
        self.database.run(lambda connection: sync_folders(connection, self.codex_home))

    def is_small(self) -> bool:
        return self.database.run(is_small)

    def sweep_some(self, after: int, *, archived: bool) -> int | None:
        """Ask some files for their time of change. Returns after which to go on."""
        return self.database.run(
            lambda connection: sweep_some(connection, after, archived=archived)
        )

    # --- words ---------------------------------------------------------------------------------

    def waiting_texts(self, *, archived: bool) -> list[tuple[str, int]]:
        """Files whose texts were not taken in yet, the newest thread last."""

        def work(connection: IndexConnection) -> list[tuple[str, int]]:
            return waiting_texts(connection, archived=archived)[::-1]

        return self.database.run(work)

    def take_in_texts(self, waiting: list[tuple[str, int]]) -> None:
        """Take in the last of these, and go on with others for a short while."""

        def work(connection: IndexConnection) -> None:
            until = time.monotonic() + _PIECE_SECONDS
            while waiting and time.monotonic() < until:
                take_in_texts(connection, waiting)

        self.database.run(work)

    def matches(self, text: str, query: ThreadQuery, *, strict: bool) -> MatchPage | None:
        """Threads in whose texts the words occur.

        If `strict`, `None` as long as not all texts have been taken in.

        Raises:
            InvalidCursorError: if the query's cursor is none.
        """
        names = self.names.all()

        def work(connection: IndexConnection) -> MatchPage | None:
            sync_folders(connection, self.codex_home)
            with Snapshot(connection):
                known = all_known(connection) and texts_are_in(connection, archived=query.archived)
                if strict and not (known and connection.in_step):
                    return None
                choose_matching(connection, text, archived=query.archived)
            among = "thread IN (SELECT thread FROM temp.matching)"
            catalogue = Catalogue(connection, self.codex_home, names, query, among)
            page = catalogue.page()
            if page is None:
                return None
            found = [
                ThreadMatch(catalogue.stored(row), snippet_of(connection, row.thread_id, text))
                for row in page.rows
            ]
            return MatchPage(
                found,
                page.following and page.following.cursor,
                page.preceding and page.preceding.cursor,
            )

        return self.database.run(work)

    # --- turns ---------------------------------------------------------------------------------

    def turn_table(self, log: ThreadLog) -> TurnTable:
        """The turns of a log that nothing has taken back.

        Raises:
            OSError: if a file cannot be read.
        """
        marks: list[Mark] = []
        offset = log.start
        for segment in log.segments:
            of_file = self._marks.of(segment.path).marks
            marks += shifted(of_file, segment.start, segment.end, offset - segment.start)
            offset += segment.end - segment.start
        return turn_table(marks, log.end)

    # --- files ---------------------------------------------------------------------------------

    def files_of(self, thread_id: str) -> list[StoredFile]:
        """All files of a thread, oldest first."""

        def work(connection: IndexConnection) -> list[StoredFile]:
            sync_folders(connection, self.codex_home)
            return files_of(connection, thread_id)

        return self.database.run(work)

    def descendants(self, thread_id: str, *, strict: bool) -> list[ThreadId] | None:
        """The threads that a thread has spawned, and they in turn.

        If `strict`, `None` as long as there are threads that were not looked at.
        """

        def work(connection: IndexConnection) -> list[ThreadId] | None:
            sync_folders(connection, self.codex_home)
            with Snapshot(connection):
                known = all_known(connection, began(connection, thread_id))
                if strict and not (known and connection.in_step):
                    return None
                return descendants(connection, thread_id)

        return self.database.run(work)

    def is_gone_on_from(self, thread_id: str, *, strict: bool) -> bool | None:
        """Whether another thread begins in one of a thread's files.

        If `strict`, `None` as long as there are threads that were not looked at.
        """

        def work(connection: IndexConnection) -> bool | None:
            sync_folders(connection, self.codex_home)
            with Snapshot(connection):
                known = all_known(connection, began(connection, thread_id))
                if strict and not (known and connection.in_step):
                    return None
                return is_gone_on_from(connection, files_of(connection, thread_id))

        return self.database.run(work)

    def moved(self, moves: Mapping[Path, Path]) -> None:
        """Files were moved; what is known of their content still holds."""

        def work(connection: IndexConnection) -> None:
            with Writing(connection):
                for old, new in moves.items():
                    move_readings(connection, str(old), str(new))
            sync_folders(connection, self.codex_home)

        self.database.run(work)

    # --- all of it -----------------------------------------------------------------------------

    def count(self) -> tuple[int, list[tuple[Path, str]]]:
        """How many threads there are to show, and which files show none, and why."""

        def work(connection: IndexConnection) -> tuple[int, list[tuple[Path, str]]]:
            sql = connection.sql
            shown = "meta IS NOT NULL AND coalesce(preview, '') <> ''"
            (threads,) = sql.execute(
                f"SELECT count(*) FROM files WHERE is_head AND {shown}"
            ).fetchone()
            rows = sql.execute(
                f"SELECT path, meta IS NULL FROM files WHERE is_head AND NOT ({shown})"
                " ORDER BY path"
            )
            reasons = {1: "holds no thread, or cannot be read", 0: "nobody said anything"}
            return threads, [(Path(path), reasons[no_meta]) for path, no_meta in rows]

        return self.database.run(work)
