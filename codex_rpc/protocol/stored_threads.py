"""Threads on record: finding them, reading them, and what is done to a thread as a whole.

A cursor is a string that a page has given; what is in it is nobody's business. `nextCursor` goes on
in the direction of the page. `backwardsCursor`, given with the opposite direction, begins with the
page's first entry again.
"""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import EXPERIMENTAL, UnixMillis, WireModel
from codex_rpc.protocol.ids import ItemId, ThreadId, TurnId
from codex_rpc.protocol.items import ThreadItem
from codex_rpc.protocol.notifications import Notification
from codex_rpc.protocol.thread import Thread
from codex_rpc.protocol.turn import Turn, TurnItemsView

SortDirection = TypeAliasType("SortDirection", Literal["asc", "desc"])

ThreadSortKey = TypeAliasType("ThreadSortKey", Literal["created_at", "updated_at", "recency_at"])

ThreadSourceKind = TypeAliasType(
    "ThreadSourceKind",
    Literal[
        "cli",
        "vscode",
        "exec",
        "appServer",
        "subAgent",
        "subAgentReview",
        "subAgentCompact",
        "subAgentThreadSpawn",
        "subAgentOther",
        "unknown",
    ],
)

PageLimit = Annotated[int, Field(ge=0, lt=2**32)]


# --- finding threads ---------------------------------------------------------------------------


class ThreadListParams(WireModel):
    """List the threads on disk in which the user has said something, 25 at a time."""

    cursor: str | None = None
    limit: PageLimit | None = None
    """At most 100."""
    sort_key: ThreadSortKey | None = None
    """`created_at`, if not given."""
    sort_direction: SortDirection | None = None
    """`desc`, the newest first, if not given."""
    archived: bool | None = None
    """List the archived threads, and no others."""
    model_providers: list[str] | None = None
    """Only threads of these providers; none named means all."""
    source_kinds: list[ThreadSourceKind] | None = None
    """Only threads of these sources; none named means `cli` and `vscode`."""
    originators: list[str] | None = None
    """Only threads that these clients have started; none named means all."""
    cwd: str | list[str] | None = None
    """Only threads that work in this directory, or in one of these."""
    excluded_thread_ids: list[ThreadId] | None = None
    """At most 100 threads to leave out."""
    search_term: str | None = None
    """Text in the preview or the name."""
    parent_thread_id: ThreadId | None = Field(default=None, json_schema_extra=EXPERIMENTAL)
    """Only agents that this thread has spawned."""
    ancestor_thread_id: ThreadId | None = Field(default=None, json_schema_extra=EXPERIMENTAL)
    """Only agents that this thread, or one of those agents, has spawned."""


class ThreadListResponse(WireModel):
    data: list[Thread]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadSearchParams(WireModel):
    """Find the threads in which the user or the agent said something."""

    search_term: str
    cursor: str | None = None
    limit: PageLimit | None = None
    sort_key: ThreadSortKey | None = None
    sort_direction: SortDirection | None = None
    archived: bool | None = None
    source_kinds: list[ThreadSourceKind] | None = None


class ThreadSearchResult(WireModel):
    thread: Thread
    snippet: str
    """Some of the text around the words."""


class ThreadSearchResponse(WireModel):
    data: list[ThreadSearchResult]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


# --- reading a thread --------------------------------------------------------------------------


class ThreadReadParams(WireModel):
    """Look at a thread without loading it."""

    thread_id: ThreadId
    include_turns: bool = False
    """With all its turns and their items."""


class ThreadReadResponse(WireModel):
    thread: Thread


class ThreadTurnsListParams(WireModel):
    """Read a thread's turns page by page, 25 at a time, the newest first."""

    thread_id: ThreadId
    cursor: str | None = None
    limit: PageLimit | None = None
    """At most 100."""
    sort_direction: SortDirection | None = None
    """`desc`, if not given."""
    items_view: TurnItemsView | None = None
    """`summary`, if not given: what the user said first, and the agent last."""


class ThreadTurnsListResponse(WireModel):
    data: list[Turn]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadItemsListAnchor(WireModel):
    """Begin next to an item of the turn that is named beside."""

    type: Literal["item"]
    item_id: ItemId


class ThreadItemOutputDeferral(WireModel):
    """Which outputs to leave out; `thread/items/read` has them."""

    command_execution: bool = False
    mcp_tool_call: bool = False


class ThreadItemsListParams(WireModel):
    """Read a thread's items page by page, 25 at a time, the oldest first."""

    thread_id: ThreadId
    turn_id: TurnId | None = None
    """Only items of this turn."""
    cursor: str | ThreadItemsListAnchor | None = None
    limit: PageLimit | None = None
    """At most 100."""
    sort_direction: SortDirection | None = None
    """`asc`, if not given."""
    defer_output: ThreadItemOutputDeferral | None = None
    """Taken note of where `turnId` is given."""


class ThreadItemEntry(WireModel):
    turn_id: TurnId
    item: ThreadItem
    started_at_ms: UnixMillis | None = None
    completed_at_ms: UnixMillis | None = None
    output_deferred: bool = False
    """The item has an output that was left out."""


class ThreadItemsListResponse(WireModel):
    data: list[ThreadItemEntry]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadItemsReadParams(WireModel):
    """Read some items of a turn. Those that it does not have are left out."""

    thread_id: ThreadId
    turn_id: TurnId
    item_ids: list[ItemId]
    """1 to 100; the answer is in the order of the turn."""


class ThreadItemsReadResponse(WireModel):
    data: list[ThreadItemEntry]


# --- what is done to a thread as a whole -------------------------------------------------------


class ThreadArchiveParams(WireModel):
    """Put a thread away, with all agents it has spawned. What is loaded ends first."""

    thread_id: ThreadId


class ThreadArchiveResponse(WireModel):
    pass


class ThreadUnarchiveParams(WireModel):
    """Bring a thread back, with all agents it has spawned."""

    thread_id: ThreadId


class ThreadUnarchiveResponse(WireModel):
    thread: Thread


class ThreadDeleteParams(WireModel):
    """Remove a thread from disk, with all agents it has spawned. What is loaded ends first."""

    thread_id: ThreadId


class ThreadDeleteResponse(WireModel):
    pass


class ThreadSetNameParams(WireModel):
    thread_id: ThreadId
    name: str
    """Without the blanks around it, which must leave something."""


class ThreadSetNameResponse(WireModel):
    pass


class ThreadMetadataGitInfoUpdateParams(WireModel):
    """A field that is not given stays as it is; `null` clears it."""

    sha: str | None = None
    branch: str | None = None
    origin_url: str | None = None


class ThreadMetadataUpdateParams(WireModel):
    """Change what is on record about a thread."""

    thread_id: ThreadId
    git_info: ThreadMetadataGitInfoUpdateParams
    """At least one field of it."""


class ThreadMetadataUpdateResponse(WireModel):
    thread: Thread


# --- what everybody is told --------------------------------------------------------------------


class ThreadArchivedNotification(Notification):
    """A thread was put away."""

    METHOD = "thread/archived"
    thread_id: ThreadId


class ThreadUnarchivedNotification(Notification):
    """A thread was brought back."""

    METHOD = "thread/unarchived"
    thread_id: ThreadId


class ThreadDeletedNotification(Notification):
    """A thread was removed from disk."""

    METHOD = "thread/deleted"
    thread_id: ThreadId


class ThreadNameUpdatedNotification(Notification):
    """A thread has another name."""

    METHOD = "thread/name/updated"
    thread_id: ThreadId
    thread_name: str | None = None
