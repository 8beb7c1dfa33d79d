"""McpManager: the one live set of MCP servers that all threads of a process share.

Servers are told apart by their name and how they are reached. One that no thread needs any more
lingers for a while, since the next thread is likely to need it.
"""

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from codex_rpc.config.effective import Config
from codex_rpc.config.mcp_servers import HttpTransport, McpServerSettings, McpSettings
from codex_rpc.errors import McpLoginError
from codex_rpc.managers.mcp.environment import http_headers
from codex_rpc.managers.mcp.host import McpHost
from codex_rpc.managers.mcp.login_attempt import LoginAttempt, LoginPlan
from codex_rpc.managers.mcp.port import LoginStarted
from codex_rpc.managers.mcp.server import McpServer
from codex_rpc.managers.mcp.view import ThreadMcp

LINGER_S = 300.0
"""How long a server lives that nobody needs."""
LOGIN_TIMEOUT_S = 300.0
"""How long the user gets to log in."""

Reread = Callable[[], Config]
"""Loads a thread's configuration again. It may block."""


class McpManager:
    """Owns all servers and the tasks that run them; an async context manager."""

    def __init__(self, host: McpHost, linger_s: float = LINGER_S) -> None:
        self._host = host
        self._linger_s = linger_s
        self._servers: dict[object, McpServer] = {}
        self._views: dict[ThreadMcp, Reread | None] = {}
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
        tasks, self._tasks = self._tasks, None
        for server in self._servers.values():
            server.stop()
        self._servers.clear()
        if tasks is not None:
            tasks.cancel_scope.cancel()
            await tasks.__aexit__(None, None, None)

    def servers_for(self, config: Config, reread: Reread | None = None) -> ThreadMcp:
        """A thread's view of the servers that `config` enables, which begin to start.

        Cheap, and never waits. `reload` asks `reread` what the thread's configuration is then.
        """
        view = ThreadMcp(self._release)
        self._views[view] = reread
        self._equip(view, config.mcp)
        return view

    async def reload(self) -> None:
        """Have the servers that the configurations say now.

        Unchanged ones stay as they are; failed ones are started again.

        Raises:
            ConfigError: a configuration cannot be read; then nothing changes.
        """
        views = [(view, reread) for view, reread in self._views.items() if reread is not None]
        configs = [
            (view, await anyio.to_thread.run_sync(reread, abandon_on_cancel=True))
            for view, reread in views
        ]
        for server in self._servers.values():
            server.forgive()
        for view, config in configs:
            if not view.is_closed:
                self._equip(view, config.mcp)
        for server in [server for server in self._servers.values() if not server.observers]:
            self._stop(server)

    async def login(
        self,
        view: ThreadMcp,
        server: str,
        scopes: Sequence[str] | None = None,
        timeout_s: float = LOGIN_TIMEOUT_S,
    ) -> LoginStarted:
        """Begin to log in to a server of the view; when it has succeeded, the server is restarted.

        Raises:
            McpServerNotFoundError: the view has no such server.
            McpLoginError: there is no login to it.
        """
        if self._tasks is None:
            raise McpLoginError("the server is shutting down")
        found = view.server(server)
        plan = self._plan(found, view.settings, scopes)
        attempt = LoginAttempt(plan, timeout_s, found.restart)
        self._tasks.start_soon(attempt.run, name=f"login to MCP server {server}")
        return await attempt.started()

    def _plan(
        self, server: McpServer, settings: McpSettings, scopes: Sequence[str] | None
    ) -> LoginPlan:
        transport = server.settings.transport
        if not isinstance(transport, HttpTransport) or transport.has_token:
            raise McpLoginError(f"OAuth login is not supported for MCP server `{server.name}`")
        return LoginPlan(
            transport=transport,
            headers=http_headers(transport, self._host.environ),
            login=self._host.credentials.of(server.name, transport.url),
            scopes=server.settings.scopes if scopes is None else tuple(scopes),
            callback_port=settings.callback_port,
            callback_url=settings.callback_url,
        )

    def _equip(self, view: ThreadMcp, settings: McpSettings) -> None:
        before = view.servers
        wanted = [server for server in settings.servers if server.enabled]
        servers = {server.name: self._server(server) for server in wanted}
        view.use(settings, servers)
        for server in servers.values():
            server.need()
        self._let_go(before)

    def _server(self, settings: McpServerSettings) -> McpServer:
        server = self._servers.get(settings.identity)
        if server is None:
            server = McpServer(settings, self._host)
            if self._tasks is not None:
                self._servers[settings.identity] = server
                self._tasks.start_soon(server.run, name=f"MCP server {settings.name}")
        server.settings = settings
        return server

    # --- servers that nobody needs ---------------------------------------------------------------

    def _release(self, view: ThreadMcp) -> None:
        del self._views[view]
        self._let_go(tuple(self._servers.values()))

    def _let_go(self, servers: Iterable[McpServer]) -> None:
        for server in servers:
            if not server.observers and not server.lingering and self._tasks is not None:
                server.lingering = True
                self._tasks.start_soon(self._linger, server)

    async def _linger(self, server: McpServer) -> None:
        await anyio.sleep(self._linger_s)
        server.lingering = False
        if not server.observers:
            self._stop(server)

    def _stop(self, server: McpServer) -> None:
        if self._servers.get(server.settings.identity) is server:
            del self._servers[server.settings.identity]
        server.stop()
