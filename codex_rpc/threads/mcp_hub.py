"""McpHub: the process's MCP servers, loaded with the first configuration that names one.

Most threads have none, and their start should not pay for them.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
from anyio.abc import TaskGroup, TaskStatus
from msgspec import Struct

from codex_rpc.config.loader import Config
from codex_rpc.exec.process import ProcessRunner

if TYPE_CHECKING:
    from codex_rpc.managers.mcp.manager import McpManager
    from codex_rpc.managers.mcp.port import LoginStarted
    from codex_rpc.managers.mcp.view import ThreadMcp


DEFAULT_LOGIN_S = 300.0


class LoginOptions(Struct, frozen=True):
    """What to ask for, if not what the server says; and how long the user has."""

    scopes: Sequence[str] | None = None
    timeout_s: float = DEFAULT_LOGIN_S


class McpHub:
    """Has the one `McpManager` run, once there is work for it. An async context manager."""

    def __init__(
        self, codex_home: Path, environ: Mapping[str, str], processes: ProcessRunner
    ) -> None:
        self._codex_home = codex_home
        self._environ = environ
        self._processes = processes
        self._manager: McpManager | None = None
        self._making = anyio.Lock()
        self._end = anyio.Event()
        self._tasks: TaskGroup | None = None

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end.set()
        if self._tasks is not None:
            await self._tasks.__aexit__(None, None, None)

    async def servers_for(
        self, config: Config, reread: Callable[[], Config] | None = None
    ) -> "ThreadMcp | None":
        """A view of the servers that `config` names, if it names any; to be closed.

        They begin to start, and nobody waits for them. `reread` gives the configuration as it is
        when all are to be read anew.
        """
        if not config.mcp.servers:
            return None
        return (await self._running()).servers_for(config, reread)

    async def reload(self) -> None:
        """Have the servers that the configurations say now.

        Raises:
            ConfigError: if one cannot be read; then nothing changes.
        """
        if self._manager is not None:
            await self._manager.reload()

    async def login(self, view: "ThreadMcp", server: str, options: LoginOptions) -> "LoginStarted":
        """Begin to log in to a server of the view.

        Raises:
            McpServerNotFoundError: if the view has no such server.
            McpLoginError: if there is no login to it.
        """
        manager = await self._running()
        return await manager.login(view, server, options.scopes, options.timeout_s)

    async def _running(self) -> "McpManager":
        async with self._making:
            if self._manager is None:
                assert self._tasks is not None, "entered"
                # Who needs it first may give up; it is there for the others as well.
                with anyio.CancelScope(shield=True):
                    await self._tasks.start(self._run)
            assert self._manager is not None
            return self._manager

    async def _run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        from codex_rpc import __version__
        from codex_rpc.managers.mcp.credentials import McpCredentials
        from codex_rpc.managers.mcp.host import McpHost
        from codex_rpc.managers.mcp.manager import McpManager

        host = McpHost(
            processes=self._processes,
            environ=self._environ,
            credentials=McpCredentials(self._codex_home),
            cwd=Path.cwd(),
            version=__version__,
        )
        async with McpManager(host) as self._manager:
            task_status.started()
            await self._end.wait()
