"""Whether a tool of an MCP server may be called: its settings, what it says of itself, the user.

Such tools run outside of every sandbox, so the approval policy alone decides.
"""

from typing import Any

from codex_rpc.errors import ToolError
from codex_rpc.managers.mcp.port import McpTool
from codex_rpc.protocol.policies import AskForApproval, DangerFullAccessPolicy, GranularApproval
from codex_rpc.protocol.questions import (
    McpServerElicitationRequestParams,
    McpServerElicitationRequestResponse,
)
from codex_rpc.tools.ports import ClientQuestion, ClientReply, QuestionHeader, ToolContext

REJECTED = "MCP tool call rejected by user"


def asks(tool: McpTool) -> bool:
    """Whether a call of the tool is the user's to allow.

    `auto` goes by the hints of the tool, which are no promise: one that says nothing may do harm.
    """
    match tool.approval:
        case "approve":
            return False
        case "prompt":
            return True
        case "writes":
            return tool.read_only is not True
        case "auto":
            if tool.destructive is True:
                return True
            harmless = tool.destructive is False and tool.open_world is False
            return not (tool.read_only is True or harmless)


async def get_consent(tool: McpTool, arguments: dict[str, Any], context: ToolContext) -> None:
    """Ask the user, unless nobody has to be asked.

    Raises:
        ToolError: if the tool may not be called.
    """
    settings = context.settings
    key = (tool.server, tool.tool)
    if not asks(tool) or key in context.approved_mcp_tools:
        return
    if settings.approval_policy == "never" and isinstance(
        settings.sandbox_policy, DangerFullAccessPolicy
    ):
        return
    if not may_elicit(settings.approval_policy):
        raise ToolError(
            "MCP tool call refused: it needs the user's approval, and the approval policy does "
            "not allow asking"
        )
    reply = await context.ask_client(_question(tool, arguments))
    if _granted(reply) and _for_session(reply):
        context.approved_mcp_tools.add(key)
    if not _granted(reply):
        raise ToolError(REJECTED if reply.reason is None else f"{REJECTED}: {reply.reason}")


def may_elicit(policy: AskForApproval) -> bool:
    """Whether the policy lets MCP servers, and calls of their tools, ask the user."""
    if isinstance(policy, GranularApproval):
        return policy.granular.mcp_elicitations
    return policy != "never"


def _question(tool: McpTool, arguments: dict[str, Any]) -> ClientQuestion:
    def params(header: QuestionHeader) -> McpServerElicitationRequestParams:
        return McpServerElicitationRequestParams(
            server_name=tool.server,
            thread_id=header.thread_id,
            turn_id=header.turn_id,
            approval_id=header.approval_id,
            mode="form",
            message=f"Allow {tool.server} to run tool “{tool.tool}”?",
            requested_schema={"type": "object", "properties": {}},
            _meta={
                "codex_approval_kind": "mcp_tool_call",
                "persist": "session",
                "tool_name": tool.tool,
                "tool_description": tool.description,
                "tool_params": arguments,
            },
        )

    return ClientQuestion("mcpServer/elicitation/request", params)


def _granted(reply: ClientReply) -> bool:
    answer = reply.response
    return isinstance(answer, McpServerElicitationRequestResponse) and answer.action == "accept"


def _for_session(reply: ClientReply) -> bool:
    match reply.response:
        case McpServerElicitationRequestResponse(meta={"persist": "session"}):
            return True
        case _:
            return False
