"""Opening a connection to a server as its settings say. Importing this loads the SDK: 0.5 s.

Which credentials an HTTP server gets is decided here: those that its configuration names, else
those of a login.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import anyio
from msgspec import Struct

from codex_rpc.config.mcp_servers import McpServerSettings, StdioTransport
from codex_rpc.errors import McpError
from codex_rpc.exec.process_spec import ProcessSpec
from codex_rpc.managers.mcp.calls import ConnectionLostError, LoginNeededError
from codex_rpc.managers.mcp.connection import McpConnection, connect
from codex_rpc.managers.mcp.environment import http_headers, server_environment
from codex_rpc.managers.mcp.host import McpHost
from codex_rpc.managers.mcp.http import http_link
from codex_rpc.managers.mcp.link import Link
from codex_rpc.managers.mcp.login_tokens import LoginTokens
from codex_rpc.managers.mcp.stdio import stdio_link

TOLD_WITHIN_S = 1.0
"""How long to wait for the end of a server that has closed the connection."""


class Opened(Struct, frozen=True):
    """A connection whose handshake is done, and what carries it."""

    connection: McpConnection
    link: Link


@asynccontextmanager
async def open_connection(
    settings: McpServerSettings, host: McpHost, on_tools_changed: Callable[[], None]
) -> AsyncGenerator[Opened]:
    """Have a connection as long as the context lasts.

    Raises:
        McpError: there is none to be had, perhaps in a group.
        SpawnError: the server's command cannot be started.
    """
    async with _link(settings, host) as link:
        try:
            async with connect(settings.name, host.version, link, on_tools_changed) as connection:
                yield Opened(connection, link)
        except* LoginNeededError:
            raise
        except* ConnectionLostError as group:
            raise await _explained(group, link) from group


def _link(settings: McpServerSettings, host: McpHost) -> AbstractAsyncContextManager[Link]:
    transport = settings.transport
    if isinstance(transport, StdioTransport):
        return stdio_link(host.processes, _process(transport, host))
    headers = http_headers(transport, host.environ)
    login = host.credentials.of(settings.name, transport.url)
    return http_link(transport, headers, None if transport.has_token else LoginTokens(login))


def _process(transport: StdioTransport, host: McpHost) -> ProcessSpec:
    return ProcessSpec(
        argv=(transport.command, *transport.args),
        cwd=host.cwd if transport.cwd is None else host.cwd / Path(transport.cwd).expanduser(),
        env=server_environment(transport, host.environ),
        stdin="pipe",
        split_output=True,
    )


async def _explained(group: BaseExceptionGroup[ConnectionLostError], link: Link) -> McpError:
    """How the server has ended, as soon as that is known."""
    with anyio.move_on_after(TOLD_WITHIN_S):
        await link.ended.wait()
        return McpError(link.why_ended())
    return McpError(f"does not answer: {group.exceptions[0]}")
