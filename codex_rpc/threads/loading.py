"""Reading stored threads so that sessions can go on with them, or fork them.

Nothing here knows which threads are loaded.
"""

from functools import partial
from pathlib import Path
from typing import assert_never

import anyio.to_thread
from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.errors import ThreadNotSavedError, TurnNotFoundError, UserMessageNotFoundError
from codex_rpc.history.fragments import turn_aborted
from codex_rpc.protocol.ids import TurnId
from codex_rpc.rollout.copying import copy_log
from codex_rpc.rollout.reconstruct import load_log
from codex_rpc.rollout.recorder import rollout_path
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.rollout.thread_log import ThreadLog, open_log
from codex_rpc.rollout.truncation import (
    KEEP_ALL,
    after_turn,
    before_turn,
    before_user_message,
)
from codex_rpc.rollout.turn_settings import StoredSettings
from codex_rpc.state.live_turn import LiveTurn
from codex_rpc.threads.initial_history import Forked, Resumed


class Whole(Struct, frozen=True):
    """Everything there is."""


class BeforeUserMessage(Struct, frozen=True):
    """What comes strictly before the user's message of that number, counted from 0."""

    number: int


class BeforeTurn(Struct, frozen=True):
    turn_id: TurnId


class AfterTurn(Struct, frozen=True):
    """Everything up to the end of that turn."""

    turn_id: TurnId


Cut = Whole | BeforeUserMessage | BeforeTurn | AfterTurn
"""How much of a thread."""


class ForkSource(Struct, frozen=True):
    """A thread's file, as far as it belongs to it, and the turn that runs in it."""

    path: Path
    end: int | None = None
    live: LiveTurn | None = None


class ForkedLog(Struct, frozen=True):
    """A fork, and the log that its turns are in."""

    history: Forked
    log: ThreadLog


class ThreadLoader:
    """Reads and copies logs in worker threads."""

    def __init__(self, codex_home: Path) -> None:
        self._codex_home = codex_home

    async def open(self, path: Path, end: int | None = None) -> ThreadLog:
        """The log whose newest file is `path`.

        Raises:
            RolloutError: if it holds no thread, or begins in a file that is gone.
        """
        return await anyio.to_thread.run_sync(open_log, self._codex_home, path, end)

    async def resume(self, path: Path, *, items: bool) -> Resumed:
        """The thread in that file, with all it has behind it, and its turns' items if wanted.

        Raises:
            RolloutError: if it holds no thread.
        """
        log = await self.open(path)
        recorded = await anyio.to_thread.run_sync(partial(load_log, log, items=items))
        status = await anyio.Path(path).stat()
        return Resumed(recorded, path, int(status.st_mtime))

    async def cut(self, source: ForkSource, cut: Cut) -> ThreadLog:
        """That much of the thread.

        Raises:
            RolloutError: if the file holds no thread.
            TurnNotFoundError: if there is no such turn.
            UserMessageNotFoundError: if the user has not said so much.
        """
        log = await self.open(source.path, source.end)
        end = await anyio.to_thread.run_sync(_end_of, log, cut)
        return log if end is None else log.slice(0, end)

    async def fork(
        self, log: ThreadLog, meta: SessionMeta, *, interrupted: TurnId | None, to_disk: bool
    ) -> ForkedLog:
        """The thread of `meta` with `log` behind it; in a file of its own if it goes `to_disk`.

        `interrupted` is a turn that goes on in the source, but not in the fork.

        Raises:
            ThreadNotSavedError: if the file cannot be written.
        """
        path = None
        if to_disk:
            path = rollout_path(self._codex_home, meta.thread_id, meta.timestamp)
        if path is not None:
            try:
                await anyio.to_thread.run_sync(partial(copy_log, log, path, meta, interrupted))
            except OSError as error:
                raise ThreadNotSavedError(error.strerror or str(error)) from error
            log = await self.open(path)
        recorded = await anyio.to_thread.run_sync(partial(load_log, log, items=False))
        if path is None and interrupted is not None:
            recorded.history.record([turn_aborted()])
        return ForkedLog(Forked(replace(recorded, meta=meta), path), log)

    async def settings_of(self, source: ForkSource) -> StoredSettings | None:
        """What the whole of a thread runs with; `None` if its file does not say.

        Raises:
            RolloutError: if the file holds no thread.
        """
        log = await self.open(source.path, source.end)
        return (await anyio.to_thread.run_sync(partial(load_log, log, items=False))).settings


def _end_of(log: ThreadLog, cut: Cut) -> int | None:
    """Where the cut is; `None` keeps everything."""
    match cut:
        case Whole():
            return None
        case BeforeUserMessage(number=number):
            if number >= KEEP_ALL:
                return None
            if (end := before_user_message(log, number)) is None:
                raise UserMessageNotFoundError(number)
            return end
        case BeforeTurn(turn_id=turn_id) | AfterTurn(turn_id=turn_id):
            find = before_turn if isinstance(cut, BeforeTurn) else after_turn
            if (end := find(log, turn_id)) is None:
                raise TurnNotFoundError(f"turn not found: {turn_id}")
            return end
        case _:
            assert_never(cut)
