"""Archiving stored threads, bringing them back, deleting them, and what they say of git."""

import json
from pathlib import Path

import pytest

from codex_rpc.errors import (
    ForkedHistoryError,
    InvalidRequestError,
    ThreadBusyError,
    ThreadNotArchivedError,
    ThreadNotStoredError,
)
from codex_rpc.protocol.thread import GitInfo
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.reconstruct import load_rollout
from codex_rpc.rollout.writer_lock import WriterLock
from tests.unit.rollout.stored_home import StoredHome, append, listed, talk, thread_id

SUFFIX = "_019cb000-0000-7000-8000-000000000002"


@pytest.fixture
def home(tmp_path: Path) -> StoredHome:
    return StoredHome(tmp_path)


def files(home: StoredHome) -> list[str]:
    return sorted(str(path.relative_to(home.path)) for path in home.path.rglob("rollout-*"))


async def test_an_archived_thread_is_in_the_flat_folder_with_all_its_files(
    home: StoredHome,
) -> None:
    """As the `codex` command does it."""
    home.thread(1)
    home.write(home.file(1, suffix=SUFFIX), home.first_line(1), *talk("newer"))
    async with home.store() as store:
        stored = await store.archive(thread_id(1))
        assert (stored.archived, stored.preview) == (True, "newer")
        assert stored.path == home.file(1, suffix=SUFFIX, archived=True)
        assert files(home) == [
            f"archived_sessions/{home.file(1, suffix=each).name}" for each in ("", SUFFIX)
        ]
        with pytest.raises(ThreadNotStoredError):
            await store.archive(thread_id(1))


async def test_a_thread_that_is_brought_back_is_where_it_was_and_the_most_recent(
    home: StoredHome,
) -> None:
    home.threads(3)
    async with home.store() as store:
        await store.archive(thread_id(1))
        stored = await store.unarchive(thread_id(1))
        assert (stored.archived, stored.path) == (False, home.file(1))
        assert await listed(store, order="updated_at") == [1, 2, 0]
        with pytest.raises(ThreadNotArchivedError):
            await store.unarchive(thread_id(1))
        with pytest.raises(ThreadNotArchivedError):
            await store.unarchive(thread_id(9))


async def test_no_file_in_the_archive_is_overwritten(home: StoredHome) -> None:
    home.thread(1, "new")
    home.thread(1, "old", archived=True)
    async with home.store() as store:
        with pytest.raises(InvalidRequestError, match="another file of that name"):
            await store.archive(thread_id(1))
        assert (await store.find(thread_id(1))).preview == "new"


async def test_a_deleted_thread_leaves_nothing_behind(home: StoredHome) -> None:
    home.thread(1, "secret")
    home.write(home.file(1, suffix=SUFFIX), home.first_line(1), *talk("secret too"))
    home.thread(1, "secret copy", archived=True)
    home.thread(2)
    async with home.store() as store:
        await store.set_name(thread_id(1), "secret name")
        await store.reindex()
        await store.delete(thread_id(1))
        assert await listed(store) == [2]
        assert await listed(store, archived=True) == []
        with pytest.raises(ThreadNotStoredError):
            await store.delete(thread_id(1))
    assert len(files(home)) == 1
    assert "secret" not in (home.path / "session_index.jsonl").read_text()


async def test_a_thread_that_others_go_on_from_is_not_deleted(home: StoredHome) -> None:
    """As the `codex` command refuses it, in its words."""
    base = home.thread(1)
    place = {"thread_id": thread_id(1), "end_ordinal_exclusive": 2}
    at = place | {"end_byte_offset": base.stat().st_size}
    fork = home.first_line(2, history_mode="paginated", history_base=at)
    home.write(home.file(2), fork, *talk("forked"))
    async with home.store() as store:
        message = f"cannot delete thread {thread_id(1)}: forked history still references it"
        with pytest.raises(ForkedHistoryError, match=message):
            await store.delete(thread_id(1))
        await store.delete(thread_id(2))
        await store.delete(thread_id(1))
    assert files(home) == []


async def test_the_files_of_a_thread_that_is_open_stay_as_they_are(home: StoredHome) -> None:
    path = home.thread(1)
    before = path.read_bytes()
    lock = WriterLock(home.path, thread_id(1))
    lock.acquire()
    async with home.store() as store:
        with pytest.raises(ThreadBusyError):
            await store.archive(thread_id(1))
        with pytest.raises(ThreadBusyError):
            await store.delete(thread_id(1))
        with pytest.raises(ThreadBusyError):
            await store.update_git(thread_id(1), {"sha": "abc"})
    lock.release()
    assert path.read_bytes() == before


# --- git ---------------------------------------------------------------------------------------


async def test_what_a_thread_says_of_git_can_be_changed_and_cleared(home: StoredHome) -> None:
    git = {"commit_hash": "abc", "branch": "main"}
    path = home.thread(1, git=git)
    async with home.store() as store:
        changed = await store.update_git(thread_id(1), {"branch": "next", "origin_url": "u"})
        assert changed.meta.git == GitInfo(sha="abc", branch="next", origin_url="u")
        cleared = await store.update_git(thread_id(1), {"sha": None, "branch": None})
        assert cleared.meta.git == GitInfo(origin_url="u")
        await store.update_git(thread_id(1), {"origin_url": None})
        assert (await store.find(thread_id(1))).meta.git is None
    assert load_rollout(path).meta.thread_id == thread_id(1)


async def test_a_change_of_git_survives_the_index_and_further_turns(home: StoredHome) -> None:
    path = home.thread(1)
    async with home.store() as store:
        await store.update_git(thread_id(1), {"sha": "abc"})
    append(path, *talk("further", "turns"))
    home.index.unlink()
    async with home.store() as store:
        stored = await store.find(thread_id(1))
    assert (stored.meta.git, stored.preview) == (GitInfo(sha="abc"), "thread 1")


async def test_lines_of_the_newer_generation_are_counted_on(home: StoredHome) -> None:
    """The `codex` command does not resume a file whose last line has no number."""
    path = home.thread(1, history_mode="paginated")
    append(path, {"timestamp": "x", "ordinal": 41, "type": "world_state", "payload": {}})
    async with home.store() as store:
        await store.update_git(thread_id(1), {"sha": "abc"})
    last = json.loads(path.read_bytes().splitlines()[-1])
    assert (last["ordinal"], last["payload"]["history_mode"]) == (42, "paginated")


async def test_who_writes_the_file_writes_the_change(home: StoredHome) -> None:
    path = home.thread(1)
    lock = WriterLock(home.path, thread_id(1))
    lock.acquire()

    async def write(payload: Payload) -> None:
        append(path, {"timestamp": "x", "type": "session_meta", "payload": payload})

    async with home.store() as store:
        stored = await store.update_git(thread_id(1), {"sha": "abc"}, write)
    lock.release()
    assert stored.meta.git == GitInfo(sha="abc")
