"""The handshake: who the client is, what it can do, and what it is told of the server."""

from typing import Literal

from pydantic import Field

from codex_rpc.protocol.base import RequestId, WireModel


class ClientInfo(WireModel):
    name: str
    title: str | None = None
    """The name to show, if it differs."""
    version: str


class InitializeCapabilities(WireModel):
    """What the client can do, for as long as the connection lives."""

    experimental_api: bool = False
    """The client may use experimental methods and fields."""
    opt_out_notification_methods: list[str] | None = None
    """Notifications not to send, by exact name. Unknown names are ignored."""
    approvals: Literal["request", "notify"] = "request"
    """How questions come: as server requests, or as `approval/requested` notifications that are
    answered with `approval/respond`."""


class InitializeParams(WireModel):
    """Introduce the client. The first request of every connection, and sent only once."""

    client_info: ClientInfo
    capabilities: InitializeCapabilities | None = None


class InitializeResponse(WireModel):
    user_agent: str = Field(min_length=1)
    """`codex-rpc/<implemented protocol version> (...)`."""
    codex_home: str
    """The directory of configuration and rollouts; absolute."""
    platform_family: str
    """`unix` or `windows`."""
    platform_os: str
    """`linux`, `macos` or `windows`."""


class CancelRequestParams(WireModel):
    """Give up a request of this connection; it is answered with an error of kind `cancelled`."""

    id: RequestId
