"""Putting together what one session works with."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from msgspec import Struct, field
from msgspec.structs import replace

from codex_rpc.config.loader import Config
from codex_rpc.config.providers import ModelProvider
from codex_rpc.config.settings import ThreadSettings
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.sandbox.port import NoSandbox, Sandbox
from codex_rpc.exec.shell import Shell, default_shell
from codex_rpc.managers.auth import AuthManager
from codex_rpc.managers.exec_policy import ExecPolicyManager
from codex_rpc.managers.models import ModelsManager
from codex_rpc.managers.skills.manager import SkillsManager, ThreadSkills
from codex_rpc.model.factory import model_client
from codex_rpc.model.port import ModelClient
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.rollout.recorder import RolloutRecorder
from codex_rpc.state.services import Managers, SessionServices
from codex_rpc.threads.mcp_hub import McpHub
from codex_rpc.threads.sandbox_probe import SandboxProbe
from codex_rpc.tools.commands.environment import CommandEnvironment
from codex_rpc.tools.registry import ToolRegistry
from codex_rpc.tools.workspace.disk import DiskWorkspace
from codex_rpc.tools.workspace.port import Workspace

if TYPE_CHECKING:
    from codex_rpc.managers.mcp.view import ThreadMcp
    from codex_rpc.tools.agents.port import Agents
    from codex_rpc.tools.ports import Tool, ToolSource


class ServiceRequest(Struct, frozen=True):
    """What the services of one session are made from."""

    config: Config
    settings: ThreadSettings
    recorder: RolloutRecorder | None
    auth: AuthManager | None = None
    """Credentials to use instead of those that all threads share."""
    agents: "Agents | None" = None
    """Through which its model may have other agents work for it, if it may."""
    mcp: "ThreadMcp | None" = None
    """Its MCP servers, if it has any."""
    sandbox: Sandbox = field(default_factory=NoSandbox)
    thread_id: ThreadId | None = None


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
        skills: SkillsManager,
        sandbox: Sandbox | None = None,
    ) -> None:
        """Without a `sandbox`, what this machine has is found out."""
        self._environ = environ
        self._managers = Managers(auth, models)
        self._skills = skills
        self.probe = SandboxProbe(environ, codex_home, sandbox)
        self._exec_policy = ExecPolicyManager(codex_home)
        self.workspace: Workspace = DiskWorkspace()
        """Through which the tools of threads made from now on see files."""
        self._processes = ProcessRunner()
        self.mcp = McpHub(codex_home, environ, self._processes)
        self._clients: list[tuple[ModelProvider, AuthManager, ModelClient]] = []

    async def __aenter__(self) -> Self:
        await self._processes.__aenter__()
        await self.mcp.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.mcp.__aexit__(None, None, None)
        await self._processes.__aexit__(kind, error, traceback)
        for *_, client in self._clients:
            await client.aclose()

    @cached_property
    def _shell(self) -> Shell:
        return default_shell()

    def for_thread(self, request: ServiceRequest) -> SessionServices:
        """The services of one session.

        Raises:
            ConfigError: if the provider does not exist or is not set up.
        """
        config = request.config
        provider = config.provider(request.settings.model_provider)
        environment = self._command_environment(config, request.sandbox, request.thread_id)
        managers = replace(
            self._managers,
            auth=self._managers.auth if request.auth is None else request.auth,
            skills=ThreadSkills(self._skills, config),
            mcp=request.mcp,
        )
        return SessionServices(
            provider=provider,
            model=self._model_client(provider, managers.auth),
            tools=self._tools(environment, request),
            exec=environment,
            managers=managers,
            workspace=self.workspace,
            recorder=request.recorder,
        )

    async def for_client(self, config: Config) -> CommandEnvironment:
        """What commands run in that belong to no thread."""
        return self._command_environment(config, await self.probe.sandbox())

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

    def _command_environment(
        self, config: Config, sandbox: Sandbox, thread_id: ThreadId | None = None
    ) -> CommandEnvironment:
        return CommandEnvironment(
            processes=self._processes,
            shell=self._shell,
            variables=self._environ,
            policy=config.shell_environment,
            sandbox=sandbox,
            thread_id=thread_id,
            rules=self._exec_policy.rules_of(config.rules_folders),
            credentials={
                provider.env_key
                for provider in config.providers.values()
                if provider.env_key is not None
            },
        )

    def _tools(self, environment: CommandEnvironment, request: ServiceRequest) -> ToolRegistry:
        agents, mcp = request.agents, request.mcp

        def make() -> "Sequence[Tool]":
            # What a server needs to start does not include the tools.
            from codex_rpc.threads.thread_tools import thread_tools

            return thread_tools(environment, agents, mcp, self._environ.get("TMPDIR"))

        sources: list[ToolSource] = []
        if mcp is not None:
            from codex_rpc.tools.mcp.mcp_tools import McpTools

            sources.append(McpTools(mcp))
        return ToolRegistry(make, sources)
