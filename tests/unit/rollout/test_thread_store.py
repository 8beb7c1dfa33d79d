"""Listing and finding stored threads."""

from pathlib import Path
from typing import Any

import pytest

from codex_rpc.errors import InvalidCursorError, RolloutError, ThreadNotStoredError
from codex_rpc.rollout.stored_thread import ThreadQuery
from tests.unit.rollout.files import event
from tests.unit.rollout.stored_home import (
    StoredHome,
    append,
    listed,
    numbers,
    talk,
    thread_id,
    turn_context,
)


@pytest.fixture
def home(tmp_path: Path) -> StoredHome:
    return StoredHome(tmp_path)


# --- what is listed ----------------------------------------------------------------------------


async def test_a_home_without_threads_has_an_empty_list(home: StoredHome) -> None:
    async with home.store() as store:
        page = await store.list(ThreadQuery())
    assert (page.threads, page.next_cursor, page.backwards_cursor) == ([], None, None)


async def test_a_stored_thread_is_listed_with_what_its_file_says(home: StoredHome) -> None:
    path = home.thread(1, "first words", "more", cwd="/home/user/x", source="vscode")
    append(path, turn_context("gpt-5.2", "high"))
    home.change_at(path, 5)
    async with home.store() as store:
        await store.set_name(thread_id(1), "Walrus")
        (thread,) = (await store.list(ThreadQuery())).threads
    assert (thread.thread_id, thread.path, thread.archived) == (thread_id(1), path, False)
    assert (thread.preview, thread.name) == ("first words", "Walrus")
    assert (thread.model, thread.effort) == ("gpt-5.2", "high")
    assert thread.meta.cwd == Path("/home/user/x")
    assert thread.updated_at - thread.created_at == 4 * 60


async def test_threads_in_which_nobody_said_anything_are_not_listed_but_found(
    home: StoredHome,
) -> None:
    """So does the `codex` command."""
    path = home.write(home.file(1), home.first_line(1))
    async with home.store() as store:
        assert await listed(store) == []
        assert (await store.find(thread_id(1))).path == path
        append(path, *talk("at last"))
        assert await listed(store) == [1]


async def test_files_that_hold_no_thread_are_passed_over(home: StoredHome) -> None:
    home.write(home.file(1))
    home.write(home.file(2), *talk("no first line"))
    home.thread(3)
    async with home.store() as store:
        assert await listed(store) == [3]


async def test_a_message_of_images_alone_is_a_message(home: StoredHome) -> None:
    said = event("user_message", message="", images=["data:,"], kind="plain")
    home.write(home.file(1), home.first_line(1), said)
    async with home.store() as store:
        (thread,) = (await store.list(ThreadQuery())).threads
    assert thread.preview == "[Image]"


async def test_a_renamed_file_is_listed_all_the_same(home: StoredHome) -> None:
    path = home.thread(1)
    path.rename(path.with_name("rollout-mine.jsonl"))
    async with home.store() as store:
        assert await listed(store) == [1]
        assert (await store.find(thread_id(1))).path.name == "rollout-mine.jsonl"


async def test_a_thread_with_two_files_is_listed_once_with_the_newer_one(home: StoredHome) -> None:
    """The other program writes a second file when turns are reverted."""
    home.thread(1, "old")
    newer = home.file(1, suffix="_019cb000-0000-7000-8000-000000000002")
    home.write(newer, home.first_line(1), *talk("new"))
    async with home.store() as store:
        (thread,) = (await store.list(ThreadQuery())).threads
    assert (thread.preview, thread.path) == ("new", newer)


async def test_a_thread_that_goes_on_from_another_file_shows_what_was_said_first(
    home: StoredHome,
) -> None:
    base = home.thread(1, "said before the fork")
    at = {"thread_id": thread_id(1), "end_ordinal_exclusive": 2}
    place = at | {"end_byte_offset": base.stat().st_size}
    fork = home.first_line(2, history_mode="paginated", history_base=place)
    home.write(home.file(2), fork, *talk("said after it"))
    async with home.store() as store:
        page = await store.list(ThreadQuery())
    assert [thread.preview for thread in page.threads] == ["said before the fork"] * 2


# --- order and pages ---------------------------------------------------------------------------


async def test_pages_follow_each_other_without_gap_or_overlap(home: StoredHome) -> None:
    home.threads(7)
    async with home.store() as store:
        pages: list[list[int]] = []
        cursor = None
        while True:
            page = await store.list(ThreadQuery(limit=3, cursor=cursor))
            pages.append(numbers(page))
            cursor = page.next_cursor
            if cursor is None:
                break
    assert pages == [[6, 5, 4], [3, 2, 1], [0]]


async def test_a_page_can_be_walked_back_to_from_its_first_thread(home: StoredHome) -> None:
    home.threads(5)
    async with home.store() as store:
        first = await store.list(ThreadQuery(limit=2))
        second = await store.list(ThreadQuery(limit=2, cursor=first.next_cursor))
        back = ThreadQuery(limit=10, cursor=second.backwards_cursor, descending=False)
        assert numbers(second) == [2, 1]
        assert numbers(await store.list(back)) == [2, 3, 4]


@pytest.mark.parametrize("order", ["updated_at", "recency_at"])
async def test_the_thread_that_changed_last_comes_first_if_asked_for(
    home: StoredHome, order: Any
) -> None:
    paths = home.threads(3)
    async with home.store() as store:
        assert await listed(store, order=order) == [2, 1, 0]
        append(paths[0], *talk("again"))
        assert await listed(store, order=order) == [0, 2, 1]
        assert await listed(store, order=order, descending=False) == [1, 2, 0]


@pytest.mark.parametrize("cursor", ["x", "5", "", "2026-01-01T00-00-00|abc", "2026-01-01", "|"])
async def test_a_cursor_that_is_none_is_refused(home: StoredHome, cursor: str) -> None:
    async with home.store() as store:
        with pytest.raises(InvalidCursorError, match=r"^invalid cursor: "):
            await store.list(ThreadQuery(cursor=cursor))


async def test_a_cursor_of_the_other_program_is_understood(home: StoredHome) -> None:
    home.threads(3)
    async with home.store() as store:
        assert await listed(store, cursor="2026-03-02T12:02:00Z") == [1, 0]
        assert await listed(store, cursor=f"2026-03-02T12:01:00Z|{thread_id(1)}") == [0]


# --- filters -----------------------------------------------------------------------------------


def spawned_by(number: int) -> dict[str, Any]:
    return {"subagent": {"thread_spawn": {"parent_thread_id": thread_id(number), "depth": 1}}}


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["cli"], [1]),
        (["exec", "appServer"], [3, 2]),
        (["subAgent"], [5, 4]),
        (["subAgentReview"], [4]),
        (["subAgentThreadSpawn"], [5]),
        (["unknown"], [7, 6]),
        (None, [7, 6, 5, 4, 3, 2, 1]),
    ],
)
async def test_threads_can_be_listed_by_where_they_come_from(
    home: StoredHome, kinds: list[str] | None, expected: list[int]
) -> None:
    sources = ["cli", "exec", "mcp", {"subagent": "review"}, spawned_by(1), "?", {"custom": "zed"}]
    for number, source in enumerate(sources, 1):
        home.thread(number, source=source)
    async with home.store() as store:
        assert await listed(store, source_kinds=kinds) == expected


async def test_filters_apply_before_the_page_is_cut(home: StoredHome) -> None:
    for number in range(9):
        home.thread(number, cwd=f"/p/{number % 3}", model_provider="a" if number < 6 else "b")
    async with home.store() as store:
        assert await listed(store, cwds=["/p/0", "/p/1/"], limit=3) == [7, 6, 4]
        assert await listed(store, providers=["a"], cwds=["/p/2"]) == [5, 2]
        assert await listed(store, excluded=[thread_id(8), thread_id(7)], limit=2) == [6, 5]
        assert await listed(store, originators=["nobody"]) == []


async def test_children_and_their_children_can_be_asked_for(home: StoredHome) -> None:
    home.thread(1)
    home.thread(2, source=spawned_by(1))
    home.thread(3, source=spawned_by(2))
    async with home.store() as store:
        assert await listed(store, parent=thread_id(1)) == [2]
        assert await listed(store, ancestor=thread_id(1)) == [3, 2]
        assert list(await store.descendants(thread_id(1))) == [thread_id(2), thread_id(3)]


async def test_a_term_is_looked_for_in_what_was_said_first_and_in_names(home: StoredHome) -> None:
    home.thread(1, "Fix the Parser")
    home.thread(2, "something else")
    home.thread(3, "a third", "parser")
    async with home.store() as store:
        await store.set_name(thread_id(2), "PARSER work")
        assert await listed(store, search_term="parser") == [2, 1]


async def test_archived_threads_are_listed_by_themselves(home: StoredHome) -> None:
    home.thread(1)
    home.thread(2, archived=True)
    async with home.store() as store:
        assert await listed(store) == [1]
        assert await listed(store, archived=True) == [2]


# --- finding -----------------------------------------------------------------------------------


async def test_a_thread_is_found_wherever_its_file_is(home: StoredHome) -> None:
    home.thread(1, archived=True)
    elsewhere = home.path / "sessions" / home.thread(2).name
    home.file(2).rename(elsewhere)
    async with home.store() as store:
        assert (await store.find(thread_id(1))).archived
        assert (await store.find(thread_id(2).upper())).path == elsewhere


async def test_a_thread_that_is_not_there_is_not_found(home: StoredHome) -> None:
    async with home.store() as store:
        with pytest.raises(ThreadNotStoredError, match=f"no rollout found for thread id {V4}"):
            await store.find(V4)


V4 = "5973b6c0-94b8-487b-a530-2aeb6098ae0e"


async def test_a_file_anywhere_can_be_asked_which_thread_it_holds(
    home: StoredHome, tmp_path: Path
) -> None:
    path = tmp_path / "elsewhere.jsonl"
    home.thread(1).rename(path)
    async with home.store() as store:
        assert (await store.at(path)).thread_id == thread_id(1)
        with pytest.raises(RolloutError):
            await store.at(tmp_path / "missing.jsonl")
        with pytest.raises(RolloutError):
            await store.at(home.write(tmp_path / "empty.jsonl"))
