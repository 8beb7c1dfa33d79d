"""What others see of MCP servers: values, and the port through which a server asks the user.

Content, schemas and capabilities are JSON as the server sent it. Nothing of the SDK's types leaves
this package.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, cast

from msgspec import Struct, field

from codex_rpc.config.mcp_servers import ToolApproval

Json = Mapping[str, Any]

McpState = Literal["notStarted", "starting", "ready", "failed", "cancelled", "disabled"]
McpAuthStatus = Literal["unknown", "unsupported", "notLoggedIn", "bearerToken", "oAuth"]


class McpStatus(Struct, frozen=True):
    """News of a server. `needs_login` says that it failed because nobody is logged in."""

    name: str
    state: McpState
    error: str | None = None
    needs_login: bool = False


class McpTool(Struct, frozen=True):
    """A tool as one thread offers it to the model.

    The model calls `name` in `namespace`, or `flat_name` where it knows no namespaces; the server
    knows the tool as `tool`.
    """

    server: str
    tool: str
    namespace: str
    name: str
    flat_name: str
    description: str
    parameters: Json
    """The schema of the arguments, in the part of JSON Schema that models understand."""
    described: Json
    """All that the server says of it."""
    approval: ToolApproval = "auto"
    parallel: bool = False

    @property
    def read_only(self) -> bool | None:
        return self._hint("readOnlyHint")

    @property
    def destructive(self) -> bool | None:
        return self._hint("destructiveHint")

    @property
    def open_world(self) -> bool | None:
        return self._hint("openWorldHint")

    def _hint(self, name: str) -> bool | None:
        annotations: object = self.described.get("annotations")
        if not isinstance(annotations, Mapping):
            return None
        hint = cast("Mapping[str, object]", annotations).get(name)
        return hint if isinstance(hint, bool) else None


class McpCallResult(Struct, frozen=True):
    """What a call gave. `is_error` is the tool's own word; then `content` says what went wrong."""

    content: Sequence[Json]
    structured_content: Any = None
    is_error: bool = False
    meta: Json | None = None


class McpProgress(Struct, frozen=True):
    """How far a call is, in whatever the tool counts."""

    progress: float
    total: float | None = None
    message: str | None = None


OnProgress = Callable[[McpProgress], Awaitable[None]]


class FormElicitation(Struct, frozen=True):
    """A server asks for data of the form of `schema`."""

    message: str
    schema: Json
    meta: Json | None = None


class UrlElicitation(Struct, frozen=True):
    """A server asks the user to visit an address."""

    message: str
    url: str
    elicitation_id: str
    meta: Json | None = None


ElicitRequest = FormElicitation | UrlElicitation


class ElicitAnswer(Struct, frozen=True):
    """The user's answer; `content` goes with `accept` of a form."""

    action: Literal["accept", "decline", "cancel"]
    content: Any = None
    meta: Json | None = None


class Elicitor(Protocol):
    """Asks the user what a server wants to know."""

    async def elicit(self, server: str, request: ElicitRequest) -> ElicitAnswer:
        """Wait for the answer. It is cancelled when the call that the question belongs to ends."""
        ...


class NobodyToAsk:
    """An `Elicitor` for calls that no user is near."""

    async def elicit(self, server: str, request: ElicitRequest) -> ElicitAnswer:
        return ElicitAnswer("cancel")


class McpCallOptions(Struct, frozen=True):
    """How to call a tool. Without `timeout_s`, the server's configuration says it.

    Time that passes while the user is asked does not count.
    """

    on_progress: OnProgress | None = None
    elicitor: Elicitor = field(default_factory=NobodyToAsk)
    timeout_s: float | None = None
    meta: Json | None = None


class McpPage(Struct, frozen=True):
    """A page of resources or templates."""

    entries: Sequence[Json]
    next_cursor: str | None = None


class McpServerView(Struct, frozen=True):
    """All that is known of a server, for `mcpServerStatus/list`."""

    name: str
    state: McpState
    auth: McpAuthStatus
    error: str | None = None
    needs_login: bool = False
    required: bool = False
    http_origin: str | None = None
    server_info: Json | None = None
    capabilities: Json | None = None
    instructions: str | None = None
    tools: Sequence[Json] = ()
    """As the server describes them, those that the configuration leaves out excepted."""
    resources: Sequence[Json] = ()
    resource_templates: Sequence[Json] = ()


class LoginStarted(Struct, frozen=True):
    """A login that waits for the user to visit `authorization_url`."""

    authorization_url: str
    finished: Callable[[], Awaitable[None]]
    """Wait for the end; raises `McpLoginError` unless the user is logged in then."""
