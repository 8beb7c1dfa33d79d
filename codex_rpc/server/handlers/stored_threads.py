"""`thread/list`, `thread/search`, `thread/read` and whoever else looks at threads unloaded.

A thread that is loaded shows its present state, up to this moment.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import anyio.to_thread
from msgspec import Struct

from codex_rpc.errors import (
    EphemeralThreadError,
    InvalidParamsError,
    InvalidRequestError,
    InvalidThreadIdError,
    ThreadNotFoundError,
    ThreadNotLoadedError,
    ThreadNotStoredError,
)
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.stored_threads import (
    ThreadItemOutputDeferral,
    ThreadItemsListAnchor,
    ThreadItemsListParams,
    ThreadItemsListResponse,
    ThreadItemsReadParams,
    ThreadItemsReadResponse,
    ThreadListParams,
    ThreadListResponse,
    ThreadReadParams,
    ThreadReadResponse,
    ThreadSearchParams,
    ThreadSearchResponse,
    ThreadSearchResult,
    ThreadTurnsListParams,
    ThreadTurnsListResponse,
)
from codex_rpc.protocol.thread import Thread
from codex_rpc.rollout.stored_thread import StoredThread, ThreadQuery
from codex_rpc.rollout.thread_log import ThreadLog, open_log
from codex_rpc.server.context import RequestContext
from codex_rpc.server.stored_views import loaded_thread_view, stored_thread_view
from codex_rpc.state.live_turn import LiveTurn
from codex_rpc.threads.codex_thread import CodexThread
from codex_rpc.threads.item_pages import ItemAnchor, ItemPageRequest
from codex_rpc.threads.loaded_threads import check_thread_id
from codex_rpc.threads.page_cursor import in_range
from codex_rpc.threads.shown_turns import with_outliving
from codex_rpc.threads.turn_reader import TurnPageRequest

INTERACTIVE = ("cli", "vscode")
"""The sources of threads that a user talks to; others are listed on request only."""

RECENTLY_SECONDS = 10
"""After so long, whoever looks at the files has seen a change."""

MAX_EXCLUDED = 100
MAX_ITEM_IDS = 100


# --- finding threads ---------------------------------------------------------------------------


async def list_threads(context: RequestContext, params: ThreadListParams) -> ThreadListResponse:
    query = _list_query(context, params)
    if query.order != "created_at":
        await _tell_store_of_changes(context)
    found = await context.server.threads.store.list(query)
    return ThreadListResponse(
        data=[_view(context, stored) for stored in found.threads],
        next_cursor=found.next_cursor,
        backwards_cursor=found.backwards_cursor,
    )


async def _tell_store_of_changes(context: RequestContext) -> None:
    """Have our own threads at their place in the list, though files are looked at less often."""
    threads, now = context.server.threads, time.time()
    for thread_id in threads.list_thread_ids():
        snapshot = threads.get_thread(thread_id).snapshot()
        if snapshot.rollout_path is not None and now - snapshot.updated_at < RECENTLY_SECONDS:
            await threads.store.touched(snapshot.rollout_path)


def _list_query(context: RequestContext, params: ThreadListParams) -> ThreadQuery:
    parent, ancestor = params.parent_thread_id, params.ancestor_thread_id
    if parent is not None and ancestor is not None:
        message = "parentThreadId and ancestorThreadId are mutually exclusive"
        raise InvalidRequestError(message, path=("ancestorThreadId",))
    _check_id("parent thread id", parent, "parentThreadId")
    _check_id("ancestor thread id", ancestor, "ancestorThreadId")
    family = parent is not None or ancestor is not None
    return ThreadQuery(
        archived=bool(params.archived),
        providers=_providers(context, params.model_providers),
        source_kinds=params.source_kinds or (None if family else INTERACTIVE),
        originators=params.originators or None,
        cwds=_directories(params.cwd),
        parent=parent,
        ancestor=ancestor,
        search_term=params.search_term or None,
        excluded=_excluded(params.excluded_thread_ids or ()),
        order=params.sort_key or "created_at",
        descending=params.sort_direction != "asc",
        cursor=params.cursor,
        limit=in_range(params.limit),
    )


def _providers(context: RequestContext, named: Sequence[str] | None) -> Sequence[str] | None:
    """Those that are named, or the one new threads get; an empty list asks for all."""
    if named is None:
        return (context.server.threads.config.load().model_provider,)
    return named or None


def _directories(cwd: str | Sequence[str] | None) -> Sequence[str] | None:
    if cwd is None:
        return None
    named = [cwd] if isinstance(cwd, str) else cwd
    return [os.path.normpath(Path.cwd() / name) for name in named]


def _excluded(ids: Sequence[ThreadId]) -> Sequence[ThreadId]:
    if len(ids) > MAX_EXCLUDED:
        message = f"excludedThreadIds accepts at most {MAX_EXCLUDED} entries"
        raise InvalidParamsError(message, path=("excludedThreadIds",))
    for index, thread_id in enumerate(ids):
        _check_id("excluded thread id", thread_id, "excludedThreadIds", index)
    return ids


def _check_id(what: str, thread_id: ThreadId | None, *path: str | int) -> None:
    try:
        check_thread_id(thread_id or "0" * 32)
    except InvalidThreadIdError as error:
        message = str(error).replace("thread id", what, 1)
        raise InvalidParamsError(message, path=path) from None


async def search(context: RequestContext, params: ThreadSearchParams) -> ThreadSearchResponse:
    if not params.search_term.strip():
        message = "thread/search requires a non-empty searchTerm"
        raise InvalidRequestError(message, path=("searchTerm",))
    query = ThreadQuery(
        archived=bool(params.archived),
        source_kinds=params.source_kinds or INTERACTIVE,
        order=params.sort_key or "created_at",
        descending=params.sort_direction != "asc",
        cursor=params.cursor,
        limit=in_range(params.limit),
    )
    found = await context.server.threads.store.search(params.search_term, query)
    return ThreadSearchResponse(
        data=[
            ThreadSearchResult(thread=_view(context, match.thread), snippet=match.snippet)
            for match in found.matches
        ],
        next_cursor=found.next_cursor,
        backwards_cursor=found.backwards_cursor,
    )


# --- reading a thread --------------------------------------------------------------------------


class _Found(Struct, frozen=True):
    """A thread that is on disk, or loaded, or both."""

    stored: StoredThread | None
    live: CodexThread | None

    async def view(self, context: RequestContext) -> Thread:
        if self.stored is not None:
            return stored_thread_view(self.stored, self.live)
        assert self.live is not None, "it is somewhere"
        name = await context.server.threads.store.name_of(self.live.thread_id)
        return loaded_thread_view(self.live).model_copy(update={"name": name})

    async def log(self, context: RequestContext) -> tuple[ThreadLog | None, LiveTurn | None]:
        """What is on record of it, if anything is, and what is under way."""
        threads = context.server.threads
        if self.live is not None:
            point = await self.live.read_point()
            return await threads.read_log(self.live, point), point.live
        assert self.stored is not None, "it is somewhere"
        home, path = threads.config.codex_home, self.stored.path
        return await anyio.to_thread.run_sync(open_log, home, path), None


async def read(context: RequestContext, params: ThreadReadParams) -> ThreadReadResponse:
    found = await _find(context, params.thread_id)
    if not params.include_turns:
        return ThreadReadResponse(thread=await found.view(context))
    if _is_ephemeral(found):
        raise EphemeralThreadError("ephemeral threads do not support includeTurns")
    # Nothing awaits between this and what `log` looks at.
    outliving = () if found.live is None else found.live.terminals.outliving()
    log, live = await found.log(context)
    turns = [] if log is None else await context.server.threads.turns.all_turns(log, live)
    turns = with_outliving(turns, outliving)
    thread = await found.view(context)
    return ThreadReadResponse(thread=thread.model_copy(update={"turns": turns}))


async def list_turns(
    context: RequestContext, params: ThreadTurnsListParams
) -> ThreadTurnsListResponse:
    request = TurnPageRequest(
        cursor=params.cursor,
        limit=params.limit,
        descending=params.sort_direction != "asc",
        items_view=params.items_view or "summary",
    )
    log, live = await _log(context, params.thread_id, "thread/turns/list")
    if log is None:
        return ThreadTurnsListResponse(data=[])
    page = await context.server.threads.turns.page(log, live, request)
    return ThreadTurnsListResponse(
        data=list(page.turns), next_cursor=page.next_cursor, backwards_cursor=page.backwards_cursor
    )


async def list_items(
    context: RequestContext, params: ThreadItemsListParams
) -> ThreadItemsListResponse:
    cursor = params.cursor
    deferral = params.defer_output or ThreadItemOutputDeferral()
    request = ItemPageRequest(
        turn_id=params.turn_id,
        cursor=ItemAnchor(cursor.item_id) if isinstance(cursor, ThreadItemsListAnchor) else cursor,
        limit=params.limit,
        descending=params.sort_direction == "desc",
        commands_later=deferral.command_execution,
        mcp_calls_later=deferral.mcp_tool_call,
    )
    log, live = await _log(context, params.thread_id, "thread/items/list")
    if log is None:
        return ThreadItemsListResponse(data=[])
    page = await context.server.threads.turns.items(log, live, request)
    return ThreadItemsListResponse(
        data=list(page.entries),
        next_cursor=page.next_cursor,
        backwards_cursor=page.backwards_cursor,
    )


async def read_items(
    context: RequestContext, params: ThreadItemsReadParams
) -> ThreadItemsReadResponse:
    if not 1 <= len(params.item_ids) <= MAX_ITEM_IDS:
        message = f"itemIds must contain 1 to {MAX_ITEM_IDS} IDs"
        raise InvalidRequestError(message, path=("itemIds",))
    log, live = await _log(context, params.thread_id, "thread/items/read")
    if log is None:
        return ThreadItemsReadResponse(data=[])
    turns = context.server.threads.turns
    ids = frozenset(params.item_ids)
    return ThreadItemsReadResponse(data=await turns.items_of(log, live, params.turn_id, ids))


async def _log(
    context: RequestContext, thread_id: ThreadId, method: str
) -> tuple[ThreadLog | None, LiveTurn | None]:
    found = await _find(context, thread_id)
    if _is_ephemeral(found):
        raise EphemeralThreadError(f"ephemeral threads do not support {method}")
    return await found.log(context)


async def _find(context: RequestContext, thread_id: ThreadId) -> _Found:
    check_thread_id(thread_id)
    live = loaded(context, thread_id)
    if live is not None and live.origin.ephemeral:
        return _Found(None, live)
    try:
        return _Found(await context.server.threads.store.find(thread_id), live)
    except ThreadNotStoredError:
        if live is None:
            raise ThreadNotLoadedError(thread_id) from None
        return _Found(None, live)


def _is_ephemeral(found: _Found) -> bool:
    return found.live is not None and found.live.origin.ephemeral


def loaded(context: RequestContext, thread_id: ThreadId) -> CodexThread | None:
    """The thread, if it is loaded."""
    try:
        return context.server.threads.get_thread(thread_id)
    except (ThreadNotFoundError, InvalidThreadIdError):
        return None


def _view(context: RequestContext, stored: StoredThread) -> Thread:
    return stored_thread_view(stored, loaded(context, stored.thread_id))
