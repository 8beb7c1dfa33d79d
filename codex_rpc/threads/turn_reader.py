"""TurnReader: the turns and items of a thread, whole or page by page.

Nothing needs to be loaded for it. A page reads no more of the log than the turns that are on it;
where they are is known from the store's table.
"""

from collections.abc import Collection, Sequence

import anyio.to_thread
from msgspec import Struct

from codex_rpc.errors import InvalidCursorError
from codex_rpc.protocol.ids import ItemId, TurnId
from codex_rpc.protocol.stored_threads import ThreadItemEntry
from codex_rpc.protocol.turn import Turn, TurnItemsView
from codex_rpc.rollout.thread_log import ThreadLog
from codex_rpc.rollout.thread_store import ThreadStore
from codex_rpc.rollout.turn_log import RecordedTurn
from codex_rpc.state.live_turn import LiveTurn
from codex_rpc.threads.item_pages import ItemPage, ItemPageRequest, entry_of, item_page
from codex_rpc.threads.page_cursor import PageCursor, in_range
from codex_rpc.threads.shown_turns import (
    TurnPlace,
    all_turns,
    last_item_id,
    one_turn,
    turns_of,
    viewed,
)


class TurnPageRequest(Struct, frozen=True):
    """Which turns. A cursor is one that an earlier page has given; `limit` is brought in range."""

    cursor: str | None = None
    limit: int | None = None
    descending: bool = True
    items_view: TurnItemsView = "summary"


class TurnPage(Struct, frozen=True):
    turns: Sequence[Turn]
    next_cursor: str | None = None
    backwards_cursor: str | None = None


class TurnReader:
    """Reads logs in worker threads. `live` is what a loaded thread has under way."""

    def __init__(self, store: ThreadStore) -> None:
        self._store = store

    async def all_turns(self, log: ThreadLog, live: LiveTurn | None = None) -> list[Turn]:
        """Every turn with all its items, oldest first.

        Raises:
            OSError: if a file cannot be read.
        """
        return await anyio.to_thread.run_sync(all_turns, log, live)

    async def turns_of(self, recorded: Sequence[RecordedTurn]) -> list[Turn]:
        """The same of turns that were read already and of which none is under way."""
        return await anyio.to_thread.run_sync(turns_of, recorded, None)

    async def page(
        self, log: ThreadLog, live: LiveTurn | None, request: TurnPageRequest
    ) -> TurnPage:
        """Some of the turns.

        Raises:
            InvalidCursorError: if no page has given that cursor, or its turn is gone.
            OSError: if a file cannot be read.
        """
        places = await self._places(log, live)
        return await anyio.to_thread.run_sync(_turn_page, log, places, live, request)

    async def items(
        self, log: ThreadLog, live: LiveTurn | None, request: ItemPageRequest
    ) -> ItemPage:
        """Some of the items.

        Raises:
            InvalidCursorError: if no page has given that cursor, or its item is gone.
            InvalidParamsError: if there is no such item to begin next to.
            OSError: if a file cannot be read.
        """
        places = await self._places(log, live)
        return await anyio.to_thread.run_sync(item_page, log, places, live, request)

    async def items_of(
        self, log: ThreadLog, live: LiveTurn | None, turn_id: TurnId, ids: Collection[ItemId]
    ) -> list[ThreadItemEntry]:
        """Those of the named items that the turn has, in its order.

        Raises:
            OSError: if a file cannot be read.
        """
        places = [place for place in await self._places(log, live) if place.turn_id == turn_id]
        if not places:
            return []
        shown = await anyio.to_thread.run_sync(one_turn, log, places[-1], live)
        return [entry_of(shown, item) for item in shown.turn.items if item.id in ids]

    async def end_cursors(
        self, log: ThreadLog, live: LiveTurn | None = None
    ) -> tuple[str | None, str | None]:
        """The cursors with which lists of turns and of items begin at the end of the log.

        Raises:
            OSError: if a file cannot be read.
        """
        places = (await self._places(log, live))[-1:]
        return await anyio.to_thread.run_sync(_end_cursors, log, places, live)

    async def end_cursors_of(
        self, log: ThreadLog, recorded: Sequence[RecordedTurn]
    ) -> tuple[str | None, str | None]:
        """The same, of turns that were read already and of which none is under way.

        Raises:
            OSError: if a file cannot be read.
        """
        places = [TurnPlace(turn.turn_id, turn.start, log.end, log.end) for turn in recorded[-1:]]
        return await anyio.to_thread.run_sync(_end_cursors, log, places, None)

    async def _places(self, log: ThreadLog, live: LiveTurn | None) -> Sequence[TurnPlace]:
        entries = (await self._store.turn_table(log)).entries
        places = [
            TurnPlace(entry.turn_id, entry.start, entry.end, reach, entry.ended, entry.late)
            for entry, reach in zip(
                entries, [*(later.start for later in entries[1:]), log.end], strict=False
            )
        ]
        if live is not None and all(place.turn_id != live.turn_id for place in places):
            places.append(TurnPlace(live.turn_id, log.end, log.end, log.end))
        return places


def _end_cursors(
    log: ThreadLog, last: Sequence[TurnPlace], live: LiveTurn | None
) -> tuple[str | None, str | None]:
    if not last:
        return None, None
    turn_id, item_id = last[-1].turn_id, last_item_id(log, last[-1], live)
    item = None if item_id is None else str(PageCursor(turn_id, item_id, True))
    return str(PageCursor(turn_id, None, True)), item


def _turn_page(
    log: ThreadLog, places: Sequence[TurnPlace], live: LiveTurn | None, request: TurnPageRequest
) -> TurnPage:
    ahead = places[::-1] if request.descending else places
    if request.cursor is not None:
        cursor = PageCursor.parse(request.cursor)
        if cursor.item_id is not None:
            raise InvalidCursorError(request.cursor)
        at = _index(ahead, cursor.turn_id)
        ahead = ahead[at if cursor.include else at + 1 :]
    limit = in_range(request.limit)
    picked, view = ahead[:limit], request.items_view
    items = view != "notLoaded"
    shown = [one_turn(log, place, live, items=items).turn for place in picked]
    if not shown:
        return TurnPage([])
    return TurnPage(
        turns=[viewed(turn, view) for turn in shown],
        next_cursor=str(PageCursor(shown[-1].id, None, False)) if len(ahead) > limit else None,
        backwards_cursor=str(PageCursor(shown[0].id, None, True)),
    )


def _index(places: Sequence[TurnPlace], turn_id: str) -> int:
    for index, place in enumerate(places):
        if place.turn_id == turn_id:
            return index
    raise InvalidCursorError("anchor turn is no longer present")
