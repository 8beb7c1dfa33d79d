"""ThreadStore: the threads on disk: finding, listing, searching, archiving and deleting them.

An async face of the index and the files; everything slow happens in worker threads. Loaded threads
are the manager's: whoever moves or deletes the files of one ends it first.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

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
from codex_rpc.rollout.git_update import append_git, changed_meta
from codex_rpc.rollout.index.database import IndexDatabase
from codex_rpc.rollout.index.thread_index import ThreadIndex
from codex_rpc.rollout.index.turn_table import TurnTable
from codex_rpc.rollout.names import ThreadNames
from codex_rpc.rollout.stored_thread import MatchPage, StoredThread, ThreadPage, ThreadQuery
from codex_rpc.rollout.thread_log import ThreadLog
from codex_rpc.rollout.writer_lock import WriterLock

logger = logging.getLogger(__name__)

run = anyio.to_thread.run_sync

Answer = TypeVar("Answer", covariant=True)

_TRIES = 10
_PAUSE = 0.03
"""Seconds between two pieces of what is done in the background."""
_PIECE = 16
_SWEEP_SECONDS = 5.0
"""How long the times of change of very many files are believed."""


@dataclass(frozen=True, slots=True)
class IndexReport:
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
        self._database = IndexDatabase(codex_home / "codex-rpc" / "index.sqlite")
        self._index = ThreadIndex(codex_home, self._names, self._database)
        self._tasks: TaskGroup | None = None
        self._tidying = False
        self._swept: dict[bool, float] = {}
        """When all files, archived or not, were last asked for their time of change."""

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
        self._database.close()

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
            await self._catch_up()
        page = None
        while page is None:
            page = await run(self._index.page, query)
        self._tidy(query)
        return page

    async def search(self, text: str, query: ThreadQuery) -> MatchPage:
        """A page of the threads in which somebody said this, in any case.

        What has not been read yet is read first; being cancelled loses nothing of that.

        Raises:
            InvalidCursorError: if the query's cursor is none.
        """
        await run(self._index.sync)
        await self._sweep(archived=query.archived)

        async def catch_up() -> None:
            await self._catch_up()
            await self._take_in_texts(archived=query.archived)

        return await _answer(partial(self._index.matches, text, query), catch_up)

    async def turn_table(self, log: ThreadLog) -> TurnTable:
        """The turns of a log that nothing has taken back, and where in it their lines are.

        Raises:
            OSError: if a file cannot be read.
        """
        return await run(self._index.turn_table, log)

    async def descendants(self, thread_id: str) -> Sequence[ThreadId]:
        """The threads that this one has spawned, and those that they have spawned."""
        ask = partial(self._index.descendants, thread_id)
        return await _answer(ask, lambda: self._catch_up(thread_id))

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
        if await _answer(ask, lambda: self._catch_up(stored.thread_id)):
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
        path = (await self.find(thread_id)).path

        def append() -> None:
            with _locked(self._home, thread_id):
                append_git(path, changes)

        if write is None:
            await run(append)
        else:
            await write(await run(changed_meta, path, changes))
        return await self.find(thread_id)

    async def reindex(self) -> IndexReport:
        """Forget all that is known of the files, and read them anew, texts included."""
        began = time.monotonic()
        await run(self._database.clear)
        await self._catch_up()
        for archived in (False, True):
            await self._take_in_texts(archived=archived)
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

    # --- in the background ---------------------------------------------------------------------

    def _tidy(self, query: ThreadQuery) -> None:
        """Find out what later lists will want to know, a little at a time."""
        if self._tasks is not None and not self._tidying:
            self._tidying = True
            self._tasks.start_soon(self._tidy_up, query)

    async def _tidy_up(self, query: ThreadQuery) -> None:
        try:
            more = True
            while more:
                more = await run(self._index.catch_up, _PIECE)
                await anyio.sleep(_PAUSE)
            recent = time.monotonic() - self._swept.get(query.archived, 0.0) < _SWEEP_SECONDS
            if query.order != "created_at" and not recent and not await run(self._index.is_small):
                await self._sweep(archived=query.archived)
        except Exception:
            logger.exception("the index could not be brought up to date")
        finally:
            self._tidying = False

    async def _catch_up(self, since: str | None = None) -> None:
        """Look at all files that were not, or at those of threads younger than this one."""
        await run(self._index.sync)
        more = True
        while more:
            more = await run(lambda: self._index.catch_up(since=since))

    async def _take_in_texts(self, *, archived: bool) -> None:
        waiting = await run(lambda: self._index.waiting_texts(archived=archived))
        while waiting:
            await run(self._index.take_in_texts, waiting)

    async def _sweep(self, *, archived: bool) -> None:
        after: int | None = 0
        while after is not None:
            after = await run(lambda after=after: self._index.sweep_some(after, archived=archived))
        self._swept[archived] = time.monotonic()


class _Question(Protocol[Answer]):
    """Asks the index; if `strict`, it may answer `None`: that it does not know enough."""

    def __call__(self, *, strict: bool) -> Answer | None: ...


async def _answer(ask: _Question[Answer], catch_up: Callable[[], Awaitable[None]]) -> Answer:
    """What the index answers when it knows enough, however often that is lost again.

    Another server may make the index anew, and files may grow faster than they are read. In the end
    what is known has to do.
    """
    for _ in range(_TRIES):
        await catch_up()
        if (answer := await run(partial(ask, strict=True))) is not None:
            return answer
    while (answer := await run(partial(ask, strict=False))) is None:
        pass
    return answer


@contextmanager
def _locked(codex_home: Path, thread_id: str) -> Generator[None]:
    """Be the one who writes the thread's files."""
    lock = WriterLock(codex_home, thread_id)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
