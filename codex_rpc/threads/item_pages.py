"""Pages of a thread's items: as many turns are read as it takes to fill one."""

from collections.abc import Sequence

from msgspec import Struct

from codex_rpc.errors import InvalidCursorError, InvalidParamsError
from codex_rpc.protocol.ids import ItemId, TurnId
from codex_rpc.protocol.items import CommandExecutionItem, McpToolCallItem, ThreadItem
from codex_rpc.protocol.stored_threads import ThreadItemEntry
from codex_rpc.rollout.thread_log import ThreadLog
from codex_rpc.state.live_turn import LiveTurn
from codex_rpc.threads.page_cursor import PageCursor, in_range
from codex_rpc.threads.shown_turns import ShownTurn, TurnPlace, one_turn


class ItemAnchor(Struct, frozen=True):
    """Begin next to that item of the turn that was asked for."""

    item_id: ItemId


class ItemPageRequest(Struct, frozen=True):
    """Which items: all of the thread, or those of one turn.

    Outputs of commands or of MCP calls are left out if they are to come later.
    """

    turn_id: TurnId | None = None
    cursor: str | ItemAnchor | None = None
    limit: int | None = None
    descending: bool = False
    commands_later: bool = False
    mcp_calls_later: bool = False


class ItemPage(Struct, frozen=True):
    entries: Sequence[ThreadItemEntry]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


def item_page(
    log: ThreadLog, places: Sequence[TurnPlace], live: LiveTurn | None, request: ItemPageRequest
) -> ItemPage:
    """Some of the items, or fewer. Blocking: for a worker thread.

    Raises:
        InvalidCursorError: if no page has given that cursor, or its item is gone.
        InvalidParamsError: if there is no such item to begin next to.
        OSError: if a file cannot be read.
    """
    if request.turn_id is not None:
        places = [place for place in places if place.turn_id == request.turn_id]
    ahead = places[::-1] if request.descending else places
    cursor = _item_cursor(request)
    if cursor is not None:
        ahead = _from_anchor(ahead, cursor, request)
    limit, found = in_range(request.limit), list[ThreadItemEntry]()
    for place in ahead:
        entries = _entries(one_turn(log, place, live), request)
        if cursor is not None and place is ahead[0]:
            entries = entries[_after(entries, cursor, request) :]
        found += entries
        if len(found) > limit:
            break
    picked = found[:limit]
    if not picked:
        return ItemPage([])
    return ItemPage(
        entries=picked,
        next_cursor=_beside(picked[-1], include=False) if len(found) > limit else None,
        backwards_cursor=_beside(picked[0], include=True),
    )


def _item_cursor(request: ItemPageRequest) -> PageCursor | None:
    match request.cursor:
        case None:
            return None
        case ItemAnchor(item_id=item_id):
            if not request.turn_id:
                message = "turnId is required when cursor is an item anchor"
                raise InvalidParamsError(message, path=("turnId",))
            return PageCursor(request.turn_id, item_id, include=False)
        case str(given):
            cursor = PageCursor.parse(given)
            if cursor.item_id is None:
                raise InvalidCursorError(given)
            return cursor


def _from_anchor(
    places: Sequence[TurnPlace], cursor: PageCursor, request: ItemPageRequest
) -> Sequence[TurnPlace]:
    for index, place in enumerate(places):
        if place.turn_id == cursor.turn_id:
            return places[index:]
    raise _no_such_item(request)


def _after(entries: Sequence[ThreadItemEntry], cursor: PageCursor, request: ItemPageRequest) -> int:
    for index, entry in enumerate(entries):
        if entry.item.id == cursor.item_id:
            return index if cursor.include else index + 1
    raise _no_such_item(request)


def _no_such_item(request: ItemPageRequest) -> InvalidParamsError | InvalidCursorError:
    if isinstance(request.cursor, ItemAnchor):
        message = "cursor.itemId does not identify an item in the requested history scope"
        return InvalidParamsError(message, path=("cursor", "itemId"))
    return InvalidCursorError("anchor item is no longer present")


def _beside(entry: ThreadItemEntry, *, include: bool) -> str:
    return str(PageCursor(entry.turn_id, entry.item.id, include))


def _entries(shown: ShownTurn, request: ItemPageRequest) -> list[ThreadItemEntry]:
    entries = [entry_of(shown, item) for item in shown.turn.items]
    if request.turn_id is not None:
        entries = [_deferred(entry, request) for entry in entries]
    return entries[::-1] if request.descending else entries


def entry_of(shown: ShownTurn, item: ThreadItem) -> ThreadItemEntry:
    """An item of the turn, with what is known beside it."""
    times = shown.times.get(item.id)
    return ThreadItemEntry(
        turn_id=shown.turn.id,
        item=item,
        started_at_ms=times and times.started_at_ms,
        completed_at_ms=times and times.completed_at_ms,
    )


def _deferred(entry: ThreadItemEntry, request: ItemPageRequest) -> ThreadItemEntry:
    """The entry without the output that the client will ask for when it wants it."""
    match entry.item:
        case CommandExecutionItem(aggregated_output=str()) if request.commands_later:
            item = entry.item.model_copy(update={"aggregated_output": None})
        case McpToolCallItem(result=result) if request.mcp_calls_later and result is not None:
            item = entry.item.model_copy(update={"result": None})
        case _:
            return entry
    return entry.model_copy(update={"item": item, "output_deferred": True})
