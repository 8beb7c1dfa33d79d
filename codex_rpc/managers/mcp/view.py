"""ThreadMcp: the MCP servers as one thread's configuration wants them.

Several threads share the servers; which of a server's tools there are, what they are called and how
long they may take is each thread's own.
"""

import logging
from collections.abc import Callable, Mapping, Sequence

import anyio
from msgspec.structs import replace

from codex_rpc.config.mcp_servers import HttpTransport, McpServerSettings, McpSettings
from codex_rpc.errors import McpError, McpServerNotFoundError
from codex_rpc.managers.mcp.port import (
    Json,
    McpAuthStatus,
    McpCallOptions,
    McpCallResult,
    McpPage,
    McpServerView,
    McpStatus,
    McpTool,
)
from codex_rpc.managers.mcp.schemas import model_schema
from codex_rpc.managers.mcp.server import McpServer
from codex_rpc.managers.mcp.tool_names import ToolNames, name_tools

logger = logging.getLogger(__name__)

INSPECTION_S = 5.0
"""How long servers get to say what resources they have, when all are listed."""

OnStatus = Callable[[McpStatus], None]


class ThreadMcp:
    """One thread's servers; made by the manager, and to be closed with the thread."""

    def __init__(self, on_close: "Callable[[ThreadMcp], None]") -> None:
        self._on_close = on_close
        self.settings = McpSettings()
        self._servers: Mapping[str, McpServer] = {}
        self._wanted: Mapping[str, McpServerSettings] = {}
        self._on_status: OnStatus | None = None
        self._known: tuple[object, Sequence[McpTool]] = (None, ())
        self.is_closed = False

    # --- for the manager -------------------------------------------------------------------------

    @property
    def servers(self) -> Sequence[McpServer]:
        """Those that are enabled."""
        return tuple(self._servers.values())

    def use(self, settings: McpSettings, servers: Mapping[str, McpServer]) -> None:
        """Have these servers from now on."""
        for server in self._servers.values():
            server.observers.discard(self._notice)
        self.settings = settings
        self._servers = servers
        self._wanted = {wanted.name: wanted for wanted in settings.servers}
        self._known = (None, ())
        for server in servers.values():
            server.observers.add(self._notice)

    def close(self) -> None:
        """Need them no longer. Who else needs them keeps them."""
        if not self.is_closed:
            self.is_closed = True
            self.use(McpSettings(), {})
            self._on_close(self)

    # --- what state they are in ------------------------------------------------------------------

    def watch(self, on_status: OnStatus) -> None:
        """Tell `on_status` how each server is now, and then each change."""
        self._on_status = on_status
        for server in self._servers.values():
            if server.state != "notStarted":
                on_status(server.status)

    def _notice(self, status: McpStatus) -> None:
        if self._on_status is not None:
            self._on_status(status)

    async def wait_for_required(self) -> None:
        """Wait for the servers without which the user wants no thread.

        Raises:
            McpError: one of them cannot be started.
        """
        for server in self._servers.values():
            if self._wanted[server.name].required:
                await server.settled()
                if server.state != "ready":
                    raise McpError(f"required MCP server `{server.name}` {server.error}")

    async def wait_for_new(self) -> None:
        """Give servers that have just been started for the first time the chance to be ready."""
        for server in self._servers.values():
            server.need()
            deadline = server.first_needed_at + self.settings.startup_grace_s
            with anyio.move_on_after(max(0.0, deadline - anyio.current_time())):
                await server.settled()

    def statuses(self) -> Sequence[McpServerView]:
        """All servers of the configuration, without their resources. Never waits for them."""
        return [self._status(settings) for settings in self.settings.servers]

    async def inspect(self) -> Sequence[McpServerView]:
        """All servers of the configuration, with what resources they have."""
        views = {view.name: view for view in self.statuses()}

        async def add_resources(server: McpServer) -> None:
            try:
                with anyio.fail_after(INSPECTION_S):
                    resources = await server.resources(None)
                    templates = await server.resource_templates(None)
            except (McpError, TimeoutError) as error:
                logger.info("MCP server %s does not list resources: %s", server.name, error)
                return
            views[server.name] = replace(
                views[server.name],
                resources=resources.entries,
                resource_templates=templates.entries,
            )

        async with anyio.create_task_group() as tasks:
            for server in self._servers.values():
                if server.state == "ready":
                    tasks.start_soon(add_resources, server)
        return list(views.values())

    def _status(self, settings: McpServerSettings) -> McpServerView:
        transport = settings.transport
        view = McpServerView(
            name=settings.name,
            state="disabled",
            auth="unsupported",
            required=settings.required,
            http_origin=transport.origin if isinstance(transport, HttpTransport) else None,
        )
        server = self._servers.get(settings.name)
        if server is None:
            return view
        connection = server.connection
        return replace(
            view,
            state=server.state,
            auth=_auth_status(server),
            error=server.error,
            needs_login=server.needs_login,
            server_info=None if connection is None else connection.server_info,
            capabilities=None if connection is None else connection.capabilities,
            instructions=None if connection is None else connection.instructions,
            tools=[tool for tool in server.tools if settings.offers(str(tool["name"]))],
        )

    # --- tools -----------------------------------------------------------------------------------

    def tools_now(self) -> Sequence[McpTool]:
        """The tools of servers that are ready now. Never waits."""
        for server in self._servers.values():
            server.need()
        state = tuple((server, server.revision) for server in self._servers.values())
        if self._known[0] != state:
            self._known = (state, self._named())
        return self._known[1]

    async def tools(self, wait_s: float) -> Sequence[McpTool]:
        """The tools, after servers that are still starting got `wait_s` to be ready."""
        self.tools_now()
        with anyio.move_on_after(wait_s):
            for server in self._servers.values():
                await server.settled()
        return self.tools_now()

    def find(self, namespace: str | None, name: str) -> McpTool | None:
        """The tool that the model means."""
        for tool in self.tools_now():
            if (tool.flat_name if namespace is None else tool.name) == name and (
                namespace is None or tool.namespace == namespace
            ):
                return tool
        return None

    def _named(self) -> Sequence[McpTool]:
        described = {
            (server.name, str(tool["name"])): tool
            for server in self._servers.values()
            for tool in server.tools
            if self._wanted[server.name].offers(str(tool["name"]))
        }
        named = name_tools(described)
        for warning in named.warnings:
            logger.warning("%s", warning)
        return [self._tool(names, described[names.raw]) for names in named.names]

    def _tool(self, names: ToolNames, described: Json) -> McpTool:
        server, tool = names.raw
        description: object = described.get("description")
        settings = self._wanted[server]
        return McpTool(
            server=server,
            tool=tool,
            namespace=names.namespace,
            name=names.name,
            flat_name=names.flat_name,
            description=description if isinstance(description, str) else "",
            parameters=model_schema(described.get("inputSchema")),
            described=described,
            approval=settings.approval(tool),
            parallel=settings.parallel_tool_calls,
        )

    # --- what they do ----------------------------------------------------------------------------

    async def call(
        self, server: str, tool: str, arguments: Json | None, options: McpCallOptions
    ) -> McpCallResult:
        """Call a tool, as its server calls it.

        Raises:
            McpServerNotFoundError: there is no such server.
            McpError: there is no result; the tool's own failures are results.
        """
        found, settings = self.server(server), self._wanted[server]
        if not settings.offers(tool):
            raise McpError(f"tool `{tool}` of MCP server `{server}` is disabled")
        timeout_s = settings.tool_timeout_s if options.timeout_s is None else options.timeout_s
        return await found.call(tool, arguments, options, timeout_s)

    async def resources(self, server: str, cursor: str | None = None) -> McpPage:
        """A page of a server's resources.

        Raises:
            McpServerNotFoundError: there is no such server.
            McpError: it does not say.
        """
        return await self.server(server).resources(cursor)

    async def resource_templates(self, server: str, cursor: str | None = None) -> McpPage:
        """A page of a server's templates of resources.

        Raises:
            McpServerNotFoundError: there is no such server.
            McpError: it does not say.
        """
        return await self.server(server).resource_templates(cursor)

    async def read_resource(self, server: str, uri: str, options: McpCallOptions) -> Json:
        """The result of `resources/read`.

        Raises:
            McpServerNotFoundError: there is no such server.
            McpError: there is none.
        """
        found, settings = self.server(server), self._wanted[server]
        timeout_s = settings.tool_timeout_s if options.timeout_s is None else options.timeout_s
        return await found.read_resource(uri, options, timeout_s)

    def server(self, name: str) -> McpServer:
        """The enabled server of that name.

        Raises:
            McpServerNotFoundError: there is none.
        """
        try:
            return self._servers[name]
        except KeyError:
            raise McpServerNotFoundError(name) from None


def _auth_status(server: McpServer) -> McpAuthStatus:
    transport = server.settings.transport
    if not isinstance(transport, HttpTransport):
        return "unsupported"
    if transport.has_token:
        return "bearerToken"
    if server.needs_login:
        return "notLoggedIn"
    if server.is_logged_in:
        return "oAuth"
    return "unsupported" if server.state == "ready" else "unknown"
