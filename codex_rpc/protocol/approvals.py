"""Approvals: questions to the client, the decisions that answer them, and what is still open.

Each question goes out as a server request, or as the notification `approval/requested` to a client
that asked for that, and may be answered either way. Whether a question is asked at all is decided
in `codex_rpc.exec`.
"""

from typing import Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import EXPERIMENTAL, SparseWireModel, UnixMillis, WireModel
from codex_rpc.protocol.ids import ApprovalId, ItemId, ThreadId, TurnId
from codex_rpc.protocol.items import CommandAction, FileUpdateChange

ApprovalDecision = TypeAliasType(
    "ApprovalDecision", Literal["accept", "acceptForSession", "decline", "cancel"]
)
"""`decline` tells the model and goes on; `cancel` ends the turn as well."""

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
    available_decisions: list[ApprovalDecision] | None = Field(
        default=None, json_schema_extra=EXPERIMENTAL
    )
    """The decisions to offer, in this order."""


class CommandExecutionRequestApprovalResponse(WireModel):
    decision: ApprovalDecision


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


class FileChangeRequestApprovalResponse(WireModel):
    decision: ApprovalDecision


ApprovalMethod = TypeAliasType(
    "ApprovalMethod",
    Literal["item/commandExecution/requestApproval", "item/fileChange/requestApproval"],
)


class PendingApproval(WireModel):
    """A question that nobody has answered yet."""

    approval_id: ApprovalId
    thread_id: ThreadId
    turn_id: TurnId
    item_id: ItemId
    method: ApprovalMethod
    """The server request that asks this; `params` is what it carries."""
    params: FileChangeRequestApprovalParams | CommandExecutionRequestApprovalParams
    started_at_ms: UnixMillis


class ApprovalRespondParams(WireModel):
    """Answer a question. Refused if it was answered before."""

    approval_id: ApprovalId
    decision: ApprovalDecision


class ApprovalRespondResponse(WireModel):
    pass


class ApprovalListParams(WireModel):
    """List the open questions, oldest first."""

    thread_id: ThreadId | None = None
    """Only those of this thread."""


class ApprovalListResponse(WireModel):
    data: list[PendingApproval]
