"""LoadedThreads: the sessions that run, and finding, leaving and ending them."""

import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from codex_rpc.errors import InvalidThreadIdError, SessionStartError, ThreadNotFoundError
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.session.events import SessionConfigured
from codex_rpc.session.session import Session
from codex_rpc.threads.codex_thread import CodexThread, NewThread, ThreadOrigin

logger = logging.getLogger(__name__)

BesideThreads = Callable[[], Coroutine[Any, Any, None]]
"""Work that goes on as long as threads may run. It never raises."""

SHUTDOWN_SECONDS = 2.0
"""How long threads get to end when the process does."""


class ShutdownReport(Struct, frozen=True):
    """Which threads ended as they should, which broke down, and which had to be cut off."""

    completed: Sequence[ThreadId]
    failed: Sequence[ThreadId]
    timed_out: Sequence[ThreadId]


@dataclass(slots=True)
class _Loaded:
    """A running session and the handle others have of it."""

    thread: CodexThread
    session: Session
    configured: SessionConfigured | None = None
    failed: bool = False
    closing: bool = False
    ended: anyio.Event = field(default_factory=anyio.Event)

    def as_it_was_made(self) -> NewThread:
        assert self.configured is not None, "registered"
        thread = self.thread
        return NewThread(thread.thread_id, thread, self.configured, was_loaded=True)


class LoadedThreads:
    """Runs sessions in a task group of its own. An async context manager."""

    def __init__(self) -> None:
        self._loaded: dict[ThreadId, _Loaded] = {}
        self._stack = AsyncExitStack()
        self._sessions: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self._sessions = await self._stack.enter_async_context(anyio.create_task_group())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._sessions is not None, "entered"
        with anyio.CancelScope(shield=True):
            await self.shutdown(SHUTDOWN_SECONDS)
            self._sessions.cancel_scope.cancel()
        # The task group must not hear of `error`: it would pass it on wrapped in a group.
        await self._stack.aclose()

    async def spawn(
        self, session: Session, origin: ThreadOrigin, warnings: Sequence[str]
    ) -> NewThread:
        """Run a session, and register its thread once it has told its configuration.

        Raises:
            SessionStartError: if it tells something else first, or is one too many.
        """
        if self._sessions is None:
            raise SessionStartError("the thread manager is not running")
        loaded = _Loaded(CodexThread(session, origin), session)
        await self._sessions.start(self._run, loaded)
        first = (await loaded.thread.next_events())[0]
        if not isinstance(first, SessionConfigured) or session.thread_id in self._loaded:
            session.shutdown()
            raise SessionStartError(f"thread {session.thread_id} could not be registered")
        loaded.configured = first
        self._loaded[session.thread_id] = loaded
        return NewThread(session.thread_id, loaded.thread, first, warnings)

    async def _run(self, loaded: _Loaded, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        try:
            await loaded.session.run(task_status=task_status)
        except Exception:
            logger.exception("thread %s broke down", loaded.session.thread_id)
            loaded.failed = True
        finally:
            if self._loaded.get(loaded.session.thread_id) is loaded:
                del self._loaded[loaded.session.thread_id]
            loaded.ended.set()

    def find(self, thread_id: ThreadId) -> NewThread | None:
        """The loaded thread as it was made; `None` if it is not loaded."""
        loaded = self._loaded.get(thread_id)
        return loaded and loaded.as_it_was_made()

    def get(self, thread_id: str) -> CodexThread:
        """The loaded thread of that id.

        Raises:
            InvalidThreadIdError: if `thread_id` is no thread id at all.
            ThreadNotFoundError: if no such thread is loaded.
        """
        loaded = self._loaded.get(ThreadId(thread_id))
        if loaded is None:
            check_thread_id(thread_id)
            raise ThreadNotFoundError(thread_id)
        return loaded.thread

    def remove(self, thread_id: ThreadId) -> CodexThread | None:
        """Forget a thread, and return it. It goes on for whoever still holds it."""
        loaded = self._loaded.pop(thread_id, None)
        return loaded and loaded.thread

    def ids(self) -> Sequence[ThreadId]:
        """The loaded threads, oldest first."""
        return sorted(self._loaded)

    def prepare(self, thread_id: ThreadId) -> None:
        """Get a new thread's model client ready while the user still types."""
        loaded = self._loaded.get(thread_id)
        if loaded is not None and self._sessions is not None:
            self._sessions.start_soon(_prepare, loaded.session)

    def run_beside(self, work: BesideThreads) -> None:
        """Run `work` in the sessions' task group, of which no session knows."""
        if self._sessions is None:
            raise SessionStartError("the thread manager is not running")
        self._sessions.start_soon(work)

    async def idle(self) -> None:
        """Wait until no thread has a running turn."""
        for loaded in list(self._loaded.values()):
            await loaded.thread.idle()

    async def close(self, thread_id: ThreadId) -> None:
        """End a thread, and wait until its file is closed. If it is not loaded, that is all."""
        loaded = self._loaded.get(thread_id)
        if loaded is not None:
            loaded.closing = True
            loaded.session.shutdown()
            await loaded.ended.wait()

    async def wait_for_end(self, thread_id: ThreadId) -> None:
        """If the thread is about to end, wait until it has."""
        loaded = self._loaded.get(thread_id)
        if loaded is not None and loaded.closing:
            await loaded.ended.wait()

    async def shutdown(self, seconds: float) -> ShutdownReport:
        """End every thread, giving all of them together so many `seconds`."""
        loaded = dict(self._loaded)
        for thread in loaded.values():
            thread.session.shutdown()
        with anyio.move_on_after(seconds):
            for thread in loaded.values():
                await thread.ended.wait()
        ended = {key for key, thread in loaded.items() if thread.ended.is_set()}
        failed = {key for key in ended if loaded[key].failed}
        return ShutdownReport(
            completed=sorted(ended - failed),
            failed=sorted(failed),
            timed_out=sorted(loaded.keys() - ended),
        )


async def _prepare(session: Session) -> None:
    try:
        await session.prepare()
    except Exception:
        logger.exception("a model client could not be prepared")


def check_thread_id(text: str) -> None:
    """Raise unless `text` has the form of a thread id.

    Raises:
        InvalidThreadIdError: with what is wrong.
    """
    digits = text.replace("-", "")
    if len(digits) != 32 or any(char not in "0123456789abcdefABCDEF" for char in digits):
        raise InvalidThreadIdError(f"expected a UUID, found `{text[:80]}`")
