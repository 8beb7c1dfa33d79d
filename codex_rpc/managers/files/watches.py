"""The watches of one connection: each is a task that ends with the connection, or before.

What is seen at a path within a fifth of a second is told as one change.
"""

import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeVar

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from codex_rpc.errors import FileSystemError, FileWatchError
from codex_rpc.managers.files.watch_places import Sight, WatchPlaces

logger = logging.getLogger(__name__)

T = TypeVar("T")

LIMIT = 64
"""Watches of one connection; each has a thread."""
TOGETHER_MS = 200
"""For how long changes are gathered."""
STEP_MS = 100
"""How often a watching thread looks whether it is to stop."""
RETRY_SECONDS = 1.0
"""After how long a watch that has lost its directories looks again."""

OnChange = Callable[[str, Sequence[Path]], Awaitable[None]]
"""Told the watch's id and what has changed, sorted."""


class Notifier(AbstractContextManager["Notifier", None], Protocol):
    """The part of `watchfiles.RustNotify` that is needed."""

    def watch(
        self, debounce_ms: int, step_ms: int, timeout_ms: int, stop_event: threading.Event
    ) -> set[tuple[int, str]] | str: ...


class FileWatches:
    """The watches of one connection, by the ids that its client gave them."""

    def __init__(self, tasks: TaskGroup, on_change: OnChange) -> None:
        self._tasks = tasks
        self._on_change = on_change
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._limiter = anyio.CapacityLimiter(LIMIT + 8)

    async def start(self, watch_id: str, path: Path) -> None:
        """Tell of changes from now on.

        Raises:
            FileWatchError: if the id is taken, or there are too many watches.
            FileSystemError: if the system does not let us watch.
        """
        if watch_id in self._scopes:
            raise FileWatchError(f"watchId already exists: {watch_id}", path=("watchId",))
        if len(self._scopes) >= LIMIT:
            raise FileWatchError(f"too many watches: a connection may have {LIMIT}")
        scope = self._scopes[watch_id] = anyio.CancelScope()
        watch = _Watch(path, partial(self._on_change, watch_id), self._limiter)
        try:
            await watch.open()
        except OSError as error:
            self._end(watch_id, scope, watch)
            raise FileSystemError(error) from None
        except BaseException:
            self._end(watch_id, scope, watch)
            raise
        self._tasks.start_soon(self._run, watch_id, scope, watch)

    def stop(self, watch_id: str) -> None:
        """Tell of no more changes; without such a watch, do nothing."""
        scope = self._scopes.pop(watch_id, None)
        if scope is not None:
            scope.cancel()

    async def _run(self, watch_id: str, scope: anyio.CancelScope, watch: "_Watch") -> None:
        try:
            with scope:
                await watch.follow()
        except Exception:
            # One watch that fails must not end the connection.
            logger.exception("a watch has ended")
        finally:
            self._end(watch_id, scope, watch)

    def _end(self, watch_id: str, scope: anyio.CancelScope, watch: "_Watch") -> None:
        watch.close()
        if self._scopes.get(watch_id) is scope:
            del self._scopes[watch_id]


class _Watch:
    """One path being watched."""

    def __init__(
        self,
        path: Path,
        on_change: Callable[[Sequence[Path]], Awaitable[None]],
        limiter: anyio.CapacityLimiter,
    ) -> None:
        self._path = path
        self._on_change = on_change
        self._limiter = limiter
        self._stop = threading.Event()
        self._notifier: Notifier | None = None
        self._places = WatchPlaces(path, path, ())
        self._sight = Sight(None, None)

    def close(self) -> None:
        """Let the watching thread end, which it does at its next step, and the notifier with it."""
        self._stop.set()
        self._notifier = None

    async def open(self) -> None:
        """Begin to watch."""
        self._sight = await self._in_thread(partial(Sight.of, self._path))
        await self._in_thread(self._open)

    async def follow(self) -> None:
        """Tell of changes for ever."""
        while True:
            if self._notifier is None:
                await anyio.sleep(RETRY_SECONDS)
                changed = await self._in_thread(self._reopened)
            else:
                changed = await self._in_thread(self._next)
            if changed:
                await self._on_change(sorted(changed))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)

    # What follows runs in a thread.

    def _open(self) -> None:
        self._places = WatchPlaces.of(self._path)
        try:
            self._notifier = _notifier([str(place[0]) for place in self._places.directories])
        except FileNotFoundError:  # one of them has just gone
            self._notifier = None
        if self._stop.is_set():
            self._notifier = None

    def _next(self) -> set[Path]:
        # No other reference may stay: without any, the notifier lets go of what it watches.
        notifier = self._notifier
        seen = "" if notifier is None else notifier.watch(TOGETHER_MS, STEP_MS, 0, self._stop)
        if isinstance(seen, str):  # it was stopped
            return set()
        told = {self._places.told(Path(path)) for _, path in seen}
        changed = {path for path in told if path is not None}
        if WatchPlaces.of(self._path) != self._places:
            changed |= self._reopened()
        else:
            self._sight = Sight.of(self._path)
        return changed

    def _reopened(self) -> set[Path]:
        """Watch what is to be watched now, and see what has changed before that."""
        self._open()
        before, self._sight = self._sight, Sight.of(self._path)
        return before.changes(self._sight, self._path)


def _notifier(directories: list[str]) -> Notifier:
    # The loop that the library offers would wait in one of the threads that everybody else needs.
    notifier_of = import_module("watchfiles.main").RustNotify
    try:
        return notifier_of(directories, False, False, 0, False, True)
    except RuntimeError as error:
        raise FileWatchError(f"the system cannot watch this path: {error}") from None
