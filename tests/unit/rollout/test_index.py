"""The index is a cache: whatever becomes of it or of the files, answers are those of the files."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from codex_rpc.errors import ThreadNotStoredError
from codex_rpc.rollout.stored_thread import ThreadQuery
from codex_rpc.rollout.thread_store import ThreadStore
from tests.unit.rollout.stored_home import (
    StoredHome,
    append,
    found,
    listed,
    rolled_back,
    talk,
    thread_id,
    turn_context,
)


@pytest.fixture
def home(tmp_path: Path) -> StoredHome:
    return StoredHome(tmp_path)


async def previews(store: ThreadStore) -> list[str]:
    return [thread.preview for thread in (await store.list(ThreadQuery())).threads]


# --- files that others change ------------------------------------------------------------------


async def test_a_file_that_another_process_adds_is_listed_at_once(home: StoredHome) -> None:
    home.thread(1)
    async with home.store() as store:
        assert await listed(store) == [1]
        home.thread(2)
        home.thread(60 * 48)  # a new folder
        assert await listed(store) == [60 * 48, 2, 1]


async def test_a_file_is_listed_though_its_folder_seems_to_be_as_it_was(home: StoredHome) -> None:
    """Two changes within a tick of the clock of the file system look like one."""
    folder = home.thread(1).parent
    async with home.store() as store:
        assert await listed(store) == [1]
        changed_ns = folder.stat().st_mtime_ns
        home.thread(2)
        os.utime(folder, ns=(changed_ns, changed_ns))
        assert await listed(store) == [2, 1]


async def test_a_file_that_another_process_deletes_is_not_listed_any_more(
    home: StoredHome,
) -> None:
    paths = home.threads(3)
    async with home.store() as store:
        assert await listed(store) == [2, 1, 0]
        paths[1].unlink()
        assert await listed(store) == [2, 0]
        with pytest.raises(ThreadNotStoredError):
            await store.find(thread_id(1))
        shutil.rmtree(home.path / "sessions")
        assert await listed(store) == []


async def test_a_file_that_another_process_archives_is_archived(home: StoredHome) -> None:
    path = home.thread(1)
    async with home.store() as store:
        assert await listed(store) == [1]
        archive = home.path / "archived_sessions"
        archive.mkdir()
        path.rename(archive / path.name)
        assert (await listed(store), await listed(store, archived=True)) == ([], [1])


async def test_a_file_that_is_replaced_or_cut_off_shows_what_it_says_now(home: StoredHome) -> None:
    path = home.thread(1, "one", "two")
    async with home.store() as store:
        assert await previews(store) == ["one"]
        longer = "another beginning, " * 50
        home.write(path, home.first_line(1), *talk(longer))
        assert await previews(store) == [longer]
        home.write(path, home.first_line(1), *talk("x"))
        assert await previews(store) == ["x"]


async def test_what_is_added_to_a_file_is_shown(home: StoredHome) -> None:
    path = home.thread(1)
    async with home.store() as store:
        before = await store.find(thread_id(1))
        append(path, turn_context("gpt-5.5", "low"))
        after = await store.find(thread_id(1))
    assert (before.model, after.model, after.effort) == (None, "gpt-5.5", "low")
    assert after.updated_at > before.updated_at


async def test_a_file_that_cannot_be_read_hides_no_other(home: StoredHome) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    home.threads(3)
    home.file(1).chmod(0)
    async with home.store() as store:
        assert await listed(store) == [2, 0]


# --- the database ------------------------------------------------------------------------------


async def test_what_was_found_out_is_kept_for_the_next_start(home: StoredHome) -> None:
    home.threads(3)
    async with home.store() as store:
        assert await listed(store) == [2, 1, 0]
    with closing(sqlite3.connect(home.index)) as index:
        assert index.execute("SELECT count(*) FROM files WHERE known").fetchone() == (3,)
    async with home.store() as store:
        assert await listed(store) == [2, 1, 0]


async def test_nothing_is_opened_before_a_question_is_asked(home: StoredHome) -> None:
    home.thread(1)
    async with home.store():
        pass
    assert not home.index.exists()


async def test_the_index_may_be_deleted_while_it_is_used(home: StoredHome) -> None:
    home.threads(2)
    async with home.store() as store:
        assert await listed(store) == [1, 0]
        shutil.rmtree(home.index.parent)
        assert await listed(store) == [1, 0]
        home.thread(2)
        assert await found(store, "thread 2") == [2]
    assert home.index.exists()


@pytest.mark.parametrize("content", [b"no database", b"", b"SQLite format 3\0" + b"\xff" * 5000])
async def test_a_damaged_index_is_made_anew(home: StoredHome, content: bytes) -> None:
    home.threads(2)
    home.index.parent.mkdir()
    home.index.write_bytes(content)
    async with home.store() as store:
        assert await listed(store) == [1, 0]
    async with home.store() as store:
        assert await listed(store) == [1, 0]
    assert home.index.read_bytes().startswith(b"SQLite format 3\0")


async def test_pages_of_the_index_that_are_overwritten_lose_no_thread(home: StoredHome) -> None:
    home.threads(50)
    async with home.store() as store:
        assert await found(store, "thread 4", limit=100) == [*range(49, 39, -1), 4]
    size = home.index.stat().st_size
    with home.index.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 8192))
    async with home.store() as store:
        assert await listed(store, limit=100) == list(range(49, -1, -1))
        assert await found(store, "thread 4", limit=100) == [*range(49, 39, -1), 4]


async def test_an_index_of_another_version_is_made_anew(home: StoredHome) -> None:
    home.thread(1)
    async with home.store() as store:
        assert await listed(store) == [1]
    with closing(sqlite3.connect(home.index)) as index:
        index.execute("UPDATE files SET preview = 'what another version means by it'")
        index.execute("PRAGMA user_version = 99")
        index.commit()
    async with home.store() as store:
        assert await previews(store) == ["thread 1"]


async def test_without_a_place_for_the_index_everything_works(home: StoredHome) -> None:
    home.threads(2)
    (home.path / "codex-rpc").write_text("a file is in the way")
    async with home.store() as store:
        assert await listed(store) == [1, 0]
        assert await found(store, "thread 1") == [1]
        home.thread(2)
        assert await listed(store, order="updated_at") == [2, 1, 0]


async def test_an_index_that_somebody_locks_for_good_is_done_without(home: StoredHome) -> None:
    """No client ever hears that a database is locked."""
    home.threads(2)
    async with home.store() as store:
        assert await listed(store) == [1, 0]
    with closing(sqlite3.connect(home.index, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with home.store() as store:
            home.thread(2)
            assert await listed(store) == [2, 1, 0]
            assert await found(store, "thread 2") == [2]
        other.execute("ROLLBACK")


async def test_making_the_index_anew_says_what_was_found(home: StoredHome) -> None:
    home.threads(3)
    home.thread(7, archived=True)
    home.write(home.file(4), home.first_line(4))
    home.write(home.file(5))
    async with home.store() as store:
        report = await store.reindex()
    assert report.threads == 4
    assert dict(report.skipped) == {
        home.file(4): "nobody said anything",
        home.file(5): "holds no thread, or cannot be read",
    }
    assert str(report).startswith("4 threads indexed in ")


# --- words -------------------------------------------------------------------------------------


async def test_words_of_users_and_agents_are_found_in_any_case(home: StoredHome) -> None:
    home.thread(1, "look at the Pelican")
    path = home.thread(2)
    append(path, {"type": "event_msg", "payload": {"type": "agent_message", "message": "PELICAN!"}})
    home.thread(3, "nothing of it")
    async with home.store() as store:
        assert await found(store, "pelican") == [2, 1]
        assert await found(store, "the pel") == [1]
        assert await found(store, "pelican look") == []


@pytest.mark.parametrize("text", ["a_", "%", "ü", "Ü", '"', "*", "b AND c", "漢字", "\\", "a"])
async def test_every_text_can_be_looked_for(home: StoredHome, text: str) -> None:
    home.thread(1, 'xa_y 100% ü Ü "quoted" * b AND c 漢字 \\ ')
    home.thread(2, "none of them: xyz")
    async with home.store() as store:
        assert await found(store, text) == [1]


async def test_what_is_said_later_is_found(home: StoredHome) -> None:
    path = home.thread(1)
    async with home.store() as store:
        assert await found(store, "zebra") == []
        append(path, *talk("a zebra"))
        assert await found(store, "zebra") == [1]


async def test_what_was_taken_back_is_not_found(home: StoredHome) -> None:
    path = home.thread(1, "keep this", "a zebra")
    async with home.store() as store:
        assert await found(store, "zebra") == [1]
        append(path, rolled_back(1))
        assert await found(store, "zebra") == []
        assert await found(store, "keep") == [1]
        append(path, *talk("another zebra"))
        assert await found(store, "zebra") == [1]


async def test_what_a_revert_has_cut_off_is_not_found(home: StoredHome) -> None:
    first = home.write(home.file(1), home.first_line(1), *talk("kept words"))
    end = first.stat().st_size
    append(first, *talk("words cut off"))
    base = {"thread_id": thread_id(1), "end_ordinal_exclusive": 2, "end_byte_offset": end}
    second = home.file(1, suffix="_019cb000-0000-7000-8000-000000000002")
    again = home.first_line(1, history_mode="paginated", history_base=base)
    home.write(second, again, *talk("words instead"))
    async with home.store() as store:
        assert await found(store, "kept words") == [1]
        assert await found(store, "words instead") == [1]
        assert await found(store, "words cut off") == []


async def test_matches_come_in_pages_in_the_order_asked_for(home: StoredHome) -> None:
    for number in range(5):
        home.thread(number, f"zebra {number}")
    async with home.store() as store:
        page = await store.search("zebra", ThreadQuery(limit=2))
        assert [match.thread.preview for match in page.matches] == ["zebra 4", "zebra 3"]
        assert await found(store, "zebra", limit=2, cursor=page.next_cursor) == [2, 1]
        assert await found(store, "zebra", descending=False) == [0, 1, 2, 3, 4]


async def test_a_match_shows_the_words_around_it_on_one_line(home: StoredHome) -> None:
    home.thread(1, f"{'before ' * 30}\nthe\n needle here {'after ' * 40}")
    home.thread(2, "needle")
    async with home.store() as store:
        short, long = (await store.search("Needle", ThreadQuery())).matches
    assert short.snippet == "needle"
    assert long.snippet.startswith("... ")
    assert long.snippet.endswith(" ...")
    assert "before the needle here after" in long.snippet
    assert len(long.snippet) < 170


async def test_what_was_found_out_survives_a_move_to_the_archive(home: StoredHome) -> None:
    home.thread(1, "zebra")
    async with home.store() as store:
        assert await found(store, "zebra") == [1]
        await store.archive(thread_id(1))
        assert await found(store, "zebra") == []
        assert await found(store, "zebra", archived=True) == [1]


async def test_a_search_goes_on_where_an_earlier_one_was_stopped(home: StoredHome) -> None:
    long = "word " * 1000
    for number in range(3):
        home.write(home.file(number), home.first_line(number), *talk(*([long] * 600), "zebra"))
    async with home.store() as store:
        assert await found(store, "zebra") == [2, 1, 0]
    async with home.store() as store:
        assert await found(store, "zebra") == [2, 1, 0]
