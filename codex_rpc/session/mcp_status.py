"""How an MCP server stands, as clients are told."""

from typing import Literal

from codex_rpc.managers.mcp.port import McpStatus
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.mcp import McpServerStatusUpdatedNotification

_Shown = Literal["starting", "ready", "failed", "cancelled"]


def mcp_status_updated(
    thread_id: ThreadId, status: McpStatus
) -> McpServerStatusUpdatedNotification | None:
    """The notification; `None` where there is nothing to tell."""
    if status.state not in ("starting", "ready", "failed", "cancelled"):
        return None
    state: _Shown = status.state
    return McpServerStatusUpdatedNotification(
        thread_id=thread_id,
        name=status.name,
        status=state,
        error=status.error,
        failure_reason="reauthenticationRequired" if status.needs_login else None,
    )
