"""Putting together what one session works with."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from codex_rpc.config.loader import Config
from codex_rpc.config.providers import ModelProvider
from codex_rpc.config.settings import ThreadSettings
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.shell import Shell, default_shell
from codex_rpc.managers.auth import AuthManager
from codex_rpc.managers.models import ModelsManager
from codex_rpc.model.factory import model_client
from codex_rpc.model.port import ModelClient
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.rollout.lines import SessionMeta
from codex_rpc.rollout.recorder import RolloutRecorder, rollout_path
from codex_rpc.state.services import Managers, SessionServices
from codex_rpc.threads.codex_thread import ThreadOrigin
from codex_rpc.tools.command_execution import CommandEnvironment
from codex_rpc.tools.disk_workspace import DiskWorkspace
from codex_rpc.tools.patch_tool import PatchTool
from codex_rpc.tools.plan_tool import PlanTool
from codex_rpc.tools.registry import ToolRegistry
from codex_rpc.tools.shell_tools import ShellTool


class ServiceFactory:
    """Holds what all sessions share and builds what each has of its own.

    An async context manager: leaving it kills all commands and closes all connections.
    """

    def __init__(
        self,
        codex_home: Path,
        environ: Mapping[str, str],
        auth: AuthManager,
        models: ModelsManager,
        version: str,
    ) -> None:
        self._codex_home = codex_home
        self._environ = environ
        self._managers = Managers(auth, models)
        self._version = version
        self._workspace = DiskWorkspace()
        self._processes = ProcessRunner()
        self._clients: list[tuple[ModelProvider, ModelClient]] = []

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
        for _, client in self._clients:
            await client.aclose()

    @cached_property
    def _shell(self) -> Shell:
        return default_shell()

    def for_thread(
        self, thread_id: ThreadId, config: Config, settings: ThreadSettings, origin: ThreadOrigin
    ) -> SessionServices:
        """The services of one session.

        Raises:
            ConfigError: if the provider does not exist or is not set up.
        """
        provider = config.provider(settings.model_provider)
        environment = self._command_environment(config)
        return SessionServices(
            provider=provider,
            model=self._model_client(provider),
            tools=self._tools(environment),
            exec=environment,
            managers=self._managers,
            workspace=self._workspace,
            recorder=None if origin.ephemeral else self._recorder(thread_id, settings, origin),
        )

    def _model_client(self, provider: ModelProvider) -> ModelClient:
        """The provider's client; a script is played anew for each thread."""
        credentials = self._managers.auth.credentials(provider)
        if provider.wire_api == "script":
            return model_client(provider, credentials)
        for known, client in self._clients:
            if known == provider:
                return client
        client = model_client(provider, credentials)
        self._clients.append((provider, client))
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

    def _tools(self, environment: CommandEnvironment) -> ToolRegistry:
        return ToolRegistry(
            [
                ShellTool("shell", environment),
                ShellTool("shell_command", environment),
                ShellTool("exec_command", environment),
                PatchTool(self._environ.get("TMPDIR")),
                PlanTool(),
            ]
        )

    def _recorder(
        self, thread_id: ThreadId, settings: ThreadSettings, origin: ThreadOrigin
    ) -> RolloutRecorder:
        return RolloutRecorder(
            path=rollout_path(self._codex_home, thread_id, origin.created_at),
            meta=SessionMeta(
                thread_id=thread_id,
                timestamp=origin.created_at,
                cwd=settings.cwd,
                originator=origin.originator or "codex-rpc",
                cli_version=self._version,
                source="vscode",
                model_provider=settings.model_provider,
                base_instructions=settings.base_instructions,
            ),
        )
