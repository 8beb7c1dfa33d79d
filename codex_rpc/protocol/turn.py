"""Turns: one round of work, how it failed, and the requests that start, steer and stop it."""

from typing import Any, Literal, cast, get_args

from pydantic import Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import EXPERIMENTAL, UnixSeconds, WireModel
from codex_rpc.protocol.ids import ThreadId, TurnId
from codex_rpc.protocol.inputs import UserInput
from codex_rpc.protocol.items import ThreadItem
from codex_rpc.protocol.policies import (
    ApprovalsReviewer,
    AskForApproval,
    ReasoningEffort,
    ReasoningSummary,
    SandboxPolicy,
)

TurnStatus = TypeAliasType(
    "TurnStatus", Literal["completed", "interrupted", "failed", "inProgress"]
)

TurnItemsView = TypeAliasType("TurnItemsView", Literal["notLoaded", "summary", "full"])


# --- why a turn failed -------------------------------------------------------------------------


class HttpFailure(WireModel):
    http_status_code: int | None = None


class HttpConnectionFailed(WireModel):
    """The provider could not be reached, or did not accept the request."""

    http_connection_failed: HttpFailure


class ResponseStreamConnectionFailed(WireModel):
    """The response's stream could not be opened."""

    response_stream_connection_failed: HttpFailure


class ResponseStreamDisconnected(WireModel):
    """The response's stream broke off."""

    response_stream_disconnected: HttpFailure


class ResponseTooManyFailedAttempts(WireModel):
    """The request was tried as often as it may be."""

    response_too_many_failed_attempts: HttpFailure


class NonSteerableTurn(WireModel):
    turn_kind: Literal["review", "compact"]


class ActiveTurnNotSteerable(WireModel):
    """The running turn takes no further input."""

    active_turn_not_steerable: NonSteerableTurn


PlainErrorInfo = TypeAliasType(
    "PlainErrorInfo",
    Literal[
        "contextWindowExceeded",
        "sessionBudgetExceeded",
        "usageLimitExceeded",
        "rateLimitExceeded",
        "flexUnavailable",
        "serverOverloaded",
        "modelNotFound",
        "policyCapacityUnavailable",
        "cyberPolicy",
        "misalignmentPolicyViolation",
        "tooManyDenials",
        "internalServerError",
        "unauthorized",
        "badRequest",
        "threadRollbackFailed",
        "sandboxError",
        "inferenceHookDenied",
        "other",
    ],
)

CodexErrorInfo = TypeAliasType(
    "CodexErrorInfo",
    PlainErrorInfo
    | HttpConnectionFailed
    | ResponseStreamConnectionFailed
    | ResponseStreamDisconnected
    | ResponseTooManyFailedAttempts
    | ActiveTurnNotSteerable,
)


def error_info_of(name: str, http_status: int | None = None) -> CodexErrorInfo:
    """The wire form of a failure's name, with the HTTP status where the form has room for one.

    A name that the protocol does not have becomes `other`.
    """
    failure = HttpFailure(http_status_code=http_status)
    match name:
        case "httpConnectionFailed":
            return HttpConnectionFailed(http_connection_failed=failure)
        case "responseStreamConnectionFailed":
            return ResponseStreamConnectionFailed(response_stream_connection_failed=failure)
        case "responseStreamDisconnected":
            return ResponseStreamDisconnected(response_stream_disconnected=failure)
        case "responseTooManyFailedAttempts":
            return ResponseTooManyFailedAttempts(response_too_many_failed_attempts=failure)
        case _:
            known = name in get_args(PlainErrorInfo.__value__)
            return cast(PlainErrorInfo, name) if known else "other"


class TurnError(WireModel):
    """Why a turn failed, or had to try again."""

    message: str
    codex_error_info: CodexErrorInfo | None = None
    additional_details: str | None = None


# --- turns -------------------------------------------------------------------------------------


class Turn(WireModel):
    id: TurnId
    items: list[ThreadItem]
    items_view: TurnItemsView = "full"
    """How much of the turn `items` holds."""
    status: TurnStatus
    error: TurnError | None = None
    """Set if and only if `status` is `failed`."""
    started_at: UnixSeconds | None = None
    completed_at: UnixSeconds | None = None
    duration_ms: int | None = Field(default=None, ge=0)
    root_turn_id: TurnId | None = None


class LastingOverrides(WireModel):
    """Settings that a request changes for all turns to come."""

    cwd: str | None = None
    model: str | None = None
    effort: ReasoningEffort | None = None
    summary: ReasoningSummary | None = None
    service_tier: str | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox_policy: SandboxPolicy | None = None
    permissions: str | None = Field(default=None, json_schema_extra=EXPERIMENTAL)
    """A permission profile, in the place of `sandboxPolicy`."""


class TurnOverrides(LastingOverrides):
    """Settings that change with a turn. All but `outputSchema` stay for later turns."""

    output_schema: dict[str, Any] | None = None
    """A JSON Schema that the last message of this turn must fit."""


class TurnStartParams(TurnOverrides):
    """Give the agent input. If a turn is running, the input joins it."""

    thread_id: ThreadId
    input: list[UserInput]
    client_user_message_id: str | None = None
    """Comes back as `clientId` of the user message."""


class TurnStartResponse(WireModel):
    turn: Turn


class TurnSubmitParams(TurnOverrides):
    """Give the agent input, and be told whether that started a turn or steered the running one."""

    thread_id: ThreadId | None = None
    """Without it, the newest thread of this connection is meant."""
    input: list[UserInput]
    client_user_message_id: str | None = None
    """Comes back as `clientId` of the user message."""


class TurnSubmitResponse(WireModel):
    turn: Turn
    disposition: Literal["started", "steered"]


class TurnSteerParams(WireModel):
    """Add input to the running turn, which must be a given one that takes input."""

    thread_id: ThreadId
    expected_turn_id: TurnId
    input: list[UserInput]
    client_user_message_id: str | None = None
    """Comes back as `clientId` of the user message."""


class TurnSteerResponse(WireModel):
    turn_id: TurnId


class TurnInterruptParams(WireModel):
    """Stop a turn. It ends with `turn/completed` and status `interrupted`."""

    thread_id: ThreadId
    turn_id: TurnId
    """The turn that must be running; empty for whichever is."""


class TurnInterruptResponse(WireModel):
    pass
