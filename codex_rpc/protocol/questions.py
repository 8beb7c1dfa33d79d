"""Questions to the client that have no decision for an answer.

What the user knows, what a tool of the client's returns, what more the agent may do, what an MCP
server wants to be told. They go out and are answered as approvals do, see `approvals`; an answer
that makes no sense, such as `{}`, is none.
"""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import UnixMillis, WireModel
from codex_rpc.protocol.ids import ApprovalId, CallId, ItemId, ThreadId, TurnId
from codex_rpc.protocol.items import DynamicToolCallOutputContentItem

# --- what the user knows -----------------------------------------------------------------------


class ToolRequestUserInputOption(WireModel):
    label: str
    description: str


class ToolRequestUserInputQuestion(WireModel):
    id: str
    header: str
    """A word or two to show above the question."""
    question: str
    is_other: bool = False
    """Whether the user may answer in own words instead of choosing."""
    is_secret: bool = False
    """Whether the answer is not to be shown while it is typed."""
    options: list[ToolRequestUserInputOption] | None = None
    """What to choose from; `null` asks for own words."""


class ToolRequestUserInputParams(WireModel):
    """The agent asks the user one to three questions."""

    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    approval_id: ApprovalId
    """What `approval/respond` calls this question."""
    questions: list[ToolRequestUserInputQuestion]
    is_blocking: bool = True
    auto_resolution_ms: int | None = None


class ToolRequestUserInputAnswer(WireModel):
    answers: list[str]
    """The labels that were chosen, and what the user said in own words."""


class ToolRequestUserInputResponse(WireModel):
    answers: dict[str, ToolRequestUserInputAnswer]
    """By the question's id."""


# --- tools of the client's ---------------------------------------------------------------------


class DynamicToolCallParams(WireModel):
    """The model calls a tool that the client has registered with `dynamicTools`."""

    thread_id: ThreadId
    turn_id: TurnId
    call_id: CallId
    approval_id: ApprovalId
    """What `approval/respond` calls this question."""
    tool: str
    namespace: str | None = None
    arguments: Any


class DynamicToolCallResponse(WireModel):
    content_items: list[DynamicToolCallOutputContentItem]
    success: bool


# --- what more the agent may do ----------------------------------------------------------------


class FileSystemPathEntry(WireModel):
    type: Literal["path"] = "path"
    path: str


class FileSystemGlobEntry(WireModel):
    """Accepted in answers, but never asked for, and so never granted."""

    type: Literal["glob_pattern"] = "glob_pattern"
    pattern: str


class FileSystemSpecialEntry(WireModel):
    """Accepted in answers, but never asked for, and so never granted."""

    type: Literal["special"] = "special"
    value: Any


FileSystemPath = TypeAliasType(
    "FileSystemPath",
    Annotated[
        FileSystemPathEntry | FileSystemGlobEntry | FileSystemSpecialEntry,
        Field(discriminator="type"),
    ],
)


class FileSystemSandboxEntry(WireModel):
    """One folder or file, and what may be done with it."""

    access: Literal["read", "write", "deny"]
    path: FileSystemPath


class AdditionalFileSystemPermissions(WireModel):
    """Absolute paths that may be read or written as well, with all that is below them."""

    read: list[str] | None = None
    write: list[str] | None = None
    entries: list[FileSystemSandboxEntry] | None = None


class AdditionalNetworkPermissions(WireModel):
    enabled: bool | None = None


class PermissionProfile(WireModel):
    """Permissions on top of a sandbox policy."""

    file_system: AdditionalFileSystemPermissions | None = None
    network: AdditionalNetworkPermissions | None = None


class PermissionsRequestApprovalParams(WireModel):
    """May the agent do more than its sandbox policy lets it?"""

    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    approval_id: ApprovalId
    """What `approval/respond` calls this question."""
    started_at_ms: UnixMillis
    cwd: str
    environment_id: str | None = "local"
    permissions: PermissionProfile
    reason: str | None = None


PermissionGrantScope = TypeAliasType("PermissionGrantScope", Literal["turn", "session"])


class PermissionsRequestApprovalResponse(WireModel):
    permissions: PermissionProfile
    """What is granted: all that was asked for, or a part of it, or nothing."""
    scope: PermissionGrantScope = "turn"
    """For how long."""


# --- MCP servers -------------------------------------------------------------------------------


class McpServerElicitationRequestParams(WireModel):
    """An MCP server asks the user something, or one of its tools is about to be called."""

    server_name: str
    thread_id: ThreadId
    turn_id: TurnId | None
    approval_id: ApprovalId
    """What `approval/respond` calls this question."""
    mode: Literal["form", "url"]
    message: str
    requested_schema: dict[str, Any] | None = None
    """With `form`: the JSON Schema of the answer's `content`, an object of simple values."""
    elicitation_id: str | None = None
    url: str | None = None
    """With `url`: where the user is to go."""
    meta: Any = Field(default=None, alias="_meta")
    """What else is known; `codex_approval_kind` is `mcp_tool_call` for the approval of a call."""


class McpServerElicitationRequestResponse(WireModel):
    action: Literal["accept", "decline", "cancel"]
    content: Any = None
    meta: Any = Field(default=None, alias="_meta")
