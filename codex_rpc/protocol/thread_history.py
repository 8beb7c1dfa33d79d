"""Going on with a stored thread, beginning another one like it, and taking back its end."""

from typing import Any

from pydantic import Field

from codex_rpc.protocol.base import EXPERIMENTAL, WireModel
from codex_rpc.protocol.dynamic_tools import DynamicToolSpec
from codex_rpc.protocol.ids import ThreadId, TurnId
from codex_rpc.protocol.policies import (
    ApprovalsReviewer,
    AskForApproval,
    SandboxMode,
)
from codex_rpc.protocol.settings import CollaborationMode
from codex_rpc.protocol.stored_threads import PageLimit, SortDirection
from codex_rpc.protocol.thread import Thread, ThreadConfiguration
from codex_rpc.protocol.turn import Turn, TurnItemsView


class ContinuationOverrides(WireModel):
    """What the loaded thread shall have otherwise than its record and the configuration say."""

    cwd: str | None = None
    model: str | None = None
    model_provider: str | None = None
    service_tier: str | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox: SandboxMode | None = None
    """What a thread may write is not taken from its record: without this, it comes from the
    configuration."""
    permissions: str | None = Field(default=None, json_schema_extra=EXPERIMENTAL)
    """A permission profile, in the place of `sandbox`."""
    base_instructions: str | None = None
    developer_instructions: str | None = None
    config: dict[str, Any] | None = None
    """Overrides of `config.toml`, by dotted key or nested."""
    dynamic_tools: list[DynamicToolSpec] | None = Field(
        default=None, json_schema_extra=EXPERIMENTAL
    )
    """Tools that the client provides, in the place of those on record."""


# --- resume ------------------------------------------------------------------------------------


class ThreadResumeInitialTurnsPageParams(WireModel):
    """Which page of turns to begin with."""

    limit: PageLimit | None = None
    sort_direction: SortDirection | None = None
    """`desc`, if not given."""
    items_view: TurnItemsView | None = None
    """`summary`, if not given."""


class ThreadResumeParams(ContinuationOverrides):
    """Go on with a thread and follow it. A thread that is loaded keeps its settings."""

    thread_id: ThreadId
    exclude_turns: bool = False
    """Answer without the turns."""
    initial_turns_page: ThreadResumeInitialTurnsPageParams | None = Field(
        default=None, json_schema_extra=EXPERIMENTAL
    )
    path: str | None = Field(default=None, json_schema_extra=EXPERIMENTAL)
    """The file of the thread; then `threadId` does not matter."""
    history: list[dict[str, Any]] | None = Field(default=None, json_schema_extra=EXPERIMENTAL)
    """What the model has heard, in the shapes of the Responses API; it makes a new thread."""


class TurnsPage(WireModel):
    data: list[Turn]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadResumeResponse(ThreadConfiguration):
    """The thread, with its turns unless they were not wanted, up to this moment.

    What happens later is told by notifications, and nothing is told twice.
    """

    collaboration_mode: CollaborationMode | None = None
    initial_turns_page: TurnsPage | None = Field(default=None, json_schema_extra=EXPERIMENTAL)
    turns_backwards_cursor: str | None = None
    """Where `thread/turns/list` begins with the last turn that is told here."""
    items_backwards_cursor: str | None = None


# --- fork --------------------------------------------------------------------------------------


class ThreadForkParams(ContinuationOverrides):
    """Make a new thread with a stored one behind it, or a part of that.

    At most one of `lastTurnId`, `beforeTurnId` and `nthUserMessage` says how much; without any, it
    is everything. A turn that runs is interrupted in the fork, and goes on in the other.
    """

    thread_id: ThreadId
    last_turn_id: TurnId | None = None
    """The last turn that the fork has."""
    before_turn_id: TurnId | None = Field(default=None, json_schema_extra=EXPERIMENTAL)
    """The first turn that the fork has not."""
    nth_user_message: int | None = Field(default=None, ge=0)
    """The fork has what comes before this user message, counted from 0."""
    path: str | None = Field(default=None, json_schema_extra=EXPERIMENTAL)
    """The file of the thread; then `threadId` does not matter."""
    ephemeral: bool = False
    """Write nothing of the fork to disk."""
    exclude_turns: bool = False
    """Answer without the turns."""
    thread_source: str | None = None


class ThreadForkResponse(ThreadConfiguration):
    """The new thread, with the turns it has behind it unless they were not wanted."""


# --- taking back -------------------------------------------------------------------------------


class ThreadRevertParams(WireModel):
    """Take back a turn and everything after it. A running turn is interrupted first.

    Files are not put back.
    """

    thread_id: ThreadId
    before_turn_id: TurnId
    """The first turn to take back."""


class ThreadRevertResponse(WireModel):
    thread: Thread
    turns_backwards_cursor: str | None = None
    items_backwards_cursor: str | None = None


class ThreadRollbackParams(WireModel):
    """Take back the last turns. The older form of `thread/revert`."""

    thread_id: ThreadId
    num_turns: int = Field(ge=1)


class ThreadRollbackResponse(WireModel):
    """The thread with the turns it is left with."""

    thread: Thread
