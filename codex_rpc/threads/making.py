"""ThreadMaker: puts a session together, from what is asked for, configured and on record."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.config.loader import ConfigLoader
from codex_rpc.config.settings import ThreadSettings
from codex_rpc.managers.auth import AuthManager
from codex_rpc.managers.models import ModelsManager
from codex_rpc.protocol.ids import ThreadId, new_thread_id
from codex_rpc.rollout.recorder import RolloutRecorder, rollout_path
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.session.project_docs import load_project_docs
from codex_rpc.session.session import Session
from codex_rpc.threads.agent_trees import AgentTrees
from codex_rpc.threads.codex_thread import NewThread, ThreadOrigin
from codex_rpc.threads.git_info import git_info
from codex_rpc.threads.given_tools import recorded_form, with_given_tools
from codex_rpc.threads.initial_history import (
    Forked,
    Given,
    InitialHistory,
    Resumed,
    initial_state,
    past_of,
)
from codex_rpc.threads.loaded_threads import LoadedThreads
from codex_rpc.threads.services import ServiceFactory, ServiceRequest
from codex_rpc.threads.spawn import StartThread, thread_settings, working_directory


class ProgramIdentity(Struct, frozen=True):
    """What a thread's file says of the program that made it."""

    version: str
    session_source: str


class ThreadMaker:
    """Makes threads for a manager, and hands them to those that are loaded."""

    def __init__(
        self,
        config: ConfigLoader,
        services: ServiceFactory,
        models: ModelsManager,
        trees: AgentTrees,
        loaded: LoadedThreads,
        program: ProgramIdentity,
    ) -> None:
        self._config = config
        self._services = services
        self._models = models
        self._trees = trees
        self._loaded = loaded
        self._program = program

    async def make(
        self,
        request: StartThread,
        initial: InitialHistory,
        auth: AuthManager | None,
        recorder: RolloutRecorder | None = None,
    ) -> NewThread:
        """Make a thread with that behind it; `recorder` is there if its file is.

        Raises:
            ConfigError: if the configuration is wrong, or names a provider that does not exist.
            CwdNotFoundError: if the working directory that was asked for does not exist.
            InvalidParamsError: if a tool that was asked for cannot be offered.
        """
        recorded = initial.recorded if isinstance(initial, Resumed | Forked) else None
        cwd = working_directory(request, recorded)
        config = self._config.load(request.config, cwd)
        settings = thread_settings(config, request, self._models, cwd, recorded)
        docs = await load_project_docs(config, settings.cwd)
        origin = ThreadOrigin(
            meta=recorded.meta if recorded else await self._new_meta(request, settings),
            ephemeral=request.ephemeral,
            instruction_sources=docs.sources,
            config=request.config,
        )
        if recorder is None and not origin.ephemeral:
            recorder = self._new_recorder(origin.meta)
        seat = self._trees.seat(origin.meta, config.agents)
        mcp = await self._services.mcp.servers_for(
            config, partial(self._config.load, request.config, cwd)
        )
        services = self._services.for_thread(
            ServiceRequest(
                config,
                settings,
                recorder,
                auth,
                agents=seat if seat.may_spawn else None,
                mcp=mcp,
                sandbox=await self._services.probe.sandbox(),
                thread_id=ThreadId(origin.meta.thread_id),
            )
        )
        given = await with_given_tools(services.tools, request, recorded and recorded.meta)
        services = replace(services, tools=given.registry)
        state = initial_state(initial, settings, docs.text)
        thread_id = ThreadId(origin.meta.thread_id)
        session = Session(thread_id, state, services, past_of(initial))
        if isinstance(initial, Given):
            session.keep(initial.items)
        warnings = (*config.warnings, *services.exec.rules.warnings, *given.warnings)
        return await self._loaded.spawn(session, origin, warnings)

    def _new_recorder(self, meta: SessionMeta) -> RolloutRecorder:
        path = rollout_path(self._config.codex_home, meta.thread_id, meta.timestamp)
        return RolloutRecorder(path, meta, self._config.codex_home)

    async def _new_meta(self, request: StartThread, settings: ThreadSettings) -> SessionMeta:
        spawned = request.spawned
        return SessionMeta(
            thread_id=new_thread_id(),
            timestamp=datetime.now(UTC),
            cwd=settings.cwd,
            originator=request.originator or "codex-rpc",
            cli_version=self._program.version,
            source=request.source_on_disk(self._program.session_source),
            thread_source=request.thread_source,
            model_provider=settings.model_provider,
            base_instructions=settings.base_instructions,
            forked_from_id=request.forked_from,
            parent_thread_id=spawned and spawned.parent_thread_id,
            agent_nickname=spawned and spawned.agent_nickname,
            agent_role=spawned and spawned.agent_role,
            git=None if request.ephemeral else await git_info(settings.cwd),
            dynamic_tools=recorded_form(request),
        )

    def forked_meta(self, request: StartThread, source: SessionMeta) -> SessionMeta:
        """The first line of a fork's file; `source` is that of the thread it has behind it."""
        return replace(
            source,
            thread_id=new_thread_id(),
            timestamp=datetime.now(UTC),
            originator=request.originator or "codex-rpc",
            cli_version=self._program.version,
            source=request.source_on_disk(self._program.session_source),
            thread_source=request.thread_source,
            parent_thread_id=None,
            agent_nickname=None,
            agent_role=None,
            forked_from_id=source.thread_id,
            history_base=None,
            dynamic_tools=(
                source.dynamic_tools if request.dynamic_tools is None else recorded_form(request)
            ),
        )


@asynccontextmanager
async def released_on_failure(
    recorder: RolloutRecorder, *, remove: bool = False
) -> AsyncGenerator[None]:
    """Have others write the file, or remove it, if it does not come to a session of its own."""
    try:
        yield
    except BaseException:
        await recorder.close()
        if remove:
            recorder.path.unlink(missing_ok=True)
        raise
