"""ThreadManager: makes threads, finds them, and ends them all."""

import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup

from codex_rpc.config.loader import ConfigLoader
from codex_rpc.errors import InvalidThreadIdError, SessionStartError, ThreadNotFoundError
from codex_rpc.managers.auth import AuthManager
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.managers.models import ModelsManager
from codex_rpc.protocol.ids import ThreadId, new_thread_id
from codex_rpc.session.events import SessionConfigured
from codex_rpc.session.project_docs import load_project_docs
from codex_rpc.session.session import Session
from codex_rpc.state.session_state import SessionState
from codex_rpc.threads.codex_thread import CodexThread, NewThread, ThreadOrigin
from codex_rpc.threads.services import ServiceFactory
from codex_rpc.threads.spawn import StartThread, thread_settings

logger = logging.getLogger(__name__)

SHUTDOWN_SECONDS = 2.0
"""How long threads get to end when the manager does."""


@dataclass(frozen=True, slots=True)
class ShutdownReport:
    """Which threads ended by themselves, and which had to be cut off."""

    completed: Sequence[ThreadId]
    timed_out: Sequence[ThreadId]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A running session and the handle others have of it."""

    thread: CodexThread
    session: Session
    ended: anyio.Event = field(default_factory=anyio.Event)


class ThreadManager:
    """Owns all loaded threads and what they share. An async context manager.

    Leaving it ends every thread and kills every command.
    """

    def __init__(
        self, config: ConfigLoader, environ: Mapping[str, str] | None = None, version: str = "0"
    ) -> None:
        environ = os.environ if environ is None else environ
        self.config = config
        self.auth = AuthManager(config.codex_home, environ)
        self.models = ModelsManager()
        self._services = ServiceFactory(config.codex_home, environ, self.auth, self.models, version)
        self._loaded: dict[ThreadId, _Loaded] = {}
        self._stack = AsyncExitStack()
        self._sessions: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._services)
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
            await self.shutdown()
            self._sessions.cancel_scope.cancel()
        # The task group must not hear of `error`: it would pass it on wrapped in a group.
        await self._stack.aclose()

    # --- threads -------------------------------------------------------------------------------

    async def start_thread(self, request: StartThread) -> NewThread:
        """Make an empty thread.

        Raises:
            ConfigError: if the configuration is wrong, or names a provider that does not exist.
            CwdNotFoundError: if the working directory does not exist.
        """
        config = self.config.load(request.config)
        settings = thread_settings(config, request, self.models)
        docs = await load_project_docs(config, settings.cwd)
        origin = ThreadOrigin(
            created_at=datetime.now(UTC),
            originator=request.originator,
            thread_source=request.thread_source,
            ephemeral=request.ephemeral,
            instruction_sources=docs.sources,
        )
        thread_id = new_thread_id()
        services = self._services.for_thread(thread_id, config, settings, origin)
        session = Session(thread_id, SessionState(settings, project_docs=docs.text), services)
        return await self._spawn(session, origin, config.warnings)

    async def _spawn(
        self, session: Session, origin: ThreadOrigin, warnings: Sequence[str]
    ) -> NewThread:
        if self._sessions is None:
            raise SessionStartError("the thread manager is not running")
        loaded = _Loaded(CodexThread(session, origin), session)
        await self._sessions.start(self._run_session, loaded)
        first = (await loaded.thread.next_events())[0]
        if not isinstance(first, SessionConfigured):
            session.shutdown()
            raise SessionStartError(f"thread {session.thread_id} did not report its configuration")
        self._loaded[session.thread_id] = loaded
        return NewThread(session.thread_id, loaded.thread, first, warnings)

    async def _run_session(
        self, loaded: _Loaded, *, task_status: anyio.abc.TaskStatus[None]
    ) -> None:
        try:
            await loaded.session.run(task_status=task_status)
        except Exception:
            logger.exception("thread %s broke down", loaded.session.thread_id)
        finally:
            loaded.ended.set()
            self._loaded.pop(loaded.session.thread_id, None)

    def prepare(self, thread_id: ThreadId) -> None:
        """Get a new thread's model client ready while the user still types."""
        loaded = self._loaded.get(thread_id)
        if loaded is not None and self._sessions is not None:
            self._sessions.start_soon(_prepare, loaded.session)

    def get_thread(self, thread_id: str) -> CodexThread:
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

    def remove_thread(self, thread_id: ThreadId) -> CodexThread | None:
        """Forget a thread, and return it. It goes on for whoever still holds it."""
        loaded = self._loaded.pop(thread_id, None)
        return loaded and loaded.thread

    def list_thread_ids(self) -> Sequence[ThreadId]:
        """The loaded threads, oldest first."""
        return sorted(self._loaded)

    def list_models(self) -> Sequence[ModelInfo]:
        """The models of the configured provider, the default one first.

        Raises:
            ConfigError: if the configuration is wrong.
        """
        config = self.config.load()
        return self.models.list_models(config.provider(config.model_provider))

    # --- the end -------------------------------------------------------------------------------

    async def idle(self) -> None:
        """Wait until no thread has a running turn."""
        for loaded in list(self._loaded.values()):
            await loaded.thread.idle()

    async def shutdown(self, seconds: float = SHUTDOWN_SECONDS) -> ShutdownReport:
        """End every thread, giving all of them together so many `seconds`."""
        loaded = dict(self._loaded)
        for thread in loaded.values():
            thread.session.shutdown()
        with anyio.move_on_after(seconds):
            for thread in loaded.values():
                await thread.ended.wait()
        return ShutdownReport(
            completed=sorted(key for key, thread in loaded.items() if thread.ended.is_set()),
            timed_out=sorted(key for key, thread in loaded.items() if not thread.ended.is_set()),
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
