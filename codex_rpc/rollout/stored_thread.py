"""StoredThread: what is known of a thread on disk without its turns; and asking for many."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct

from codex_rpc.protocol.ids import ThreadId
from codex_rpc.rollout.session_meta import SessionMeta

ThreadOrder = Literal["created_at", "updated_at", "recency_at"]


class StoredThread(Struct, frozen=True):
    """One thread on disk; times in unix seconds."""

    thread_id: ThreadId
    path: Path
    """The newest of its files."""
    archived: bool
    meta: SessionMeta
    created_at: int
    updated_at: int
    preview: str = ""
    """The first thing the user said."""
    name: str | None = None
    model: str | None = None
    """What the last turn ran with, if it is known."""
    effort: str | None = None

    @property
    def created(self) -> datetime:
        return self.meta.timestamp


class ThreadQuery(Struct, frozen=True):
    """Which threads to list, and in which order. `None` stands for "whatever".

    `limit` is the size of a page; a cursor is one that an earlier page gave.
    """

    archived: bool = False
    providers: Sequence[str] | None = None
    source_kinds: Sequence[str] | None = None
    """As the wire names them: `cli`, `vscode`, `subAgentReview`, ..."""
    originators: Sequence[str] | None = None
    cwds: Sequence[str] | None = None
    parent: ThreadId | None = None
    ancestor: ThreadId | None = None
    search_term: str | None = None
    """Text in the preview or the name, in any case."""
    excluded: Sequence[ThreadId] = ()
    order: ThreadOrder = "created_at"
    descending: bool = True
    cursor: str | None = None
    limit: int = 25


class ThreadPage(Struct, frozen=True):
    """Some of the threads that were asked for, and where those before and after them begin."""

    threads: Sequence[StoredThread]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class ThreadMatch(Struct, frozen=True):
    """A thread in which the words were found, with some of the text around them."""

    thread: StoredThread
    snippet: str


class MatchPage(Struct, frozen=True):
    matches: Sequence[ThreadMatch]
    next_cursor: str | None = None
    backwards_cursor: str | None = None
