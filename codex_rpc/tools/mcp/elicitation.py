"""What an MCP server asks in the middle of a call, put to the client."""

from msgspec import Struct

from codex_rpc.managers.mcp.port import ElicitAnswer, ElicitRequest, FormElicitation
from codex_rpc.protocol.questions import (
    McpServerElicitationRequestParams,
    McpServerElicitationRequestResponse,
)
from codex_rpc.tools.mcp.consent import may_elicit
from codex_rpc.tools.ports import ClientQuestion, QuestionHeader, ToolContext


class ClientElicitor(Struct, frozen=True):
    """Asks on behalf of one call: implements `managers.mcp.port.Elicitor`."""

    context: ToolContext

    async def elicit(self, server: str, request: ElicitRequest) -> ElicitAnswer:
        """Ask the client. An answer that makes no sense declines; nobody to ask cancels."""
        if not may_elicit(self.context.settings.approval_policy):
            return ElicitAnswer("decline")
        reply = await self.context.ask_client(_question(server, request))
        match reply.response:
            case McpServerElicitationRequestResponse(action=action, content=content):
                return ElicitAnswer(action, content if action == "accept" else None)
            case _:
                return ElicitAnswer("decline")


def _question(server: str, request: ElicitRequest) -> ClientQuestion:
    def params(header: QuestionHeader) -> McpServerElicitationRequestParams:
        common = McpServerElicitationRequestParams(
            server_name=server,
            thread_id=header.thread_id,
            turn_id=header.turn_id,
            approval_id=header.approval_id,
            mode="form",
            message=request.message,
            _meta=request.meta and dict(request.meta),
        )
        if isinstance(request, FormElicitation):
            return common.model_copy(update={"requested_schema": dict(request.schema)})
        where = {"mode": "url", "url": request.url, "elicitation_id": request.elicitation_id}
        return common.model_copy(update=where)

    return ClientQuestion("mcpServer/elicitation/request", params)
