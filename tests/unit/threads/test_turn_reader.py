"""Turns and items of threads on disk, whole and page by page."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest

from codex_rpc.errors import InvalidCursorError, InvalidParamsError
from codex_rpc.protocol.ids import ItemId, TurnId
from codex_rpc.protocol.items import AgentMessageItem
from codex_rpc.protocol.turn import Turn
from codex_rpc.rollout.thread_log import ThreadLog, open_log
from codex_rpc.rollout.thread_store import ThreadStore
from codex_rpc.state.live_turn import LiveTurn
from codex_rpc.threads.item_pages import ItemAnchor, ItemPageRequest
from codex_rpc.threads.turn_reader import TurnPageRequest, TurnReader
from tests.unit.rollout.files import Line, event, message, meta, write_lines

THREAD_ID = "019b7f3a-0000-7000-8000-000000000000"


def item(turn: str, kind: str, **fields: object) -> Line:
    stored = {"type": kind, **fields}
    return event(
        "item_completed", thread_id=THREAD_ID, turn_id=turn, item=stored, completed_at_ms=7
    )


def said(turn: str, text: str) -> list[Line]:
    content = [{"type": "text", "text": text}]
    return [
        message("user", text),
        event("user_message", message=text, kind="plain"),
        item(turn, "userMessage", id=f"{turn}-u-{text}", content=content),
    ]


def answered(turn: str, text: str) -> list[Line]:
    return [
        message("assistant", text),
        event("agent_message", message=text),
        item(turn, "agentMessage", id=f"{turn}-a-{text}", text=text),
    ]


def command(turn: str, output: str | None) -> Line:
    return item(
        turn,
        "commandExecution",
        id=f"{turn}-c",
        command="ls",
        cwd="/",
        commandActions=[],
        status="completed",
        aggregatedOutput=output,
    )


def begun(turn: str) -> list[Line]:
    return [event("task_started", turn_id=turn, started_at=5)]


def whole(turn: str, *inner: Line) -> list[Line]:
    """A turn of a question, what is given, and an answer."""
    ended = event("task_complete", turn_id=turn, completed_at=6, duration_ms=10)
    return [*begun(turn), *said(turn, "Hi"), *inner, *answered(turn, "Done"), ended]


@dataclass(frozen=True, slots=True)
class Library:
    """A home with one thread in it."""

    home: Path
    reader: TurnReader

    @property
    def path(self) -> Path:
        folder = self.home / "sessions" / "2026" / "01" / "02"
        return folder / f"rollout-2026-01-02T03-04-05-{THREAD_ID}.jsonl"

    def write(self, *lines: Line) -> ThreadLog:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_lines(self.path, meta(THREAD_ID), *lines)
        return open_log(self.home, self.path)

    def append(self, *lines: Line) -> ThreadLog:
        with self.path.open("ab") as file:
            file.writelines(json.dumps(line).encode() + b"\n" for line in lines)
        return open_log(self.home, self.path)


@pytest.fixture
async def library(tmp_path: Path) -> AsyncGenerator[Library]:
    async with ThreadStore(tmp_path) as store:
        yield Library(tmp_path, TurnReader(store))


def turns(count: int) -> list[Line]:
    return [line for number in range(count) for line in whole(f"t{number}")]


def ids(shown: list[Turn]) -> list[str]:
    return [turn.id for turn in shown]


def writing(turn: str, text: str = "So fa") -> LiveTurn:
    """A turn in whose middle the agent is speaking."""
    open_item = AgentMessageItem(id=ItemId(f"{turn}-open"), text=text)
    return LiveTurn(TurnId(turn), started_at=5, open_items=[open_item])


# --- whole threads -----------------------------------------------------------------------------


async def test_all_turns_come_oldest_first_with_all_items(library: Library) -> None:
    log = library.write(*whole("t0", command("t0", "a.txt\n")), *whole("t1"))
    first, second = await library.reader.all_turns(log)
    assert [shown.type for shown in first.items] == [
        "userMessage",
        "commandExecution",
        "agentMessage",
    ]
    assert (first.status, first.started_at, first.completed_at, first.duration_ms) == (
        "completed",
        5,
        6,
        10,
    )
    assert (second.id, second.items_view) == ("t1", "full")


async def test_a_turn_without_an_end_runs_if_it_is_the_live_one(library: Library) -> None:
    log = library.write(*whole("t0"), *begun("t1"), *said("t1", "Go on"))
    [_, died] = await library.reader.all_turns(log)
    assert died.status == "interrupted"
    [_, running] = await library.reader.all_turns(log, writing("t1"))
    assert running.status == "inProgress"
    assert [shown.id for shown in running.items] == ["t1-u-Go on", "t1-open"]
    [_, died, _] = await library.reader.all_turns(log, writing("t2"))
    assert died.status == "interrupted"


async def test_a_live_turn_that_could_not_be_written_is_shown(library: Library) -> None:
    log = library.write(*whole("t0"))
    live = writing("t1")
    [_, running] = await library.reader.all_turns(log, live)
    page = await library.reader.page(log, live, TurnPageRequest(limit=1, items_view="full"))
    assert page.turns == [running]
    assert (running.id, running.status, running.items) == ("t1", "inProgress", live.open_items)


async def test_what_was_taken_back_is_not_shown(library: Library) -> None:
    undone = event("thread_rolled_back", num_turns=1)
    log = library.write(*turns(3), undone, *whole("t9"))
    page = await library.reader.page(log, None, TurnPageRequest(descending=False))
    assert ids(await library.reader.all_turns(log)) == ids(list(page.turns)) == ["t0", "t1", "t9"]


# --- pages of turns ----------------------------------------------------------------------------


async def test_the_newest_turns_come_first_25_at_a_time(library: Library) -> None:
    log = library.write(*turns(30))
    first = await library.reader.page(log, None, TurnPageRequest())
    assert ids(list(first.turns)) == [f"t{number}" for number in range(29, 4, -1)]
    rest = await library.reader.page(log, None, TurnPageRequest(cursor=first.next_cursor))
    assert ids(list(rest.turns)) == ["t4", "t3", "t2", "t1", "t0"]
    assert rest.next_cursor is None


async def test_going_back_begins_with_the_first_entry_again(library: Library) -> None:
    log = library.write(*turns(3))
    newest = await library.reader.page(log, None, TurnPageRequest(limit=2))
    log = library.append(*whole("t3"))
    back = TurnPageRequest(cursor=newest.backwards_cursor, descending=False)
    page = await library.reader.page(log, None, back)
    assert ids(list(page.turns)) == ["t2", "t3"]


async def test_cursors_hold_while_turns_are_added(library: Library) -> None:
    log = library.write(*turns(4))
    first = await library.reader.page(log, None, TurnPageRequest(limit=2))
    log = library.append(*whole("t4"), *whole("t5"))
    second = TurnPageRequest(cursor=first.next_cursor, limit=2)
    assert ids(list((await library.reader.page(log, None, second)).turns)) == ["t1", "t0"]


@pytest.mark.parametrize(("limit", "count"), [(0, 1), (1, 1), (100, 100), (5000, 100), (None, 25)])
async def test_limits_are_brought_in_range(library: Library, limit: int | None, count: int) -> None:
    """As the `codex` command does."""
    log = library.write(*turns(101))
    request = TurnPageRequest(limit=limit, items_view="notLoaded")
    assert len((await library.reader.page(log, None, request)).turns) == count


async def test_a_summary_is_the_first_question_and_the_last_answer(library: Library) -> None:
    inner = [*said("t0", "And"), *answered("t0", "Wait"), command("t0", "x")]
    log = library.write(*whole("t0", *inner))
    summary = (await library.reader.page(log, None, TurnPageRequest())).turns[0]
    assert [shown.id for shown in summary.items] == ["t0-u-Hi", "t0-a-Done"]
    assert summary.items_view == "summary"
    bare = (await library.reader.page(log, None, TurnPageRequest(items_view="notLoaded"))).turns[0]
    assert (bare.items, bare.items_view, bare.status) == ([], "notLoaded", "completed")
    full = (await library.reader.page(log, None, TurnPageRequest(items_view="full"))).turns
    assert list(full) == await library.reader.all_turns(log)


@pytest.mark.parametrize(
    "cursor",
    ["", "bad", "[]", "{}", '{"turnId":"t0"}', '{"turnId":"t0","itemId":"x","includeAnchor":true}'],
)
async def test_a_cursor_that_no_page_gave_is_refused(library: Library, cursor: str) -> None:
    log = library.write(*turns(1))
    with pytest.raises(InvalidCursorError, match="invalid cursor: "):
        await library.reader.page(log, None, TurnPageRequest(cursor=cursor))


async def test_a_cursor_at_a_turn_that_was_taken_back_is_refused(library: Library) -> None:
    log = library.write(*turns(3))
    page = await library.reader.page(log, None, TurnPageRequest(limit=1))
    log = library.append(event("thread_rolled_back", num_turns=1))
    with pytest.raises(InvalidCursorError, match="anchor turn is no longer present"):
        await library.reader.page(log, None, TurnPageRequest(cursor=page.next_cursor))


async def test_a_thread_without_turns_has_empty_pages(library: Library) -> None:
    log = library.write()
    turn_page = await library.reader.page(log, None, TurnPageRequest())
    item_page = await library.reader.items(log, None, ItemPageRequest())
    assert (turn_page.turns, turn_page.next_cursor, turn_page.backwards_cursor) == ([], None, None)
    assert (item_page.entries, item_page.backwards_cursor) == ([], None)
    assert await library.reader.end_cursors(log, None) == (None, None)


# --- pages of items ----------------------------------------------------------------------------


async def all_items(library: Library, log: ThreadLog, request: ItemPageRequest) -> list[str]:
    """Every item, page by page."""
    found: list[str] = []
    cursor = None
    while True:
        page = await library.reader.items(
            log,
            None,
            ItemPageRequest(
                turn_id=request.turn_id,
                cursor=cursor,
                limit=request.limit,
                descending=request.descending,
            ),
        )
        assert len(page.entries) <= (request.limit or 25)
        found += [entry.item.id for entry in page.entries]
        assert len(found) == len(set(found)), "an item came twice"
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
async def test_items_go_on_from_page_to_page_in_either_direction(
    library: Library, limit: int
) -> None:
    log = library.write(*whole("t0", command("t0", "x")), *whole("t1"), *begun("t2"), *whole("t3"))
    expected = ["t0-u-Hi", "t0-c", "t0-a-Done", "t1-u-Hi", "t1-a-Done", "t3-u-Hi", "t3-a-Done"]
    assert await all_items(library, log, ItemPageRequest(limit=limit)) == expected
    backwards = ItemPageRequest(limit=limit, descending=True)
    assert await all_items(library, log, backwards) == expected[::-1]
    of_one = ItemPageRequest(turn_id=TurnId("t1"), limit=limit)
    assert await all_items(library, log, of_one) == expected[3:5]


async def test_entries_tell_their_turn_and_when_they_were_done(library: Library) -> None:
    log = library.write(*whole("t0"))
    entry = (await library.reader.items(log, None, ItemPageRequest(limit=1))).entries[0]
    assert (entry.turn_id, entry.started_at_ms, entry.completed_at_ms) == ("t0", None, 7)


async def test_items_of_the_live_turn_include_those_under_way(library: Library) -> None:
    log = library.write(*whole("t0"), *begun("t1"), *said("t1", "Go on"))
    page = await library.reader.items(log, writing("t1"), ItemPageRequest(limit=2, descending=True))
    assert [entry.item.id for entry in page.entries] == ["t1-open", "t1-u-Go on"]


async def test_a_page_can_begin_next_to_an_item(library: Library) -> None:
    log = library.write(*whole("t0", command("t0", "x")))
    anchor = ItemAnchor(ItemId("t0-c"))
    for descending, expected in ((False, ["t0-a-Done"]), (True, ["t0-u-Hi"])):
        request = ItemPageRequest(turn_id=TurnId("t0"), cursor=anchor, descending=descending)
        page = await library.reader.items(log, None, request)
        assert [entry.item.id for entry in page.entries] == expected


@pytest.mark.parametrize(
    ("turn_id", "item_id", "path"),
    [(None, "t0-c", ("turnId",)), ("t0", "none", ("cursor", "itemId")), ("t7", "t0-c", None)],
)
async def test_an_item_to_begin_next_to_must_be_in_the_turn(
    library: Library, turn_id: str | None, item_id: str, path: tuple[str, ...] | None
) -> None:
    log = library.write(*whole("t0"))
    request = ItemPageRequest(
        turn_id=None if turn_id is None else TurnId(turn_id), cursor=ItemAnchor(ItemId(item_id))
    )
    with pytest.raises(InvalidParamsError) as refused:
        await library.reader.items(log, None, request)
    assert path is None or refused.value.path == path


@pytest.mark.parametrize("cursor", ["bad", '{"turnId":"t0","includeAnchor":true}'])
async def test_a_cursor_that_no_page_of_items_gave_is_refused(
    library: Library, cursor: str
) -> None:
    log = library.write(*whole("t0"))
    with pytest.raises(InvalidCursorError):
        await library.reader.items(log, None, ItemPageRequest(cursor=cursor))


async def test_outputs_can_be_left_for_later(library: Library) -> None:
    log = library.write(*whole("t0", command("t0", "much")), *whole("t1", command("t1", None)))
    later = ItemPageRequest(turn_id=TurnId("t0"), commands_later=True)
    [_, entry, _] = (await library.reader.items(log, None, later)).entries
    assert (entry.output_deferred, entry.item.model_dump()["aggregatedOutput"]) == (True, None)
    nothing = ItemPageRequest(turn_id=TurnId("t1"), commands_later=True)
    assert not (await library.reader.items(log, None, nothing)).entries[1].output_deferred
    everywhere = ItemPageRequest(commands_later=True)
    assert not (await library.reader.items(log, None, everywhere)).entries[1].output_deferred


async def test_named_items_come_in_the_order_of_the_turn(library: Library) -> None:
    log = library.write(*whole("t0", command("t0", "x")))
    wanted = {ItemId("t0-a-Done"), ItemId("t0-u-Hi"), ItemId("none")}
    entries = await library.reader.items_of(log, None, TurnId("t0"), wanted)
    assert [entry.item.id for entry in entries] == ["t0-u-Hi", "t0-a-Done"]
    assert await library.reader.items_of(log, None, TurnId("t9"), wanted) == []


async def test_a_late_item_is_one_of_its_own_turn(library: Library) -> None:
    """A command in the background may end when its turn is long over."""
    log = library.write(*whole("t0"), *whole("t1", command("t0", "late")))
    request = TurnPageRequest(items_view="full", descending=False)
    first, second = (await library.reader.page(log, None, request)).turns
    assert [shown.id for shown in first.items] == ["t0-u-Hi", "t0-a-Done", "t0-c"]
    assert [shown.id for shown in second.items] == ["t1-u-Hi", "t1-a-Done"]
    assert [first, second] == await library.reader.all_turns(log)


async def test_end_cursors_lead_both_ways(library: Library) -> None:
    log = library.write(*turns(2))
    at_turn, at_item = await library.reader.end_cursors(log, None)
    log = library.append(*whole("t2"))
    on = TurnPageRequest(cursor=at_turn, descending=False)
    assert ids(list((await library.reader.page(log, None, on)).turns)) == ["t1", "t2"]
    back = ItemPageRequest(cursor=at_item, descending=True)
    entries = (await library.reader.items(log, None, back)).entries
    assert [entry.item.id for entry in entries][:2] == ["t1-a-Done", "t1-u-Hi"]


async def test_a_turn_that_lost_its_end_is_the_same_on_a_page(library: Library) -> None:
    """Taking back what was steered into a turn leaves the turn, as it ended."""
    log = library.write(
        *whole("t0", *said("t0", "And")),
        *whole("t1"),
        event("thread_rolled_back", num_turns=2),
        *whole("t2"),
    )
    page = await library.reader.page(
        log, None, TurnPageRequest(descending=False, items_view="full")
    )
    assert list(page.turns) == await library.reader.all_turns(log)
    assert [shown.id for shown in page.turns[0].items] == ["t0-u-Hi"]
    assert page.turns[0].status == "completed"
