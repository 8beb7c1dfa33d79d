"""Calling a tool of an MCP server for the model: asking first if need be, and showing it."""

import time
from typing import Any, cast

import anyio
from msgspec import Struct
from pydantic_core import from_json

from codex_rpc.errors import ToolError
from codex_rpc.managers.mcp.port import McpCallOptions, McpCallResult, McpProgress, McpTool
from codex_rpc.managers.mcp.view import ThreadMcp
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.items import McpToolCallError, McpToolCallItem, McpToolCallResult
from codex_rpc.tools.mcp.consent import get_consent
from codex_rpc.tools.mcp.elicitation import ClientElicitor
from codex_rpc.tools.mcp.result import output_for_model
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput


class McpModelTool(Struct, frozen=True):
    """One tool of a server's."""

    tool: McpTool
    servers: ThreadMcp

    @property
    def name(self) -> str:
        return self.tool.name

    @property
    def parallel(self) -> bool:
        return self.tool.parallel

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return FunctionToolSpec(self.name, self.tool.description, dict(self.tool.parameters))

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = _arguments(call.arguments)
        item = McpToolCallItem(
            id=ItemId(call.call_id),
            server=self.tool.server,
            tool=self.tool.tool,
            arguments=arguments,
            status="inProgress",
            read_only_hint=self.tool.read_only,
        )
        context.item_started(item)
        began = time.monotonic()
        try:
            await get_consent(self.tool, arguments, context)
            result = await self._call(item, arguments, context)
        except ToolError as error:
            context.item_completed(_failed(item, str(error), began))
            raise
        except anyio.get_cancelled_exc_class():
            context.item_completed(_failed(item, "the call was interrupted", began))
            raise
        context.item_completed(_completed(item, result, began))
        return output_for_model(result, sees_images="image" in context.model.modalities)

    async def _call(
        self, item: McpToolCallItem, arguments: dict[str, Any], context: ToolContext
    ) -> McpCallResult:
        async def show(progress: McpProgress) -> None:
            context.mcp_progress(ItemId(item.id), progress.message or _proportion(progress))

        elicitor = ClientElicitor(context)
        options = McpCallOptions(on_progress=show, elicitor=elicitor)
        return await self.servers.call(self.tool.server, self.tool.tool, arguments, options)


def _arguments(text: str) -> dict[str, Any]:
    try:
        arguments: object = from_json(text) if text.strip() else {}
    except ValueError as error:
        raise ToolError(f"failed to parse function arguments: {error}") from None
    if not isinstance(arguments, dict):
        raise ToolError("failed to parse function arguments: they are no JSON object")
    return cast("dict[str, Any]", arguments)


def _completed(item: McpToolCallItem, result: McpCallResult, began: float) -> McpToolCallItem:
    shown = McpToolCallResult(
        content=list(result.content),
        structured_content=result.structured_content,
        _meta=result.meta,
    )
    ended = {
        "status": "failed" if result.is_error else "completed",
        "result": shown,
        "duration_ms": _since(began),
    }
    return item.model_copy(update=ended)


def _failed(item: McpToolCallItem, reason: str, began: float) -> McpToolCallItem:
    ended = {
        "status": "failed",
        "error": McpToolCallError(message=reason),
        "duration_ms": _since(began),
    }
    return item.model_copy(update=ended)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _proportion(progress: McpProgress) -> str:
    done = f"{progress.progress:g}"
    return done if progress.total is None else f"{done} of {progress.total:g}"
