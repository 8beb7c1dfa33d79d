"""`mcpServer/*`, `mcpServerStatus/*` and `config/mcpServer/*`."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

import anyio.to_thread

from codex_rpc.errors import (
    InvalidParamsError,
    InvalidRequestError,
    McpError,
    McpServerNotFoundError,
)
from codex_rpc.managers.mcp.port import McpCallOptions, McpServerView
from codex_rpc.managers.mcp.view import ThreadMcp
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.mcp import (
    ListMcpServerStatusParams,
    ListMcpServerStatusResponse,
    McpResourceReadParams,
    McpResourceReadResponse,
    McpServerConnectionStatus,
    McpServerRefreshParams,
    McpServerRefreshResponse,
    McpServerStatus,
    McpServerToolCallParams,
    McpServerToolCallResponse,
)
from codex_rpc.server.context import RequestContext
from codex_rpc.server.paging import page

LISTED_WITHIN_S = 3.0
"""How long a list waits for servers that are still starting."""


async def list_statuses(
    context: RequestContext, params: ListMcpServerStatusParams
) -> ListMcpServerStatusResponse:
    async with servers_of(context, params.thread_id) as servers:
        if servers is None:
            return ListMcpServerStatusResponse(data=[])
        await servers.tools(wait_s=LISTED_WITHIN_S)
        if params.detail == "toolsAndAuthOnly":
            views = servers.statuses()
        else:
            views = await servers.inspect()
    wanted = [view for view in views if params.server_name in (None, view.name)]
    data, cursor = page(wanted, lambda view: view.name, params.cursor, params.limit)
    return ListMcpServerStatusResponse(data=[_status(view) for view in data], next_cursor=cursor)


async def call_tool(
    context: RequestContext, params: McpServerToolCallParams
) -> McpServerToolCallResponse:
    arguments = _object(params.arguments, "arguments")
    options = McpCallOptions(meta=_object(params.meta, "_meta") or None)
    async with servers_of(context, params.thread_id) as servers:
        if servers is None:
            raise McpServerNotFoundError(params.server)
        with _failing_request():
            result = await servers.call(params.server, params.tool, arguments, options)
    return McpServerToolCallResponse(
        content=list(result.content),
        structured_content=result.structured_content,
        is_error=result.is_error,
        _meta=result.meta,
    )


async def read_resource(
    context: RequestContext, params: McpResourceReadParams
) -> McpResourceReadResponse:
    async with servers_of(context, params.thread_id) as servers:
        if servers is None:
            raise McpServerNotFoundError(params.server)
        with _failing_request():
            result = await servers.read_resource(params.server, params.uri, McpCallOptions())
    return McpResourceReadResponse(
        contents=list(result.get("contents", ())), origin_call_id=params.origin_call_id
    )


async def reload(
    context: RequestContext, params: McpServerRefreshParams
) -> McpServerRefreshResponse:
    await context.server.threads.mcp.reload()
    return McpServerRefreshResponse()


@asynccontextmanager
async def servers_of(
    context: RequestContext, thread_id: ThreadId | None
) -> AsyncGenerator[ThreadMcp | None]:
    """The servers of a loaded thread, or else of the user's configuration; `None` if it has none.

    They are those that the thread itself uses.
    """
    threads = context.server.threads
    if thread_id is None:
        config = await anyio.to_thread.run_sync(threads.config.load)
    else:
        thread = threads.get_thread(thread_id)
        cwd = thread.snapshot().settings.cwd
        config = await anyio.to_thread.run_sync(threads.config.load, thread.origin.config, cwd)
    servers = await threads.mcp.servers_for(config)
    try:
        yield servers
    finally:
        if servers is not None:
            servers.close()


@contextmanager
def _failing_request() -> Generator[None]:
    """What would be a tool's failure to a model refuses the request of a client."""
    try:
        yield
    except McpError as error:
        raise InvalidRequestError(str(error)) from error


def _object(value: object, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidParamsError(
            f"Invalid request: invalid type for `{name}`, expected a map", path=(name,)
        )
    return cast("dict[str, Any]", value)


def _status(view: McpServerView) -> McpServerStatus:
    return McpServerStatus(
        name=view.name,
        auth_status=view.auth,
        runtime_status=_runtime_status(view),
        tools={str(tool["name"]): tool for tool in view.tools},
        tools_error=view.error,
        resources=list(view.resources),
        resource_templates=list(view.resource_templates),
        server_info=view.server_info,
        server_capabilities=view.capabilities,
        http_origin=view.http_origin,
    )


def _runtime_status(view: McpServerView) -> McpServerConnectionStatus:
    if view.state == "ready":
        return "connected"
    return "authenticationRequired" if view.needs_login else view.state
