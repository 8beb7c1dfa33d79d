"""Putting together what one session works with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import Self

from codex_rpc.config.loader import Config
from codex_rpc.config.providers import ModelProvider
from codex_rpc.config.settings import ThreadSettings
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.shell import Shell, default_shell
from codex_rpc.managers.auth import AuthManager
from codex_rpc.managers.models import ModelsManager
from codex_rpc.managers.skills.manager import SkillsManager, ThreadSkills
from codex_rpc.model.factory import model_client
from codex_rpc.model.port import ModelClient
from codex_rpc.rollout.recorder import RolloutRecorder
from codex_rpc.state.services import Managers, SessionServices
from codex_rpc.tools.command_execution import CommandEnvironment
from codex_rpc.tools.disk_workspace import DiskWorkspace
from codex_rpc.tools.ports import Agents, Tool
from codex_rpc.tools.registry import ToolRegistry


class ServiceFactory:
    """Holds what all sessions share and builds what each has of its own.

    An async context manager: leaving it kills all commands and closes all connections.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        auth: AuthManager,
        models: ModelsManager,
        skills: SkillsManager,
    ) -> None:
        self._environ = environ
        self._managers = Managers(auth, models)
        self._skills = skills
        self._workspace = DiskWorkspace()
        self._processes = ProcessRunner()
        self._clients: list[tuple[ModelProvider, AuthManager, ModelClient]] = []

    async def __aenter__(self) -> Self:
        await self._processes.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._processes.__aexit__(kind, error, traceback)
        for *_, client in self._clients:
            await client.aclose()

    @cached_property
    def _shell(self) -> Shell:
        return default_shell()

    def for_thread(
        self,
        config: Config,
        settings: ThreadSettings,
        recorder: RolloutRecorder | None,
        auth: AuthManager | None = None,
        agents: Agents | None = None,
    ) -> SessionServices:
        """The services of one session; with `auth`, it uses other credentials than the rest.

        With `agents`, its model may have other agents work for it.

        Raises:
            ConfigError: if the provider does not exist or is not set up.
        """
        provider = config.provider(settings.model_provider)
        environment = self._command_environment(config)
        managers = replace(
            self._managers,
            auth=self._managers.auth if auth is None else auth,
            skills=ThreadSkills(self._skills, config),
        )
        return SessionServices(
            provider=provider,
            model=self._model_client(provider, managers.auth),
            tools=self._tools(environment, agents),
            exec=environment,
            managers=managers,
            workspace=self._workspace,
            recorder=recorder,
        )

    def _model_client(self, provider: ModelProvider, auth: AuthManager) -> ModelClient:
        """The provider's client; a script is played anew for each thread."""
        credentials = auth.credentials(provider)
        if provider.wire_api == "script":
            return model_client(provider, credentials)
        for known_provider, known_auth, client in self._clients:
            if known_provider == provider and known_auth is auth:
                return client
        client = model_client(provider, credentials)
        self._clients.append((provider, auth, client))
        return client

    def _command_environment(self, config: Config) -> CommandEnvironment:
        return CommandEnvironment(
            processes=self._processes,
            shell=self._shell,
            variables=self._environ,
            credentials={
                provider.env_key
                for provider in config.providers.values()
                if provider.env_key is not None
            },
        )

    def _tools(self, environment: CommandEnvironment, agents: Agents | None) -> ToolRegistry:
        def make() -> Sequence[Tool]:
            # What a server needs to start does not include the tools.
            from codex_rpc.threads.thread_tools import thread_tools

            return thread_tools(environment, agents, self._environ.get("TMPDIR"))

        return ToolRegistry(make)
