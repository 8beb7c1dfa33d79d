"""`thread/read`, `thread/turns/list`, `thread/items/list`: looking at threads without loading."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App, running_app
from tests.support.model_script import adds_file, runs, says, speaks_slowly, thinks
from tests.support.outline import items
from tests.support.peer import ASKING, Message, Peer, RefusedError

NOBODY = "019f0000-0000-7000-8000-000000000000"

RICH: list[Any] = [
    [thinks("Plan", "hmm"), runs("echo", "hello"), adds_file("made.txt", "one")],
    [says("First answer")],
    [says("Second answer")],
]


async def read(peer: Peer, thread: Message, **params: Any) -> Message:
    return (await peer.call("thread/read", {"threadId": thread["id"], **params}))["thread"]


async def listed(peer: Peer, kind: str, thread: Message, **params: Any) -> dict[str, Any]:
    return await peer.call(f"thread/{kind}/list", {"threadId": thread["id"], **params})


def all_items(messages: list[Message]) -> list[Message]:
    return [m["params"]["item"] for m in messages if m.get("method") == "item/completed"]


async def test_a_stored_thread_shows_what_was_seen_live(tmp_path: Path) -> None:
    """The turns of a read are those that were told, and nothing is loaded for it."""
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        thread = await peer.start_thread(RICH)
        told = [await peer.turn(thread, text) for text in ("One", "Two")]
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        stored = await read(peer, thread, includeTurns=True)
        assert (await peer.call("thread/loaded/list", {}))["data"] == []
    assert [turn["items"] for turn in stored["turns"]] == [all_items(turn) for turn in told]
    assert {turn["itemsView"] for turn in stored["turns"]} == {"full"}
    assert (stored["status"], stored["preview"]) == ({"type": "notLoaded"}, "One")
    assert stored["path"] == thread["path"]


async def test_a_read_without_turns_has_none(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Done")]])
    await peer.turn(thread)
    assert (await read(peer, thread))["turns"] == []


async def test_a_loaded_thread_in_which_nothing_was_said_can_be_read(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([])
    shown = await read(peer, thread, includeTurns=True)
    assert shown == {**thread, "updatedAt": shown["updatedAt"], "recencyAt": shown["recencyAt"]}
    for kind in ("turns", "items"):
        page = await listed(peer, kind, thread)
        assert page == {"data": [], "nextCursor": None, "backwardsCursor": None}


async def test_a_running_turn_is_shown_up_to_this_moment(app: App) -> None:
    """What has been streamed of the open item is part of the answer."""
    peer = await app.connect()
    thread = await peer.start_thread([[says("Done")], [speaks_slowly("word " * 400)]])
    await peer.turn(thread, "One")
    await peer.say(thread, "Two")
    first = await peer.next("item/agentMessage/delta")
    shown = await read(peer, thread, includeTurns=True)
    done, running = shown["turns"]
    assert (done["status"], running["status"]) == ("completed", "inProgress")
    [asked, answering] = running["items"]
    assert asked["content"][0]["text"] == "Two"
    assert answering["id"] == first["params"]["itemId"]
    assert "word " * 400 > answering["text"] >= first["params"]["delta"]
    page = await listed(peer, "turns", thread, limit=1, itemsView="full")
    assert page["data"][0]["id"] == running["id"]
    assert page["data"][0]["status"] == "inProgress"
    newest = await listed(peer, "items", thread, limit=1, sortDirection="desc")
    assert newest["data"][0]["item"]["id"] == answering["id"]
    await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": ""})
    await peer.until("turn/completed")
    assert (await read(peer, thread, includeTurns=True))["turns"][1]["status"] == "interrupted"


async def test_a_command_that_waits_for_an_answer_is_shown_open(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "x")], [says("Done")]], **ASKING)
    await peer.say(thread)
    question = await peer.next("item/commandExecution/requestApproval")
    [turn] = (await read(peer, thread, includeTurns=True))["turns"]
    assert [(shown["type"], shown.get("status")) for shown in turn["items"]] == [
        ("userMessage", None),
        ("commandExecution", "inProgress"),
    ]
    await peer.answer(question, "accept")
    done = await peer.until("turn/completed")
    [turn] = (await read(peer, thread, includeTurns=True))["turns"]
    assert turn["items"][1] == items(done, "commandExecution")[0]


async def test_turns_and_items_are_paged(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread(RICH)
    for text in ("One", "Two"):
        await peer.turn(thread, text)
    turns = (await read(peer, thread, includeTurns=True))["turns"]
    first = await listed(peer, "turns", thread, limit=1)
    assert [turn["id"] for turn in first["data"]] == [turns[1]["id"]]
    assert first["data"][0]["itemsView"] == "summary"
    second = await listed(
        peer, "turns", thread, limit=1, cursor=first["nextCursor"], itemsView="full"
    )
    assert (second["data"], second["nextCursor"]) == ([turns[0]], None)
    back = await listed(
        peer, "turns", thread, cursor=second["backwardsCursor"], sortDirection="asc"
    )
    assert [turn["id"] for turn in back["data"]] == [turn["id"] for turn in turns]
    entries = (await listed(peer, "items", thread))["data"]
    assert [entry["item"] for entry in entries] == [
        shown for turn in turns for shown in turn["items"]
    ]
    assert {entry["turnId"] for entry in entries} == {turn["id"] for turn in turns}
    assert all(isinstance(entry["completedAtMs"], int) for entry in entries)
    anchor = {"type": "item", "itemId": turns[0]["items"][0]["id"]}
    after = await listed(peer, "items", thread, turnId=turns[0]["id"], cursor=anchor)
    assert [entry["item"] for entry in after["data"]] == turns[0]["items"][1:]


async def test_an_output_can_be_left_out_and_read_later(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread(RICH)
    await peer.turn(thread)
    [turn] = (await read(peer, thread, includeTurns=True))["turns"]
    later = {"commandExecution": True}
    page = await listed(peer, "items", thread, turnId=turn["id"], deferOutput=later)
    [command] = [entry for entry in page["data"] if entry["outputDeferred"]]
    assert command["item"]["aggregatedOutput"] is None
    names = {"turnId": turn["id"], "itemIds": [command["item"]["id"]]}
    found = await peer.call("thread/items/read", {"threadId": thread["id"], **names})
    assert found["data"][0]["item"]["aggregatedOutput"] == "hello\n"


@pytest.mark.parametrize("count", [0, 101])
async def test_only_so_many_items_are_read_at_once(app: App, count: int) -> None:
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread([])
    params = {"threadId": thread["id"], "turnId": "x", "itemIds": ["x"] * count}
    with pytest.raises(RefusedError, match="itemIds must contain 1 to 100 IDs"):
        await peer.call("thread/items/read", params)


@pytest.mark.parametrize("method", ["thread/read", "thread/turns/list", "thread/items/list"])
async def test_a_thread_that_is_nowhere_is_refused(app: App, method: str) -> None:
    peer = await app.connect()
    with pytest.raises(RefusedError, match=f"thread not loaded: {NOBODY}") as refused:
        await peer.call(method, {"threadId": NOBODY})
    assert refused.value.code == -32600
    with pytest.raises(RefusedError, match="invalid thread id: ") as refused:
        await peer.call(method, {"threadId": "nonsense"})
    assert refused.value.data == {"kind": "invalidThreadId", "path": "threadId"}


async def test_an_ephemeral_thread_shows_no_turns(app: App) -> None:
    """The texts are those of the `codex` command."""
    peer = await app.connect()
    thread = await peer.start_thread([[says("Done")]], ephemeral=True)
    await peer.turn(thread)
    shown = await read(peer, thread)
    assert (shown["ephemeral"], shown["path"], shown["turns"]) == (True, None, [])
    with pytest.raises(RefusedError, match="ephemeral threads do not support includeTurns"):
        await read(peer, thread, includeTurns=True)
    for kind in ("turns", "items"):
        said = f"ephemeral threads do not support thread/{kind}/list"
        with pytest.raises(RefusedError, match=said):
            await listed(peer, kind, thread)


async def test_bad_cursors_are_refused(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Done")]])
    await peer.turn(thread)
    of_items = (await listed(peer, "items", thread))["backwardsCursor"]
    for kind, cursor in (("turns", "bad"), ("turns", of_items), ("items", "bad")):
        with pytest.raises(RefusedError, match="invalid cursor: ") as refused:
            await listed(peer, kind, thread, cursor=cursor)
        assert refused.value.data["kind"] == "invalidCursor"
