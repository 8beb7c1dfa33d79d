"""ThreadStore: the threads on disk: finding, listing, searching, archiving and deleting them.

An async face of the index and the files; everything slow happens in worker threads. Loaded threads
are the manager's: whoever moves or deletes the files of one ends it first.
"""

import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup
from msgspec import Struct

from codex_rpc.errors import (
    ForkedHistoryError,
    RolloutError,
    RolloutMetaMissingError,
    ThreadNotArchivedError,
    ThreadNotStoredError,
)
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.rollout.archive import archive_files, delete_files, unarchive_files
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.names import ThreadNames
from codex_rpc.rollout.stored_thread import MatchPage, StoredThread, ThreadPage, ThreadQuery
from codex_rpc.rollout.writer_lock import WriterLock

if TYPE_CHECKING:
    from codex_rpc.rollout.index.thread_index import ThreadIndex
    from codex_rpc.rollout.index.turn_table import TurnTable
    from codex_rpc.rollout.index.upkeep import IndexUpkeep
    from codex_rpc.rollout.thread_log import ThreadLog

run = anyio.to_thread.run_sync


class IndexReport(Struct, frozen=True):
    """What making the index anew has found."""

    threads: int
    skipped: Sequence[tuple[Path, str]]
    """Files that show no thread, and why."""
    seconds: float

    def __str__(self) -> str:
        lines = [f"{self.threads} threads indexed in {self.seconds:.1f} s"]
        lines += [f"skipped {path}: {reason}" for path, reason in self.skipped]
        return "\n".join(lines)


class ThreadStore:
    """All threads of a home. An async context manager; nothing is opened before it is needed."""

    def __init__(self, codex_home: Path) -> None:
        self._home = codex_home
        self._names = ThreadNames(codex_home)
        self._tasks: TaskGroup | None = None
        self._made: IndexUpkeep | None = None

    @property
    def _upkeep(self) -> "IndexUpkeep":
        if self._made is None:
            # What a server needs to start does not include the index.
            from codex_rpc.rollout.index.upkeep import IndexUpkeep

            self._made = IndexUpkeep(self._home, self._names)
        return self._made

    @property
    def _index(self) -> "ThreadIndex":
        return self._upkeep.index

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._tasks is not None, "entered"
        self._tasks.cancel_scope.cancel()
        # The task group must not hear of `error`: it would pass it on wrapped in a group.
        await self._tasks.__aexit__(None, None, None)
        self._tasks = None
        if self._made is not None:
            self._made.close()

    # --- finding -------------------------------------------------------------------------------

    async def find(self, thread_id: str) -> StoredThread:
        """The thread of that id, archived or not.

        Raises:
            ThreadNotStoredError: if no file holds it.
        """
        stored = await run(self._index.find, thread_id.lower())
        if stored is None:
            raise ThreadNotStoredError(thread_id)
        return stored

    async def at(self, path: Path) -> StoredThread:
        """The thread in a file anywhere.

        Raises:
            RolloutError: if the file holds none, or cannot be read.
        """
        try:
            stored = await run(self._index.at, path)
        except OSError as error:
            raise RolloutError(f"failed to read session file: {error.strerror}") from error
        if stored is None:
            raise RolloutMetaMissingError
        return stored

    async def list(self, query: ThreadQuery) -> ThreadPage:
        """A page of the threads in which the user said something.

        Raises:
            InvalidCursorError: if the query's cursor is none.
        """
        if query.ancestor is not None:
            await self._upkeep.catch_up()
        page = None
        while page is None:
            page = await run(self._index.page, query)
        if self._tasks is not None and self._upkeep.wanted(query):
            self._tasks.start_soon(self._upkeep.tidy_up, query)
        return page

    async def search(self, text: str, query: ThreadQuery) -> MatchPage:
        """A page of the threads in which somebody said this, in any case.

        What has not been read yet is read first; being cancelled loses nothing of that.

        Raises:
            InvalidCursorError: if the query's cursor is none.
        """
        await self._upkeep.sweep(archived=query.archived)
        ask = partial(self._index.matches, text, query)
        return await self._upkeep.answer(ask, texts_archived=query.archived)

    async def turn_table(self, log: "ThreadLog") -> "TurnTable":
        """The turns of a log that nothing has taken back, and where in it their lines are.

        Raises:
            OSError: if a file cannot be read.
        """
        return await run(self._index.turn_table, log)

    async def descendants(self, thread_id: str) -> Sequence[ThreadId]:
        """The threads that this one has spawned, and those that they have spawned."""
        ask = partial(self._index.descendants, thread_id)
        return await self._upkeep.answer(ask, since=thread_id)

    async def touched(self, path: Path) -> None:
        """Something was written to a thread's file, so the thread is more recent now.

        It need not be told: it only helps a list of very many threads to be right at once.
        """
        await run(self._index.touched, path)

    # --- changing ------------------------------------------------------------------------------

    async def archive(self, thread_id: str) -> StoredThread:
        """Put a thread into the archive.

        Raises:
            ThreadNotStoredError: if there is no such thread outside of it.
            ThreadBusyError: if a process has it open.
        """
        stored = await self.find(thread_id)
        if stored.archived:
            raise ThreadNotStoredError(thread_id)
        await self._move(stored, archive_files)
        return await self.find(thread_id)

    async def unarchive(self, thread_id: str) -> StoredThread:
        """Bring a thread back from the archive.

        Raises:
            ThreadNotArchivedError: if there is no such thread in it.
            ThreadBusyError: if a process has it open.
        """
        try:
            stored = await self.find(thread_id)
        except ThreadNotStoredError:
            raise ThreadNotArchivedError(thread_id) from None
        if not stored.archived:
            raise ThreadNotArchivedError(thread_id)
        await self._move(stored, unarchive_files)
        return await self.find(thread_id)

    async def delete(self, thread_id: str) -> None:
        """Remove a thread's files and its name, for good.

        Raises:
            ThreadNotStoredError: if there is no such thread.
            ForkedHistoryError: if another thread begins in one of its files.
            ThreadBusyError: if a process has it open.
        """
        stored = await self.find(thread_id)
        files = await run(self._index.files_of, stored.thread_id)
        ask = partial(self._index.is_gone_on_from, stored.thread_id)
        if await self._upkeep.answer(ask, since=stored.thread_id):
            raise ForkedHistoryError(thread_id)

        def work() -> None:
            with _locked(self._home, stored.thread_id):
                delete_files([file.path for file in files])
                self._names.remove([stored.thread_id])
            self._index.sync()

        with anyio.CancelScope(shield=True):
            await run(work)

    async def set_name(self, thread_id: str, name: str) -> None:
        """Name a thread, stored or not.

        Raises:
            OSError: if the name cannot be written.
        """
        await run(self._names.set, thread_id, name)

    async def name_of(self, thread_id: str) -> str | None:
        """The name that a thread was given, stored or not."""
        return (await run(self._names.all)).get(thread_id)

    async def update_git(
        self,
        thread_id: str,
        changes: Mapping[str, str | None],
        write: Callable[[Payload], Awaitable[None]] | None = None,
    ) -> StoredThread:
        """Change some of `sha`, `branch` and `origin_url`; `None` clears one.

        The change is a line in the thread's file. Whoever writes that file passes `write`, which
        gets the payload of a `session_meta` line to be written there.

        Raises:
            ThreadNotStoredError: if there is no such thread.
            ThreadBusyError: if a process has the thread open.
        """
        from codex_rpc.rollout.git_update import append_git, changed_meta

        stored = await self.find(thread_id)
        path = stored.path

        def append() -> None:
            with _locked(self._home, stored.thread_id):
                append_git(path, changes)

        if write is None:
            await run(append)
        else:
            await write(await run(changed_meta, path, changes))
        return await self.find(thread_id)

    async def reindex(self) -> IndexReport:
        """Forget all that is known of the files, and read them anew, texts included."""
        began = time.monotonic()
        await run(self._index.database.clear)
        for archived in (False, True):
            await self._upkeep.take_in_texts(archived=archived)
        threads, skipped = await run(self._index.count)
        return IndexReport(threads, skipped, time.monotonic() - began)

    async def _move(
        self, stored: StoredThread, move: Callable[[Path, Sequence[Path]], Mapping[Path, Path]]
    ) -> None:
        files = await run(self._index.files_of, stored.thread_id)
        moving = [file.path for file in files if file.archived == stored.archived]

        def work() -> None:
            with _locked(self._home, stored.thread_id):
                self._index.moved(move(self._home, moving))

        with anyio.CancelScope(shield=True):
            await run(work)


@contextmanager
def _locked(codex_home: Path, thread_id: str) -> Generator[None]:
    """Be the one who writes the thread's files."""
    lock = WriterLock(codex_home, thread_id)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
