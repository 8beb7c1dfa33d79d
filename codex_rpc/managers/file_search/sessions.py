"""The searches of one connection, which end with it: single ones, and sessions of somebody typing.

Each session is a task. It lists files once, in a thread, and answers only its newest query: with
what has been found so far, as more turns up, and in the end with all.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from codex_rpc.errors import (
    SearchEndedError,
    SearchLimitError,
    SearchNotFoundError,
    SearchStartError,
)
from codex_rpc.managers.file_search.corpus import Corpus, Piece
from codex_rpc.managers.file_search.listing import Listing
from codex_rpc.managers.file_search.query import Query
from codex_rpc.managers.file_search.ranking import Ranked, best

logger = logging.getLogger(__name__)

T = TypeVar("T")

LIMIT = 8
"""Sessions of one connection."""
SINGLE_LIMIT = 4
"""Single searches of one connection that run at once; more wait."""
FIRST_UPDATE_SECONDS = 0.1
"""How soon a session tells what has been found while it lists files; each further time takes twice
as long, so that telling does not hold up the listing."""

OnResult = Callable[[str, str, Sequence[Ranked], bool], Awaitable[None]]
"""Told the session's id, a query, what was found for it, and whether that is all."""


class Searches:
    """All searches of one connection."""

    def __init__(self, tasks: TaskGroup, on_result: OnResult) -> None:
        self._tasks = tasks
        self._on_result = on_result
        self._sessions: dict[str, _Session] = {}
        self._singles: dict[str, anyio.CancelScope] = {}
        self._threads = anyio.CapacityLimiter(2 * LIMIT + SINGLE_LIMIT)
        self._running = anyio.CapacityLimiter(SINGLE_LIMIT)

    async def once(
        self, text: str, roots: Sequence[str], search_path: str | None, token: str | None
    ) -> Sequence[Ranked]:
        """What is found by one search; nothing, if a later one comes with the same token."""
        query = Query.of(text)
        with anyio.CancelScope() as scope:
            if token is not None:
                if (earlier := self._singles.get(token)) is not None:
                    earlier.cancel()
                self._singles[token] = scope
            try:
                if query is not None:
                    async with self._running:
                        return await self._single(query, Listing(roots, search_path))
            finally:
                if token is not None and self._singles.get(token) is scope:
                    del self._singles[token]
        return ()

    async def _single(self, query: Query, listing: Listing) -> Sequence[Ranked]:
        corpus = Corpus()
        try:
            await in_thread(partial(listing.fill, corpus), self._threads)
            ranking = partial(best, corpus.pieces, query, listing.go_on)
            return await in_thread(ranking, self._threads)
        finally:
            listing.stop()

    def start(self, session_id: str, roots: Sequence[str], search_path: str | None) -> None:
        """Begin a session, in the place of one that has the same id.

        Raises:
            SearchStartError: if there are no roots.
            SearchLimitError: if there are too many sessions.
        """
        if not roots:
            raise SearchStartError("at least one search directory is required")
        self.stop(session_id)
        if len(self._sessions) >= LIMIT:
            raise SearchLimitError(LIMIT)
        told = partial(self._on_result, session_id)
        session = _Session(Listing(roots, search_path), told, self._threads)
        self._sessions[session_id] = session
        self._tasks.start_soon(self._run, session_id, session)

    def update(self, session_id: str, text: str) -> None:
        """Ask a session for something else.

        Raises:
            SearchNotFoundError: if there is none of that id.
        """
        session = self._sessions.get(session_id)
        if session is None:
            raise SearchNotFoundError(session_id)
        session.ask(text)

    def stop(self, session_id: str) -> None:
        """End a session and free what it has; without one, do nothing."""
        session = self._sessions.pop(session_id, None)
        if session is not None:
            session.scope.cancel()

    async def _run(self, session_id: str, session: "_Session") -> None:
        try:
            with session.scope:
                await session.run()
        except Exception:
            # One search that fails must not end the connection.
            logger.exception("a search has ended")
        finally:
            if self._sessions.get(session_id) is session:
                del self._sessions[session_id]


class _Session:
    """One session: `run` is its task, `ask` may be called at any time."""

    def __init__(
        self,
        listing: Listing,
        on_result: Callable[[str, Sequence[Ranked], bool], Awaitable[None]],
        threads: anyio.CapacityLimiter,
    ) -> None:
        self.scope = anyio.CancelScope()
        self._listing = listing
        self._on_result = on_result
        self._threads = threads
        self._corpus = Corpus()
        self._text = ""
        self._asked = 0
        """How often; the newest question counts."""
        self._changed = anyio.Event()
        """Set when there may be something new to tell."""

    def ask(self, text: str) -> None:
        """Look for something else from now on."""
        self._text = text
        self._asked += 1
        self._changed.set()

    async def run(self) -> None:
        """Answer for ever."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._list)
                await self._answer_all()
        finally:
            self._listing.stop()

    async def _list(self) -> None:
        await in_thread(partial(self._listing.fill, self._corpus), self._threads)
        self._changed.set()

    async def _answer_all(self) -> None:
        answered = -1
        told = (-1, 0)
        pause = FIRST_UPDATE_SECONDS
        while True:
            complete = self._corpus.complete
            asked, pieces = self._asked, self._corpus.pieces
            more = bool(self._text and pieces) and told != (asked, len(pieces))
            if answered != asked and (complete or more):
                told = (asked, len(pieces))
                if await self._answer(asked, pieces, complete=complete) and complete:
                    answered = asked
            await self._news(math.inf if complete else pause)
            pause *= 2

    async def _news(self, patience: float) -> None:
        """Wait for a question or the end of the listing, at most for so many seconds."""
        with anyio.move_on_after(patience):
            await self._changed.wait()
        self._changed = anyio.Event()

    async def _answer(self, asked: int, pieces: Sequence[Piece], *, complete: bool) -> bool:
        """Tell what is found for the newest question, unless there is a newer one by then."""

        def go_on() -> None:
            self._listing.go_on()
            if asked != self._asked:
                raise SearchEndedError

        text = self._text
        query = Query.of(text)
        found: Sequence[Ranked] = ()
        try:
            if query is not None:
                found = await in_thread(partial(best, pieces, query, go_on), self._threads)
        except SearchEndedError:
            return False
        if asked != self._asked:
            return False
        await self._on_result(text, found, complete)
        return True


async def in_thread(work: Callable[[], T], threads: anyio.CapacityLimiter) -> T:
    """Do what blocks. A cancellation does not wait for it, so the work must be told by others."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=threads)
