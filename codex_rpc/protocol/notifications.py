"""Notifications: everything the server says without being asked.

These models are also the events of the core: a session emits them, a rollout keeps some of them,
and the server writes them out unchanged.
"""

from typing import ClassVar, Literal

from typing_extensions import TypeAliasType

from codex_rpc.protocol.account import AuthMode
from codex_rpc.protocol.approvals import PendingApproval
from codex_rpc.protocol.base import RequestId, UnixMillis, WireModel
from codex_rpc.protocol.ids import ApprovalId, ItemId, ThreadId, TurnId
from codex_rpc.protocol.items import ThreadItem
from codex_rpc.protocol.thread import Thread, ThreadStatus
from codex_rpc.protocol.turn import Turn, TurnError
from codex_rpc.protocol.usage import PlanType, RateLimitSnapshot, ThreadTokenUsage


class Notification(WireModel):
    """A server notification; `METHOD` is its name on the wire."""

    METHOD: ClassVar[str]


class TurnNotification(Notification):
    """A notification about one turn of one thread."""

    thread_id: ThreadId
    turn_id: TurnId


class ItemNotification(TurnNotification):
    """A notification about one item of a turn."""

    item_id: ItemId


# --- the server --------------------------------------------------------------------------------


class WarningNotification(Notification):
    """Something is not as it should be, but work goes on."""

    METHOD = "warning"
    message: str
    thread_id: ThreadId | None = None


class TextPosition(WireModel):
    """Both counted from 1."""

    line: int
    column: int


class TextRange(WireModel):
    start: TextPosition
    end: TextPosition


class ConfigWarningNotification(Notification):
    """A part of the configuration is not used, or not as written."""

    METHOD = "configWarning"
    summary: str
    details: str | None = None
    path: str | None = None
    """The file at fault."""
    range: TextRange | None = None


class DeprecationNoticeNotification(Notification):
    """The client used something that will go away."""

    METHOD = "deprecationNotice"
    summary: str
    details: str | None = None


class AccountRateLimitsUpdatedNotification(Notification):
    """The provider reported its limits."""

    METHOD = "account/rateLimits/updated"
    rate_limits: RateLimitSnapshot


class AccountLoginCompletedNotification(Notification):
    """An attempt to log in is over."""

    METHOD = "account/login/completed"
    login_id: str | None = None
    """Which attempt, where it took more than a request."""
    success: bool
    error: str | None = None


class AccountUpdatedNotification(Notification):
    """Another account is in use now, or none."""

    METHOD = "account/updated"
    auth_mode: AuthMode | None = None
    plan_type: PlanType | None = None


# --- threads -----------------------------------------------------------------------------------


class ThreadStartedNotification(Notification):
    """A thread was made."""

    METHOD = "thread/started"
    thread: Thread


class ThreadStatusChangedNotification(Notification):
    """A thread went idle, became active, began to wait for somebody, or failed."""

    METHOD = "thread/status/changed"
    thread_id: ThreadId
    status: ThreadStatus


class ThreadRevertedNotification(Notification):
    """The thread's last turns were taken back."""

    METHOD = "thread/reverted"

    thread_id: ThreadId


class ThreadClosedNotification(Notification):
    """The thread left memory."""

    METHOD = "thread/closed"
    thread_id: ThreadId


class ThreadTokenUsageUpdatedNotification(TurnNotification):
    """Sent after each response of the model."""

    METHOD = "thread/tokenUsage/updated"
    token_usage: ThreadTokenUsage


# --- turns -------------------------------------------------------------------------------------


class TurnStartedNotification(Notification):
    """A turn began. Sent once for each turn, before anything else of it."""

    METHOD = "turn/started"
    thread_id: ThreadId
    turn: Turn


class TurnCompletedNotification(Notification):
    """The turn ended, one way or another. Sent exactly once for each turn."""

    METHOD = "turn/completed"
    thread_id: ThreadId
    turn: Turn


class TurnDiffUpdatedNotification(TurnNotification):
    """Files changed by a patch."""

    METHOD = "turn/diff/updated"
    diff: str
    """A unified diff of all the turn's patches so far; empty if they cancel out."""


TurnPlanStepStatus = TypeAliasType(
    "TurnPlanStepStatus", Literal["pending", "inProgress", "completed"]
)


class TurnPlanStep(WireModel):
    step: str
    status: TurnPlanStepStatus


class TurnPlanUpdatedNotification(TurnNotification):
    """The agent's list of steps, always whole."""

    METHOD = "turn/plan/updated"
    explanation: str | None = None
    plan: list[TurnPlanStep]


class ErrorNotification(TurnNotification):
    """Something failed within a turn."""

    METHOD = "error"
    error: TurnError
    will_retry: bool
    """If false, the turn is about to end as failed."""


# --- items -------------------------------------------------------------------------------------


class ItemStartedNotification(TurnNotification):
    """A part of the turn began; for a message, its text comes in deltas."""

    METHOD = "item/started"
    item: ThreadItem
    started_at_ms: UnixMillis


class ItemCompletedNotification(TurnNotification):
    """The item's final state; it replaces what deltas have built up."""

    METHOD = "item/completed"
    item: ThreadItem
    completed_at_ms: UnixMillis
    content_token_count: int | None = None


class AgentMessageDeltaNotification(ItemNotification):
    """The next piece of the agent's message."""

    METHOD = "item/agentMessage/delta"
    delta: str


class ReasoningSummaryPartAddedNotification(ItemNotification):
    """A new section of the summary begins."""

    METHOD = "item/reasoning/summaryPartAdded"
    summary_index: int


class ReasoningSummaryTextDeltaNotification(ItemNotification):
    """The next piece of one section of the summary."""

    METHOD = "item/reasoning/summaryTextDelta"
    delta: str
    summary_index: int


class ReasoningTextDeltaNotification(ItemNotification):
    """The next piece of the raw reasoning."""

    METHOD = "item/reasoning/textDelta"
    delta: str
    content_index: int


class CommandExecutionOutputDeltaNotification(ItemNotification):
    """A piece of a command's output. The pieces join to the whole."""

    METHOD = "item/commandExecution/outputDelta"
    delta: str


class TerminalInteractionNotification(ItemNotification):
    """The agent typed to a command's terminal, or, with an empty `stdin`, looked at it."""

    METHOD = "item/commandExecution/terminalInteraction"
    process_id: str
    stdin: str


# --- approvals ---------------------------------------------------------------------------------


class ApprovalRequestedNotification(TurnNotification):
    """A question, for clients that chose `capabilities.approvals = "notify"`."""

    METHOD = "approval/requested"
    approval: PendingApproval


class ServerRequestResolvedNotification(Notification):
    """A question to the client was answered, or nobody waits for the answer any more."""

    METHOD = "serverRequest/resolved"
    thread_id: ThreadId
    request_id: RequestId
    """The id of the server request; the approval's own id where none was sent."""
    approval_id: ApprovalId | None = None
