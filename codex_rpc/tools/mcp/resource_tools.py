"""The resources of MCP servers: three tools to list and to read them."""

import json
import time
from collections.abc import AsyncGenerator, Awaitable, Sequence
from typing import Any, Literal

import anyio
from msgspec import Struct

from codex_rpc.errors import CodexRpcError, ToolError
from codex_rpc.managers.mcp.port import Json, McpCallOptions, McpPage
from codex_rpc.managers.mcp.view import ThreadMcp
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.items import McpToolCallError, McpToolCallItem, McpToolCallResult
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.ports import Tool, ToolCall, ToolContext, ToolOutput


def resource_tools(servers: ThreadMcp) -> Sequence[Tool]:
    """The three, for the servers of one thread."""
    return [
        ListTool("list_mcp_resources", servers, "resources"),
        ListTool("list_mcp_resource_templates", servers, "resourceTemplates"),
        ReadTool(servers),
    ]


class ListArguments(ToolArguments):
    server: str | None = None
    cursor: str | None = None


class ReadArguments(ToolArguments):
    server: str
    uri: str


_LISTED = {
    "resources": "what MCP servers have to read: files, tables, documents",
    "resourceTemplates": "the forms of addresses under which MCP servers have more to read",
}


class ListTool(Struct, frozen=True):
    """Lists one kind of thing, of one server by the page or of all servers at once."""

    name: str
    servers: ThreadMcp
    kind: Literal["resources", "resourceTemplates"]
    parallel: bool = True

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        arguments = {
            "server": "Which server; all of them if left out.",
            "cursor": "Goes on with the list of one server.",
        }
        return _spec(self.name, f"List {_LISTED[self.kind]}.", arguments, required=())

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = parse_arguments(ListArguments, call.arguments)
        if arguments.cursor is not None and arguments.server is None:
            raise ToolError("cursor can only be used when a server is specified")
        work = self._all() if arguments.server is None else self._page(arguments)
        return await _shown(call, arguments, work, context)

    async def _page(self, arguments: ListArguments) -> Json:
        server = arguments.server or ""
        page = await self._read(server, arguments.cursor)
        listed = {"server": server, self.kind: page.entries}
        return listed if page.next_cursor is None else {**listed, "nextCursor": page.next_cursor}

    async def _all(self) -> Json:
        """Of every server that can be asked now; one that fails has none."""
        entries: list[Json] = []
        for view in self.servers.statuses():
            if view.state == "ready":
                entries += [{"server": view.name, **entry} async for entry in self._of(view.name)]
        return {self.kind: entries}

    async def _of(self, server: str) -> AsyncGenerator[Json]:
        cursor = None
        for _ in range(_PAGES_OF_ALL):
            try:
                page = await self._read(server, cursor)
            except ToolError:
                return
            for entry in page.entries:
                yield entry
            if (cursor := page.next_cursor) is None:
                return

    async def _read(self, server: str, cursor: str | None) -> McpPage:
        if self.kind == "resources":
            return await self.servers.resources(server, cursor)
        return await self.servers.resource_templates(server, cursor)


_PAGES_OF_ALL = 100
"""A server whose list never ends is not read to the end."""


class ReadTool(Struct, frozen=True):
    """Reads one resource."""

    servers: ThreadMcp
    name: str = "read_mcp_resource"
    parallel: bool = True

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        arguments = {
            "server": "The server's name, as in the list.",
            "uri": "The resource's address, as in the list.",
        }
        return _spec(
            self.name, "Read a resource of an MCP server.", arguments, required=("server", "uri")
        )

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = parse_arguments(ReadArguments, call.arguments)
        return await _shown(call, arguments, self._read(arguments), context)

    async def _read(self, arguments: ReadArguments) -> Json:
        result = await self.servers.read_resource(arguments.server, arguments.uri, McpCallOptions())
        return {"server": arguments.server, "uri": arguments.uri, **result}


def _spec(
    name: str, description: str, arguments: dict[str, str], *, required: Sequence[str]
) -> FunctionToolSpec:
    properties = {
        argument: {"type": "string", "description": text} for argument, text in arguments.items()
    }
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return FunctionToolSpec(name, description, parameters)


async def _shown(
    call: ToolCall,
    arguments: ListArguments | ReadArguments,
    work: Awaitable[Json],
    context: ToolContext,
) -> ToolOutput:
    """Carry the call out and show it as a call of the server's."""
    item = McpToolCallItem(
        id=ItemId(call.call_id),
        server=arguments.server or "",
        tool=call.name,
        arguments=arguments.model_dump(exclude_none=True),
        status="inProgress",
        read_only_hint=True,
    )
    context.item_started(item)
    began = time.monotonic()

    def over(**ending: Any) -> None:
        duration_ms = round((time.monotonic() - began) * 1000)
        context.item_completed(item.model_copy(update={"duration_ms": duration_ms, **ending}))

    try:
        text = json.dumps(await work, ensure_ascii=False, separators=(",", ":"))
    except CodexRpcError as error:
        over(status="failed", error=McpToolCallError(message=str(error)))
        raise ToolError(str(error)) from error
    except anyio.get_cancelled_exc_class():
        over(status="failed", error=McpToolCallError(message="the call was interrupted"))
        raise
    result = McpToolCallResult(content=[{"type": "text", "text": text}])
    over(status="completed", result=result)
    return ToolOutput(text)
