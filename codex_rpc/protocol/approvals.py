"""Approvals: questions to the client, the decisions that answer them, and what is still open.

Each question goes out as a server request, or as the notification `approval/requested` to a client
that asked for that, and may be answered either way. Whether a question is asked at all is decided
in `codex_rpc.exec`. Questions that no decision answers are in `questions`; they go the same way.
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import EXPERIMENTAL, SparseWireModel, UnixMillis, WireModel
from codex_rpc.protocol.ids import ApprovalId, ItemId, ThreadId, TurnId
from codex_rpc.protocol.items import CommandAction, FileUpdateChange
from codex_rpc.protocol.questions import (
    DynamicToolCallParams,
    McpServerElicitationRequestParams,
    PermissionsRequestApprovalParams,
    ToolRequestUserInputParams,
)

ApprovalDecision = TypeAliasType(
    "ApprovalDecision", Literal["accept", "acceptForSession", "decline", "cancel"]
)
"""`decline` tells the model and goes on; `cancel` ends the turn as well."""


class ExecpolicyAmendment(WireModel):
    """A new exec rule, in the spelling of the reference."""

    model_config = ConfigDict(alias_generator=None)

    execpolicy_amendment: list[str] = Field(min_length=1)
    """How commands begin that may run from now on, without a question and outside the sandbox."""


class AcceptWithExecpolicyAmendment(WireModel):
    """Accept this command, and allow all that begin like that, in this thread and all others.

    The rule is saved in the user's `rules/default.rules`.
    """

    accept_with_execpolicy_amendment: ExecpolicyAmendment


CommandExecutionApprovalDecision = TypeAliasType(
    "CommandExecutionApprovalDecision", ApprovalDecision | AcceptWithExecpolicyAmendment
)

CommandExecutionApprovalKind = TypeAliasType(
    "CommandExecutionApprovalKind", Literal["command", "writeStdin", "humanCommand"]
)


class CommandExecutionRequestApprovalParams(SparseWireModel):
    """May this command run?"""

    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    approval_id: ApprovalId
    """What `approval/respond` calls this question."""
    started_at_ms: UnixMillis
    kind: CommandExecutionApprovalKind = "command"
    command: str | None = None
    cwd: str | None = None
    command_actions: list[CommandAction] | None = None
    environment_id: str = "local"
    reason: str | None = None
    """Why the question is asked; left out if there is nothing to add."""
    proposed_execpolicy_amendment: list[str] | None = None
    """The exec rule to offer with `acceptWithExecpolicyAmendment`; left out if there is none."""
    available_decisions: list[CommandExecutionApprovalDecision] | None = Field(
        default=None, json_schema_extra=EXPERIMENTAL
    )
    """The decisions to offer, in this order."""


class DecisionResponse(WireModel):
    """The answer to a question about something the agent wants to do."""

    decision: CommandExecutionApprovalDecision


class CommandExecutionRequestApprovalResponse(DecisionResponse):
    pass


class FileChangeRequestApprovalParams(WireModel):
    """May these files change?"""

    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    approval_id: ApprovalId
    """What `approval/respond` calls this question."""
    started_at_ms: UnixMillis
    changes: list[FileUpdateChange]
    """The same as in the item."""
    reason: str | None = None
    grant_root: None = None


class FileChangeRequestApprovalResponse(DecisionResponse):
    decision: ApprovalDecision  # pyright: ignore[reportIncompatibleVariableOverride] - it is frozen


ApprovalMethod = TypeAliasType(
    "ApprovalMethod",
    Literal[
        "item/commandExecution/requestApproval",
        "item/fileChange/requestApproval",
        "item/permissions/requestApproval",
        "item/tool/requestUserInput",
        "item/tool/call",
        "mcpServer/elicitation/request",
    ],
)

QuestionParams = TypeAliasType(
    "QuestionParams",
    FileChangeRequestApprovalParams
    | CommandExecutionRequestApprovalParams
    | PermissionsRequestApprovalParams
    | ToolRequestUserInputParams
    | DynamicToolCallParams
    | McpServerElicitationRequestParams,
)


class PendingApproval(WireModel):
    """A question that nobody has answered yet."""

    approval_id: ApprovalId
    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId | None
    """The item it is about, if it is about one."""
    method: ApprovalMethod
    """The server request that asks this; `params` is what it carries."""
    params: QuestionParams
    started_at_ms: UnixMillis


class ApprovalRespondParams(WireModel):
    """Answer a question. Refused if it was answered before."""

    approval_id: ApprovalId
    decision: CommandExecutionApprovalDecision | None = None
    """For questions that a decision answers."""
    response: Any = None
    """For all others: what the response to the server request would be."""


class ApprovalRespondResponse(WireModel):
    pass


class ApprovalListParams(WireModel):
    """List the open questions, oldest first."""

    thread_id: ThreadId | None = None
    """Only those of this thread."""


class ApprovalListResponse(WireModel):
    data: list[PendingApproval]
