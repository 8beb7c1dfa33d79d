"""Recollection: the history that a session begins with, read once, when it is first needed.

A thread can be looked at without it, and long ones take a while to read.
"""

from collections.abc import Callable

import anyio
import anyio.to_thread

from codex_rpc.history.store import HistoryStore
from codex_rpc.state.session_state import SessionState

Past = Callable[[], HistoryStore]
"""Reads a history. Blocking: for a worker thread."""


class Recollection:
    """One session's. Until it is `ready`, the state's history is empty."""

    def __init__(self, state: SessionState, past: Past | None) -> None:
        self._state = state
        self._past = past
        self._reading = anyio.Lock()

    async def ready(self) -> None:
        """Have the history read, if it was not yet."""
        if self._past is None:
            return
        async with self._reading:
            if self._past is not None:
                self._state.begin_with(await anyio.to_thread.run_sync(self._past))
                self._past = None
