"""`thread/archive`, `thread/unarchive`, `thread/delete`: whole threads, and who is told of it."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App, running_app
from tests.support.model_script import runs, says
from tests.support.peer import ASKING, Message, Peer, RefusedError
from tests.unit.rollout.files import event, message, meta, write_lines

NOBODY = "019f0000-0000-7000-8000-000000000000"


async def talked(peer: Peer, **params: Any) -> Message:
    thread = await peer.start_thread([[says("Done")]], **params)
    await peer.turn(thread)
    return thread


async def do(peer: Peer, verb: str, thread: Message) -> dict[str, Any]:
    return await peer.call(f"thread/{verb}", {"threadId": thread["id"]})


async def ids(peer: Peer, **params: Any) -> list[str]:
    return [thread["id"] for thread in (await peer.call("thread/list", params))["data"]]


def told(messages: list[Message], method: str) -> list[str]:
    return [m["params"]["threadId"] for m in messages if m.get("method") == method]


async def test_an_archived_thread_is_out_of_the_way_until_it_is_brought_back(app: App) -> None:
    peer = await app.connect()
    thread = await talked(peer)
    assert await do(peer, "archive", thread) == {}
    assert (await ids(peer), await ids(peer, archived=True)) == ([], [thread["id"]])
    assert (await peer.call("thread/loaded/list", {}))["data"] == []
    shown = await peer.call("thread/read", {"threadId": thread["id"], "includeTurns": True})
    assert len(shown["thread"]["turns"]) == 1
    assert "archived_sessions" in shown["thread"]["path"]
    back = (await do(peer, "unarchive", thread))["thread"]
    assert (back["path"], back["status"]) == (thread["path"], {"type": "notLoaded"})
    assert (await ids(peer), await ids(peer, archived=True)) == ([thread["id"]], [])


async def test_every_client_is_told_after_the_answer(app: App) -> None:
    peer, other = await app.connect(), await app.connect()
    thread = await talked(peer)
    for verb, method in (
        ("archive", "thread/archived"),
        ("unarchive", "thread/unarchived"),
        ("delete", "thread/deleted"),
    ):
        await do(peer, verb, thread)
        answered = len(peer.messages)
        assert (await peer.next(method))["params"] == {"threadId": thread["id"]}
        assert (await other.next(method))["params"] == {"threadId": thread["id"]}
        sent = [index for index, m in enumerate(peer.messages) if m.get("method") == method]
        assert sent[0] >= answered - 1


@pytest.mark.parametrize("verb", ["archive", "delete"])
async def test_a_running_turn_ends_before_its_thread_goes(app: App, verb: str) -> None:
    """Nothing is lost of an archived thread, and nothing is left running of either."""
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "x")], [says("Done")]], **ASKING)
    await peer.say(thread)
    await peer.next("item/commandExecution/requestApproval")
    await do(peer, verb, thread)
    seen = await peer.until("thread/archived" if verb == "archive" else "thread/deleted")
    everything = [m for m in peer.messages if m.get("method") == "turn/completed"]
    assert [m["params"]["turn"]["status"] for m in everything] == ["interrupted"]
    assert told(seen, "thread/status/changed")[-1:] == [thread["id"]]
    assert app.rollout_files() == []
    with pytest.raises(RefusedError, match=f"thread not found: {thread['id']}"):
        await peer.say(thread)
    if verb == "archive":
        await do(peer, "unarchive", thread)
        shown = await peer.call("thread/read", {"threadId": thread["id"], "includeTurns": True})
        assert [turn["status"] for turn in shown["thread"]["turns"]] == ["interrupted"]


async def test_a_deleted_thread_is_gone(app: App) -> None:
    peer = await app.connect()
    thread, other = await talked(peer), await talked(peer)
    await do(peer, "delete", thread)
    assert await ids(peer) == [other["id"]]
    assert [str(path) for path in app.rollout_files()] == [other["path"]]
    with pytest.raises(RefusedError, match="thread not loaded"):
        await do(peer, "read", thread)
    with pytest.raises(RefusedError, match=f"no rollout found for thread id {thread['id']}"):
        await do(peer, "delete", thread)


async def test_a_thread_in_which_nothing_was_said_just_ends(app: App) -> None:
    peer = await app.connect()
    for verb, method in (("archive", "thread/archived"), ("delete", "thread/deleted")):
        thread = await peer.start_thread([])
        await do(peer, verb, thread)
        await peer.next(method)
        assert (await peer.call("thread/loaded/list", {}))["data"] == []


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("archive", "no rollout found for thread id "),
        ("unarchive", "no archived rollout found for thread id "),
        ("delete", "no rollout found for thread id "),
    ],
)
async def test_a_thread_that_is_not_there_is_refused(app: App, verb: str, said: str) -> None:
    peer = await app.connect()
    with pytest.raises(RefusedError, match=said + NOBODY) as refused:
        await do(peer, verb, {"id": NOBODY})
    assert refused.value.code == -32600
    with pytest.raises(RefusedError, match="invalid thread id: "):
        await do(peer, verb, {"id": "nonsense"})


async def test_a_thread_is_not_archived_twice_nor_brought_back_twice(app: App) -> None:
    peer = await app.connect()
    thread = await talked(peer)
    await do(peer, "archive", thread)
    with pytest.raises(RefusedError, match="no rollout found for thread id "):
        await do(peer, "archive", thread)
    await do(peer, "unarchive", thread)
    with pytest.raises(RefusedError, match="no archived rollout found for thread id "):
        await do(peer, "unarchive", thread)


async def test_an_ephemeral_thread_cannot_be_put_away(app: App) -> None:
    """The texts are those of the `codex` command; the thread goes on."""
    peer = await app.connect()
    thread = await talked(peer, ephemeral=True)
    for verb, said in (
        ("archive", f"no rollout found for thread id {thread['id']}"),
        ("unarchive", f"no archived rollout found for thread id {thread['id']}"),
        ("delete", f"thread is not persisted and cannot be deleted: {thread['id']}"),
    ):
        with pytest.raises(RefusedError, match=said):
            await do(peer, verb, thread)
    assert (await peer.call("thread/loaded/list", {}))["data"] == [thread["id"]]


def stored_family(app: App) -> list[str]:
    """A thread, an agent that it has spawned, and one that the agent has: left by a program."""
    folder = app.home / "sessions" / "2026" / "01" / "02"
    folder.mkdir(parents=True)
    family: list[str] = []
    for depth in range(3):
        thread_id = f"019b7f3a-00{depth:02}-7000-8000-000000000000"
        spawn = {"parent_thread_id": family[-1] if family else "", "depth": depth}
        source = {"subagent": {"thread_spawn": spawn}} if family else "cli"
        write_lines(
            folder / f"rollout-2026-01-02T03-04-{depth:02}-{thread_id}.jsonl",
            meta(thread_id, source=source, model_provider="script"),
            message("user", "Hi"),
            event("user_message", message="Hi", kind="plain"),
        )
        family.append(thread_id)
    return family


async def test_agents_go_where_their_thread_goes(tmp_path: Path) -> None:
    """As the `codex` command does: spawned threads are archived and deleted with their parent."""
    async with running_app(tmp_path) as app:
        family = stored_family(app)
        peer = await app.connect(experimentalApi=True)
        kinds = {"sourceKinds": ["cli", "subAgent"], "sortDirection": "asc"}
        assert await ids(peer, **kinds) == family
        thread = {"id": family[0]}
        await do(peer, "archive", thread)
        assert await ids(peer, **kinds) == []
        assert await ids(peer, archived=True, **kinds) == family
        await do(peer, "unarchive", thread)
        assert await ids(peer, **kinds) == family
        await do(peer, "delete", {"id": family[1]})
        assert await ids(peer, **kinds) == family[:1]
        await peer.call("thread/loaded/list", {})
        assert sorted(told(peer.messages, "thread/archived")) == family
        assert sorted(told(peer.messages, "thread/unarchived")) == family
        assert told(peer.messages, "thread/deleted") == [family[2], family[1]]
