"""IndexUpkeep: when the index learns of the files, so that questions can be answered.

A piece at a time, each in a worker thread, so that others get their turn and all can be cancelled.
"""

import logging
import time
from pathlib import Path
from typing import Protocol, TypeVar

import anyio
import anyio.to_thread

from codex_rpc.rollout.index.database import IndexDatabase
from codex_rpc.rollout.index.thread_index import ThreadIndex
from codex_rpc.rollout.names import ThreadNames
from codex_rpc.rollout.stored_thread import ThreadQuery

logger = logging.getLogger(__name__)

run = anyio.to_thread.run_sync

Answer = TypeVar("Answer")
Answered = TypeVar("Answered", covariant=True)

_TRIES = 10
_PAUSE = 0.03
"""Seconds between two pieces of what is done in the background."""
_PIECE = 16
_SWEEP_SECONDS = 5.0
"""How long the times of change of very many files are believed."""


class Question(Protocol[Answered]):
    """Asks the index; if `strict`, it may answer `None`: that it does not know enough."""

    def __call__(self, *, strict: bool) -> Answered | None: ...


class IndexUpkeep:
    """Owns the index of a home."""

    def __init__(self, codex_home: Path, names: ThreadNames) -> None:
        self._database = IndexDatabase(codex_home / "codex-rpc" / "index.sqlite")
        self.index = ThreadIndex(codex_home, names, self._database)
        self._tidying = False
        self._swept: dict[bool, float] = {}
        """When all files, archived or not, were last asked for their time of change."""

    def close(self) -> None:
        self._database.close()

    async def answer(
        self,
        ask: Question[Answer],
        *,
        since: str | None = None,
        texts_archived: bool | None = None,
    ) -> Answer:
        """What the index answers when it knows enough, however often that is lost again.

        Enough is all files of threads younger than `since`, and the texts of those that are
        archived, or of those that are not. Another server may make the index anew, and files may
        grow faster than they are read: in the end what is known has to do.
        """
        for _ in range(_TRIES):
            if texts_archived is None:
                await self.catch_up(since)
            else:
                await self.take_in_texts(archived=texts_archived)
            if (answer := await run(lambda: ask(strict=True))) is not None:
                return answer
        while (answer := await run(lambda: ask(strict=False))) is None:
            pass
        return answer

    async def catch_up(self, since: str | None = None) -> None:
        """Look at all files that were not, or at those of threads younger than this one."""
        await run(self.index.sync)
        more = True
        while more:
            more = await run(lambda: self.index.catch_up(since=since))

    async def take_in_texts(self, *, archived: bool) -> None:
        """Read what was said in all files, archived or not, as far as they were not read yet."""
        await self.catch_up()
        waiting = await run(lambda: self.index.waiting_texts(archived=archived))
        while waiting:
            await run(self.index.take_in_texts, waiting)

    async def sweep(self, *, archived: bool) -> None:
        """Ask all files for their time of change."""
        await run(self.index.sync)
        after: int | None = 0
        while after is not None:
            after = await run(lambda after=after: self.index.sweep_some(after, archived=archived))
        self._swept[archived] = time.monotonic()

    # --- in the background ---------------------------------------------------------------------

    def wanted(self, query: ThreadQuery) -> bool:
        """Whether to tidy up after this query; true for one caller at a time, who then has to."""
        if self._tidying:
            return False
        self._tidying = True
        return True

    async def tidy_up(self, query: ThreadQuery) -> None:
        """Find out what later lists will want to know, a little at a time."""
        try:
            more = True
            while more:
                more = await run(self.index.catch_up, _PIECE)
                await anyio.sleep(_PAUSE)
            recent = time.monotonic() - self._swept.get(query.archived, 0.0) < _SWEEP_SECONDS
            if query.order != "created_at" and not recent and not await run(self.index.is_small):
                await self.sweep(archived=query.archived)
        except Exception:
            logger.exception("the index could not be brought up to date")
        finally:
            self._tidying = False
