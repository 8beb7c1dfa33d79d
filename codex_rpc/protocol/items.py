"""Thread items: the visible parts of a turn, from the user's message to the agent's last word.

An item is sent whole when it starts and whole again when it completes; between the two only its
text grows, by deltas. What the *model* hears is in `response_items`, not here.
"""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import UnixMillis, WireModel
from codex_rpc.protocol.ids import ItemId, ThreadId
from codex_rpc.protocol.inputs import UserInput
from codex_rpc.protocol.policies import ReasoningEffort
from codex_rpc.protocol.response_items import ContentPart

MessagePhase = TypeAliasType(
    "MessagePhase", Literal["commentary", "partial_answer", "final_answer"]
)


class ItemBase(WireModel):
    """What all items share."""

    id: ItemId
    started_at_ms: UnixMillis | None = None
    completed_at_ms: UnixMillis | None = None


class UserMessageItem(ItemBase):
    type: Literal["userMessage"] = "userMessage"
    content: list[UserInput]
    client_id: str | None = None
    """The `clientUserMessageId` that the message was sent with."""


class AgentMessageItem(ItemBase):
    type: Literal["agentMessage"] = "agentMessage"
    text: str
    phase: MessagePhase | None = None
    """Whether this is talk along the way or the answer; `null` if the model did not say."""


class FunctionCallOutputItem(ItemBase):
    """The output of a tool call that the client supplied itself."""

    type: Literal["functionCallOutput"] = "functionCallOutput"
    name: str
    namespace: str | None = None
    output: str | list[ContentPart]


class PlanItem(ItemBase):
    """A plan that the agent proposes as text."""

    type: Literal["plan"] = "plan"
    text: str


class ReasoningItem(ItemBase):
    type: Literal["reasoning"] = "reasoning"
    summary: list[str] = Field(default_factory=list[str])
    """The sections of the summary."""
    content: list[str] = Field(default_factory=list[str])
    """The raw reasoning, where the model shows it."""


# --- commands ----------------------------------------------------------------------------------


class ReadAction(WireModel):
    """The command reads one file."""

    type: Literal["read"] = "read"
    command: str
    name: str
    path: str


class ListFilesAction(WireModel):
    """The command lists a directory."""

    type: Literal["listFiles"] = "listFiles"
    command: str
    path: str | None = None


class SearchAction(WireModel):
    """The command searches files."""

    type: Literal["search"] = "search"
    command: str
    query: str | None = None
    path: str | None = None


class UnknownAction(WireModel):
    """The command does something that has no better name."""

    type: Literal["unknown"] = "unknown"
    command: str


CommandAction = TypeAliasType(
    "CommandAction",
    Annotated[
        ReadAction | ListFilesAction | SearchAction | UnknownAction, Field(discriminator="type")
    ],
)

CommandExecutionSource = TypeAliasType(
    "CommandExecutionSource",
    Literal["agent", "userShell", "unifiedExecStartup", "unifiedExecInteraction"],
)

CommandExecutionStatus = TypeAliasType(
    "CommandExecutionStatus", Literal["inProgress", "completed", "failed", "declined"]
)


class CommandExecutionItem(ItemBase):
    type: Literal["commandExecution"] = "commandExecution"
    command: str
    """The whole argument vector, quoted for display."""
    cwd: str
    command_actions: list[CommandAction]
    """What the command does, as far as it can be told; for display."""
    status: CommandExecutionStatus
    source: CommandExecutionSource = "agent"
    process_id: str | None = None
    """Names the process as long as it runs."""
    aggregated_output: str | None = None
    """stdout and stderr as they came, shortened in the middle if long; `null` if none."""
    exit_code: int | None = None
    duration_ms: int | None = None


# --- file changes ------------------------------------------------------------------------------


class PatchAdd(WireModel):
    type: Literal["add"] = "add"


class PatchDelete(WireModel):
    type: Literal["delete"] = "delete"


class PatchUpdate(WireModel):
    type: Literal["update"] = "update"
    move_path: str | None = Field(default=None, alias="move_path")
    """Where the file went, if it was moved as well."""


PatchChangeKind = TypeAliasType(
    "PatchChangeKind",
    Annotated[PatchAdd | PatchDelete | PatchUpdate, Field(discriminator="type")],
)


class FileUpdateChange(WireModel):
    """What a patch does to one file."""

    path: str
    """Absolute."""
    kind: PatchChangeKind
    diff: str
    """The content of an added or deleted file; else unified hunks without file headers."""


PatchApplyStatus = TypeAliasType(
    "PatchApplyStatus", Literal["inProgress", "completed", "failed", "declined"]
)


class FileChangeItem(ItemBase):
    type: Literal["fileChange"] = "fileChange"
    changes: list[FileUpdateChange]
    status: PatchApplyStatus


# --- other tools -------------------------------------------------------------------------------

ToolCallStatus = TypeAliasType("ToolCallStatus", Literal["inProgress", "completed", "failed"])


class McpToolCallResult(WireModel):
    content: list[Any]
    structured_content: Any = None
    meta: Any = Field(default=None, alias="_meta")


class McpToolCallError(WireModel):
    message: str


class McpToolCallItem(ItemBase):
    type: Literal["mcpToolCall"] = "mcpToolCall"
    server: str
    tool: str
    arguments: Any
    status: ToolCallStatus
    read_only_hint: bool | None = None
    """What the MCP server says of the tool."""
    result: McpToolCallResult | None = None
    error: McpToolCallError | None = None
    duration_ms: int | None = None


class OutputTextPart(WireModel):
    type: Literal["inputText"] = "inputText"
    text: str


class OutputImagePart(WireModel):
    type: Literal["inputImage"] = "inputImage"
    image_url: str


class OutputAudioPart(WireModel):
    type: Literal["inputAudio"] = "inputAudio"
    audio_url: str


DynamicToolCallOutputContentItem = TypeAliasType(
    "DynamicToolCallOutputContentItem",
    Annotated[OutputTextPart | OutputImagePart | OutputAudioPart, Field(discriminator="type")],
)


class DynamicToolCallItem(ItemBase):
    """A call of a tool that the client or an embedding program provides."""

    type: Literal["dynamicToolCall"] = "dynamicToolCall"
    tool: str
    namespace: str | None = None
    arguments: Any
    status: ToolCallStatus
    content_items: list[DynamicToolCallOutputContentItem] | None = None
    success: bool | None = None
    duration_ms: int | None = None


CollabAgentTool = TypeAliasType(
    "CollabAgentTool",
    Literal[
        "spawnAgent",
        "sendInput",
        "resumeAgent",
        "wait",
        "closeAgent",
        "sendMessage",
        "followupTask",
        "interruptAgent",
        "listAgents",
    ],
)

CollabAgentToolCallStatus = TypeAliasType(
    "CollabAgentToolCallStatus", Literal["inProgress", "completed", "failed", "interrupted"]
)

CollabAgentStatus = TypeAliasType(
    "CollabAgentStatus",
    Literal[
        "pendingInit", "running", "interrupted", "completed", "errored", "shutdown", "notFound"
    ],
)


class CollabAgentState(WireModel):
    status: CollabAgentStatus
    message: str | None = None


class CollabAgentToolCallItem(ItemBase):
    """A call that starts, addresses or stops other agents."""

    type: Literal["collabAgentToolCall"] = "collabAgentToolCall"
    tool: CollabAgentTool
    status: CollabAgentToolCallStatus
    sender_thread_id: ThreadId
    receiver_thread_ids: list[ThreadId]
    agents_states: dict[str, CollabAgentState]
    """By thread id."""
    prompt: str | None = None
    model: str | None = None
    reasoning_effort: ReasoningEffort | None = None


class WebSearchQuery(WireModel):
    type: Literal["search"] = "search"
    query: str | None = None
    queries: list[str] | None = None


class WebSearchOpenPage(WireModel):
    type: Literal["openPage"] = "openPage"
    url: str | None = None


class WebSearchFindInPage(WireModel):
    type: Literal["findInPage"] = "findInPage"
    url: str | None = None
    pattern: str | None = None


class WebSearchOther(WireModel):
    type: Literal["other"] = "other"


WebSearchAction = TypeAliasType(
    "WebSearchAction",
    Annotated[
        WebSearchQuery | WebSearchOpenPage | WebSearchFindInPage | WebSearchOther,
        Field(discriminator="type"),
    ],
)


class WebSearchItem(ItemBase):
    type: Literal["webSearch"] = "webSearch"
    query: str
    action: WebSearchAction | None = None
    results: list[Any] | None = None


class ImageViewItem(ItemBase):
    """The agent looked at an image file."""

    type: Literal["imageView"] = "imageView"
    path: str


# --- milestones --------------------------------------------------------------------------------


class EnteredReviewModeItem(ItemBase):
    type: Literal["enteredReviewMode"] = "enteredReviewMode"
    review: str
    """What is reviewed."""


class ExitedReviewModeItem(ItemBase):
    type: Literal["exitedReviewMode"] = "exitedReviewMode"
    review: str
    """What the review found."""


class ContextCompactionItem(ItemBase):
    """The history was replaced by a summary of it."""

    type: Literal["contextCompaction"] = "contextCompaction"


ThreadItem = TypeAliasType(
    "ThreadItem",
    Annotated[
        UserMessageItem
        | AgentMessageItem
        | FunctionCallOutputItem
        | PlanItem
        | ReasoningItem
        | CommandExecutionItem
        | FileChangeItem
        | McpToolCallItem
        | DynamicToolCallItem
        | CollabAgentToolCallItem
        | WebSearchItem
        | ImageViewItem
        | EnteredReviewModeItem
        | ExitedReviewModeItem
        | ContextCompactionItem,
        Field(discriminator="type"),
    ],
)
