"""`thread/backgroundTerminals/*`: commands of a thread that run though nobody waits for them."""

from pydantic import Field

from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.ids import ItemId, ThreadId


class ThreadBackgroundTerminal(WireModel):
    """A command that runs."""

    item_id: ItemId
    """The item that shows it."""
    process_id: str
    command: str
    """In the agent's own words."""
    cwd: str
    os_pid: int | None = None
    cpu_percent: float | None = None
    rss_kb: int | None = None


class ThreadBackgroundTerminalsListParams(WireModel):
    thread_id: ThreadId
    cursor: str | None = None
    """From an earlier response."""
    limit: int | None = Field(default=None, ge=0)


class ThreadBackgroundTerminalsListResponse(WireModel):
    data: list[ThreadBackgroundTerminal]
    next_cursor: str | None = None
    """`null` on the last page."""


class ThreadBackgroundTerminalsTerminateParams(WireModel):
    thread_id: ThreadId
    process_id: str


class ThreadBackgroundTerminalsTerminateResponse(WireModel):
    terminated: bool
    """Whether there was such a command, and it ran."""


class ThreadBackgroundTerminalsCleanParams(WireModel):
    thread_id: ThreadId


class ThreadBackgroundTerminalsCleanResponse(WireModel):
    """All of them have been ended."""
