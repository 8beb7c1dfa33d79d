"""Where the turns of a log are, told without reading it whole; equal to what reading it tells."""

import json
from pathlib import Path

import pytest

from codex_rpc.rollout.index.turn_table import TurnTable
from codex_rpc.rollout.reconstruct import load_rollout
from codex_rpc.rollout.thread_log import open_log
from codex_rpc.rollout.thread_store import ThreadStore
from tests.unit.rollout.files import Line, event
from tests.unit.rollout.live_thread import LiveThread
from tests.unit.rollout.stored_home import StoredHome, append, rolled_back, talk


@pytest.fixture
def home(tmp_path: Path) -> StoredHome:
    return StoredHome(tmp_path)


async def table_of(home: StoredHome, path: Path) -> TurnTable:
    async with home.store() as store:
        return await store.turn_table(open_log(home.path, path))


async def check(home: StoredHome, store: ThreadStore, path: Path) -> None:
    """The table says what reading the whole file says."""
    entries = (await store.turn_table(open_log(home.path, path))).entries
    turns = load_rollout(path).turns
    told = [(entry.turn_id, entry.start, entry.user_messages) for entry in entries]
    assert told == [(turn.turn_id, turn.start, len(turn.user_messages())) for turn in turns]
    assert [entry.started_at for entry in entries] == [turn.started_at for turn in turns]
    assert [entry.ended for entry in entries] == [turn.status != "inProgress" for turn in turns]


def turn(turn_id: str, *said: str, end: str | None = "task_complete") -> list[Line]:
    lines = [event("task_started", turn_id=turn_id, started_at=100), *talk(*said)]
    return lines if end is None else [*lines, event(end, turn_id=turn_id)]


def reverted(turn_id: str, num_turns: int = 0) -> Line:
    return event("thread_rolled_back", num_turns=num_turns, before_turn_id=turn_id)


async def test_turns_that_were_written_live_are_all_there(home: StoredHome) -> None:
    live = LiveThread(home.path / "r.jsonl")
    async with home.store() as store:
        for number in range(4):
            live.talk(f"question {number}", "answer")
            await live.write()
            await check(home, store, live.path)
        live.roll_back(2)
        live.begin_turn()
        live.hear("one")
        live.hear("two")
        await live.write()
        await check(home, store, live.path)
        live.end_turn()
        live.roll_back(1)
        await live.write()
        await check(home, store, live.path)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        talk("one", "two"),
        [*turn("a", "one"), *turn("b", "two"), *turn("c", "three", end=None)],
        [*turn("a", "one", end=None), *turn("b", "two")],
        [*turn("a", "one"), *turn("b", "two"), rolled_back(1), *turn("c", "three")],
        [*turn("a", "one"), *turn("b", "two"), rolled_back(9), *turn("c", "three")],
        [*turn("a", "one", "two"), rolled_back(1), *turn("b", "three")],
        [*turn("a", "one"), *turn("b", end="turn_aborted"), *turn("c", "two"), rolled_back(1)],
        [*turn("a", "one"), *turn("b"), *turn("c", "two"), rolled_back(2)],
        [*talk("one"), *turn("b", "two"), *talk("three"), rolled_back(1), rolled_back(0)],
        [*turn("a", "one", end=None), event("task_complete", turn_id="other"), *talk("two")],
        [*turn("a", "one"), *turn("b"), reverted("b"), *turn("c", "two")],
        [*turn("a", "one"), *turn("b"), *turn("c", "two"), reverted("b", 1)],
        [*turn("a", "one"), *turn("b", "two", end=None), reverted("a", 2), *turn("c")],
        [*turn("a", "one"), *turn("b", "two"), reverted("unheard-of", 1), *turn("c", "three")],
    ],
)
async def test_hand_made_logs_are_told_as_reading_them_does(
    home: StoredHome, lines: list[Line]
) -> None:
    path = home.write(home.file(1), home.first_line(1), *lines)
    async with home.store() as store:
        await check(home, store, path)
    grown = home.write(home.file(2), home.first_line(2))
    async with home.store() as store:
        for each in lines:
            append(grown, each)
            await check(home, store, grown)


async def test_a_part_of_a_log_that_the_table_names_holds_the_turn(home: StoredHome) -> None:
    lines = [*turn("a", "one"), *turn("b", "two", "three"), rolled_back(1), *turn("c", "four")]
    path = home.write(home.file(1), home.first_line(1), *lines)
    log = open_log(home.path, path)
    async with home.store() as store:
        entries = (await store.turn_table(log)).entries
    said = [
        [line.payload["message"] for line in log.slice(entry.start, entry.end).reader()
         if line.event == "user_message"]
        for entry in entries
    ]  # fmt: skip
    assert said == [["one"], ["two"], ["four"]]


async def test_an_item_that_was_completed_after_its_turn_is_told_of(home: StoredHome) -> None:
    late = event(
        "item_completed", thread_id="t", turn_id="a", item={"type": "agentMessage", "text": "!"}
    )
    lines = [*turn("a", "one"), *turn("b", "two", end=None), late]
    path = home.write(home.file(1), home.first_line(1), *lines)
    first, second = (await table_of(home, path)).entries
    size = path.stat().st_size
    length = len(json.dumps(late, separators=(",", ":"))) + 1
    assert (first.late, second.late) == (((size - length, size),), ())


async def test_a_log_that_is_cut_has_the_turns_before_the_cut(home: StoredHome) -> None:
    path = home.write(home.file(1), home.first_line(1), *turn("a", "one"))
    end = path.stat().st_size
    append(path, *turn("b", "two"))
    async with home.store() as store:
        whole = await store.turn_table(open_log(home.path, path))
        cut = await store.turn_table(open_log(home.path, path, end))
        rest = await store.turn_table(open_log(home.path, path).slice(end))
    assert [entry.turn_id for entry in whole.entries] == ["a", "b"]
    assert [entry.turn_id for entry in cut.entries] == ["a"]
    assert [(entry.turn_id, entry.start) for entry in rest.entries] == [("b", end)]
    assert cut.end == end


async def test_a_file_that_was_replaced_is_read_anew(home: StoredHome) -> None:
    path = home.write(home.file(1), home.first_line(1), *turn("a", "one"), *turn("b", "two"))
    async with home.store() as store:
        await check(home, store, path)
        home.write(path, home.first_line(1), *turn("c", "three" * 100))
        await check(home, store, path)


async def test_half_a_line_counts_when_it_is_whole(home: StoredHome) -> None:
    path = home.write(home.file(1), home.first_line(1), *turn("a", "one"))
    async with home.store() as store:
        with path.open("ab") as file:
            file.write(b'{"timestamp":"x","type":"event_msg","payload":{"type":"task_sta')
        assert len((await store.turn_table(open_log(home.path, path))).entries) == 1
        with path.open("ab") as file:
            file.write(b'rted","turn_id":"b"}}\n')
        assert len((await store.turn_table(open_log(home.path, path))).entries) == 2


async def test_turns_are_counted_through_the_files_of_a_fork(home: StoredHome) -> None:
    base = home.write(home.file(1), home.first_line(1), *turn("a", "one"))
    end = base.stat().st_size
    append(base, *turn("b", "not in the fork"))
    place = {"thread_id": base.stem[-36:], "end_ordinal_exclusive": 2, "end_byte_offset": end}
    fork = home.first_line(2, history_mode="paginated", history_base=place)
    path = home.write(home.file(2), fork, *turn("c", "two"))
    entries = (await table_of(home, path)).entries
    assert [entry.turn_id for entry in entries] == ["a", "c"]
    assert entries[1].start > end
