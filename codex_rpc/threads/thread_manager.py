"""ThreadManager: makes threads, finds them, and ends them all."""

import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from msgspec.structs import replace

from codex_rpc.config.loader import Config, ConfigLoader
from codex_rpc.errors import (
    OlderPathError,
    StalePathError,
    ThreadArchivedError,
    ThreadNotStoredError,
    UserMessageNotFoundError,
)
from codex_rpc.exec.sandbox.port import Sandbox
from codex_rpc.managers.auth import AuthManager
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.managers.models import ModelsManager
from codex_rpc.managers.skills.manager import SkillsManager
from codex_rpc.managers.skills.roots import UsualRoots
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.rollout.recorder import RolloutRecorder
from codex_rpc.rollout.thread_log import ThreadLog
from codex_rpc.rollout.thread_store import ThreadStore
from codex_rpc.session.ops import RollBack
from codex_rpc.state.live_turn import ReadPoint
from codex_rpc.threads.agent_host import OnSpawned
from codex_rpc.threads.agent_trees import AgentTrees
from codex_rpc.threads.codex_thread import CodexThread, ForkedThread, NewThread
from codex_rpc.threads.initial_history import (
    Forked,
    Given,
    InitialHistory,
    New,
    Resumed,
)
from codex_rpc.threads.loaded_threads import (
    SHUTDOWN_SECONDS,
    BesideThreads,
    LoadedThreads,
    ShutdownReport,
)
from codex_rpc.threads.making import ProgramIdentity, ThreadMaker, released_on_failure
from codex_rpc.threads.mcp_hub import McpHub
from codex_rpc.threads.services import ServiceFactory
from codex_rpc.threads.spawn import StartThread
from codex_rpc.tools.commands.environment import CommandEnvironment
from codex_rpc.tools.workspace.port import Workspace

if TYPE_CHECKING:
    from codex_rpc.threads.loading import Cut, ForkSource, ThreadLoader
    from codex_rpc.threads.taking_back import From, Last
    from codex_rpc.threads.turn_reader import TurnReader


class ThreadManager:
    """Owns all loaded threads and what they share. An async context manager.

    Leaving it ends every thread and kills every command.
    """

    def __init__(
        self,
        config: ConfigLoader,
        environ: Mapping[str, str] | None = None,
        version: str = "0",
        session_source: str = "vscode",
        sandbox: Sandbox | None = None,
    ) -> None:
        """Without a `sandbox`, what this machine has is found out, and used."""
        environ = os.environ if environ is None else environ
        self.config = config
        self.session_source = session_source
        """Where threads come from that are started here, as rollouts name it."""
        self.auth = AuthManager(config.codex_home, environ)
        self.models = ModelsManager()
        self.skills = SkillsManager(UsualRoots.of(config.codex_home, environ))
        self.store = ThreadStore(config.codex_home)
        self._services = ServiceFactory(
            config.codex_home, environ, self.auth, self.models, self.skills, sandbox
        )
        self._loaded = LoadedThreads()
        program = ProgramIdentity(version, session_source)
        self._maker = ThreadMaker(
            config, self._services, self.models, AgentTrees(self), self._loaded, program
        )
        self.on_spawned: OnSpawned | None = None
        """Where the events of agents' threads are read; without it, nobody sees them."""
        self._loading: dict[ThreadId, anyio.Event] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.store)
        await self._stack.enter_async_context(self.skills)
        await self._stack.enter_async_context(self._services)
        await self._stack.enter_async_context(self._loaded)
        self._loaded.run_beside(self._services.probe.run)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # `error` is nothing to those who end here, and some would wrap it in a group.
        await self._stack.aclose()

    # What only stored threads need is loaded for the first of them.

    @cached_property
    def turns(self) -> "TurnReader":
        """Turns and items of stored threads."""
        from codex_rpc.threads.turn_reader import TurnReader

        return TurnReader(self.store)

    @cached_property
    def _loader(self) -> "ThreadLoader":
        from codex_rpc.threads.loading import ThreadLoader

        return ThreadLoader(self.config.codex_home)

    @property
    def mcp(self) -> McpHub:
        """The MCP servers that all threads share."""
        return self._services.mcp

    def work_in(self, workspace: Workspace) -> None:
        """Have the tools of threads that are made from now on see files through `workspace`."""
        self._services.workspace = workspace

    async def command_environment(self, config: Config) -> CommandEnvironment:
        """What commands of a client's own run in, which belong to no thread."""
        return await self._services.for_client(config)

    # --- making threads ------------------------------------------------------------------------

    async def start_thread(
        self, request: StartThread, auth: AuthManager | None = None
    ) -> NewThread:
        """Make an empty thread; with `auth`, it uses other credentials than the rest.

        Raises:
            ConfigError: if the configuration is wrong, or names a provider that does not exist.
            CwdNotFoundError: if the working directory does not exist.
        """
        return await self._maker.make(request, New(), auth)

    async def resume_thread(
        self,
        thread_id: ThreadId,
        request: StartThread,
        auth: AuthManager | None = None,
        *,
        items: bool = False,
    ) -> NewThread:
        """Go on with a stored thread. If it is loaded, that is the one.

        With `items`, what was on record of its turns comes with their items.

        Raises:
            ThreadNotStoredError: if there is no such thread.
            RolloutError: if its file cannot be used.
            ThreadBusyError: if another process has it open.
            ConfigError: if the configuration is wrong, or lacks the thread's provider.
        """
        await self._loaded.wait_for_end(thread_id)
        if (loaded := self._loaded.find(thread_id)) is not None:
            if loaded.thread.origin.ephemeral:
                raise ThreadNotStoredError(thread_id)
            return loaded
        stored = await self.store.find(thread_id)
        return await self.resume_thread_from_rollout(request, stored.path, auth, items=items)

    async def resume_thread_from_rollout(
        self,
        request: StartThread,
        path: Path,
        auth: AuthManager | None = None,
        *,
        items: bool = False,
    ) -> NewThread:
        """Go on with the thread in a file, in that file. If it is loaded, that is the one.

        With `items`, what was on record of its turns comes with their items.

        Raises:
            RolloutError: if the file holds no thread.
            StalePathError: if its thread is loaded from another file.
            OlderPathError: if its thread has gone on in another file.
            ThreadBusyError: if another process has it open.
            ConfigError: if the configuration is wrong, or lacks the thread's provider.
        """
        stored = await self.store.at(path)
        thread_id = stored.thread_id
        if stored.archived:
            raise ThreadArchivedError(thread_id)
        if stored.meta.history_mode == "paginated":
            await self._check_is_newest(thread_id, path)
        await self._loaded.wait_for_end(thread_id)
        while (others := self._loading.get(thread_id)) is not None:
            await others.wait()
        if (loaded := self._loaded.find(thread_id)) is not None:
            if loaded.thread.rollout_path != path:
                raise StalePathError(thread_id, str(path), str(loaded.thread.rollout_path))
            return loaded
        self._loading[thread_id] = anyio.Event()
        try:
            recorder = RolloutRecorder.resumed(path, stored.meta, self.config.codex_home)
            async with released_on_failure(recorder):
                await recorder.acquire()
                initial = await self._loader.resume(path, items=items)
                new = await self._maker.make(request, initial, auth, recorder)
                new.thread.name = await self.store.name_of(thread_id)
                return replace(new, recorded=initial.recorded)
        finally:
            self._loading.pop(thread_id).set()

    async def _check_is_newest(self, thread_id: ThreadId, path: Path) -> None:
        """Raise if the thread has gone on in another file than this one of the home.

        Raises:
            OlderPathError: with the file in which it has.
        """
        if not path.is_relative_to(self.config.codex_home):
            return
        newest = (await self.store.find(thread_id)).path
        if not await anyio.Path(newest).samefile(path):
            raise OlderPathError(thread_id, str(path), str(newest))

    async def resume_thread_with_history(
        self,
        request: StartThread,
        history: InitialHistory | Sequence[ResponseItem],
        auth: AuthManager | None = None,
    ) -> NewThread:
        """Go on with a conversation that somebody else has kept, or has read already.

        Raises:
            ThreadBusyError: if it is a stored thread that another process has open.
            ConfigError: if the configuration is wrong, or names a provider that does not exist.
        """
        given = isinstance(history, New | Resumed | Forked | Given)
        return await self._maker.make(request, history if given else Given(history), auth)

    async def fork_thread(
        self, nth_user_message: int, request: StartThread, path: Path
    ) -> NewThread:
        """A new thread with what comes before the user's message of that number in a file.

        Messages count from 0; `KEEP_ALL` cuts nothing. If there is no such message, the new thread
        has nothing behind it.

        Raises:
            RolloutError: if the file holds no thread.
        """
        from codex_rpc.threads.loading import BeforeUserMessage, ForkSource

        try:
            forked = await self.fork(ForkSource(path), BeforeUserMessage(nth_user_message), request)
        except UserMessageNotFoundError:
            return await self.start_thread(request)
        return forked.thread

    async def fork(self, source: "ForkSource", cut: "Cut", request: StartThread) -> ForkedThread:
        """A new thread with a part of another one behind it, whose file is only read.

        Raises:
            RolloutError: if the file holds no thread.
            TurnNotFoundError: if the cut names a turn that is not there.
            UserMessageNotFoundError: if the user has not said so much.
            ThreadNotSavedError: if the new thread's file cannot be written.
        """
        from codex_rpc.threads.loading import Whole

        log = await self._loader.cut(source, cut)
        running = source.live.turn_id if source.live and isinstance(cut, Whole) else None
        meta = self._maker.forked_meta(request, log.meta)
        forked = await self._loader.fork(
            log, meta, interrupted=running, to_disk=not request.ephemeral
        )
        history, bare = forked.history, forked.history.recorded.settings is None
        if bare:  # what was cut off says what the thread runs with
            settings = await self._loader.settings_of(source)
            history = replace(history, recorded=replace(history.recorded, settings=settings))
        if (path := history.path) is None:
            return ForkedThread(await self._maker.make(request, history, None), forked.log)
        recorder = RolloutRecorder.resumed(path, meta, self.config.codex_home)
        async with released_on_failure(recorder, remove=True):
            await recorder.acquire()
            new = await self._maker.make(request, history, None, recorder)
        with suppress(OSError):  # the fork is there by now, whatever becomes of these
            if bare:
                recorder.record_turn_context(None, new.thread.snapshot().settings)
                await recorder.write_pending()
            if (name := await self.store.name_of(log.meta.thread_id)) is not None:
                new.thread.name = name
                await self.store.set_name(new.thread_id, name)
        return ForkedThread(new, forked.log)

    async def plan_rollback(self, thread: CodexThread, what: "From | Last") -> RollBack:
        """The op that takes back a loaded thread's last turns. One that runs is interrupted.

        Raises:
            InvalidRequestError: if the thread is ephemeral.
            TurnNotFoundError: if there is no such turn.
        """
        from codex_rpc.threads.taking_back import plan_rollback

        return await plan_rollback(self._loader, thread, what)

    async def read_log(self, thread: CodexThread, point: ReadPoint) -> ThreadLog | None:
        """What was on record of a loaded thread at that moment; `None` if nothing was.

        Raises:
            RolloutError: if the file cannot be read any more.
        """
        path = thread.rollout_path
        if path is None or not await anyio.Path(path).exists():
            return None
        return await self._loader.open(path, point.end)

    # --- loaded threads ------------------------------------------------------------------------

    def prepare(self, thread_id: ThreadId) -> None:
        """Get a new thread's model client ready while the user still types."""
        self._loaded.prepare(thread_id)

    def get_thread(self, thread_id: str) -> CodexThread:
        """The loaded thread of that id.

        Raises:
            InvalidThreadIdError: if `thread_id` is no thread id at all.
            ThreadNotFoundError: if no such thread is loaded.
        """
        return self._loaded.get(thread_id)

    def remove_thread(self, thread_id: ThreadId) -> CodexThread | None:
        """Forget a thread, and return it. It goes on for whoever still holds it."""
        return self._loaded.remove(thread_id)

    def list_thread_ids(self) -> Sequence[ThreadId]:
        """The loaded threads, oldest first."""
        return self._loaded.ids()

    def list_models(self) -> Sequence[ModelInfo]:
        """The models of the configured provider, the default one first.

        Raises:
            ConfigError: if the configuration is wrong.
        """
        config = self.config.load()
        return self.models.list_models(config.provider(config.model_provider))

    def run_beside(self, work: BesideThreads) -> None:
        """Run `work` as long as threads may run."""
        self._loaded.run_beside(work)

    async def close_thread(self, thread_id: ThreadId) -> None:
        """End a thread, and wait until its file is closed. If it is not loaded, that is all."""
        await self._loaded.close(thread_id)

    async def idle(self) -> None:
        """Wait until no thread has a running turn."""
        await self._loaded.idle()

    async def shutdown(self, seconds: float = SHUTDOWN_SECONDS) -> ShutdownReport:
        """End every thread, giving all of them together so many `seconds`."""
        return await self._loaded.shutdown(seconds)
