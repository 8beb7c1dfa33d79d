"""MCP servers on the wire: how they stand, what they offer, calling them, logging in to them.

What a server says of itself (tools, resources, content) is passed on as it said it.
"""

from typing import Any, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.notifications import ItemNotification, Notification

McpAuthStatus = TypeAliasType(
    "McpAuthStatus", Literal["unknown", "unsupported", "notLoggedIn", "bearerToken", "oAuth"]
)

McpServerConnectionStatus = TypeAliasType(
    "McpServerConnectionStatus",
    Literal[
        "notStarted",
        "starting",
        "connected",
        "authenticationRequired",
        "failed",
        "cancelled",
        "disabled",
    ],
)

McpServerStatusDetail = TypeAliasType("McpServerStatusDetail", Literal["full", "toolsAndAuthOnly"])


class ListMcpServerStatusParams(WireModel):
    """List the configured MCP servers. Those that have not been started yet are started."""

    cursor: str | None = None
    limit: int | None = Field(default=None, ge=0)
    detail: McpServerStatusDetail | None = None
    """`toolsAndAuthOnly` leaves resources out; they cost the server some work."""
    server_name: str | None = None
    thread_id: ThreadId | None = None
    """Whose servers; without it, those of the user's configuration."""


class McpServerStatus(WireModel):
    name: str
    auth_status: McpAuthStatus
    runtime_status: McpServerConnectionStatus | None = None
    tools: dict[str, Any]
    """By name, as the server describes them."""
    tools_error: str | None = None
    """Why there are none, if the server failed."""
    resources: list[Any]
    resource_templates: list[Any]
    server_info: Any = None
    server_capabilities: Any = None
    http_origin: str | None = None
    tool_list_meta: Any = None
    plugin_id: str | None = None


class ListMcpServerStatusResponse(WireModel):
    data: list[McpServerStatus]
    next_cursor: str | None = None


class McpServerToolCallParams(WireModel):
    """Call a tool for the user, not for the model. Nobody is asked for approval."""

    thread_id: ThreadId
    server: str
    tool: str
    arguments: Any = None
    meta: Any = Field(default=None, alias="_meta")


class McpServerToolCallResponse(WireModel):
    content: list[Any]
    structured_content: Any = None
    is_error: bool | None = None
    meta: Any = Field(default=None, alias="_meta")


class McpResourceReadParams(WireModel):
    """Read a resource of a server's."""

    server: str
    uri: str
    thread_id: ThreadId | None = None
    """Whose server; without it, one of the user's configuration."""
    origin_call_id: str | None = None


class McpResourceReadResponse(WireModel):
    contents: list[Any]
    origin_call_id: str | None = None


class McpServerRefreshParams(WireModel):
    """Read the configuration of MCP servers anew; servers whose settings are the same stay."""


class McpServerRefreshResponse(WireModel):
    pass


class McpServerOauthLoginParams(WireModel):
    """Begin to log in to a server over HTTP; the user has to visit the address in the answer."""

    name: str
    scopes: list[str] | None = None
    thread_id: ThreadId | None = None
    timeout_secs: int | None = Field(default=None, gt=0)
    """How long the user has; five minutes if not given."""
    client_registration: Literal["auto", "cimd", "dcr"] | None = None


class McpServerOauthLoginResponse(WireModel):
    authorization_url: str
    login_id: str | None = None


class McpServerOauthLoginCompletedNotification(Notification):
    """A login to an MCP server has succeeded or failed."""

    METHOD = "mcpServer/oauthLogin/completed"
    name: str
    success: bool
    login_id: str | None = None
    thread_id: ThreadId | None = None
    error: str | None = None


class McpServerStatusUpdatedNotification(Notification):
    """An MCP server is being started, can be used, or failed."""

    METHOD = "mcpServer/startupStatus/updated"
    name: str
    status: Literal["starting", "ready", "failed", "cancelled"]
    error: str | None = None
    failure_reason: Literal["reauthenticationRequired"] | None = None
    thread_id: ThreadId | None = None


class McpToolCallProgressNotification(ItemNotification):
    """How far the call of an MCP tool is."""

    METHOD = "item/mcpToolCall/progress"
    message: str
