"""`thread/revert` and `thread/rollback`: taking back a thread's end."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App, running_app
from tests.support.model_script import STALL, says
from tests.support.peer import Message, Peer, RefusedError

FOUR = [[says("first")], [says("second")], [says("third")], [says("fourth")]]


async def turns_of(app: App, texts: str, steps: list[Any]) -> tuple[Peer, Message, list[str]]:
    peer = await app.connect()
    thread = await peer.start_thread(steps)
    ids = [(await peer.turn(thread, text))[-1]["params"]["turn"]["id"] for text in texts]
    return peer, thread, ids


def asked(thread: Message) -> list[str]:
    return [turn["items"][0]["content"][0]["text"] for turn in thread["turns"]]


async def read(peer: Peer, thread: Message) -> Message:
    params = {"threadId": thread["id"], "includeTurns": True}
    return (await peer.call("thread/read", params))["thread"]


async def test_a_reverted_turn_is_gone_with_all_that_followed(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        peer, thread, ids = await turns_of(app, "abc", FOUR)
        result = await peer.call(
            "thread/revert", {"threadId": thread["id"], "beforeTurnId": ids[1]}
        )
        assert result["thread"]["turns"] == []
        assert (await peer.next("thread/reverted"))["params"] == {"threadId": thread["id"]}
        assert asked(await read(peer, thread)) == ["a"]
        await peer.turn(thread, "d")
        assert asked(await read(peer, thread)) == ["a", "d"]
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        result = await peer.call("thread/resume", {"threadId": thread["id"]})
        assert asked(result["thread"]) == ["a", "d"]


async def test_a_rollback_counts_what_the_user_said(app: App) -> None:
    peer, thread, _ = await turns_of(app, "abc", FOUR)
    result = await peer.call("thread/rollback", {"threadId": thread["id"], "numTurns": 2})
    assert asked(result["thread"]) == ["a"]


async def test_a_running_turn_is_interrupted_before_it_is_taken_back(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("first")], [says("sec"), STALL]])
    await peer.turn(thread, "a")
    running = await peer.say(thread, "b")
    await peer.until("item/agentMessage/delta")
    params = {"threadId": thread["id"], "beforeTurnId": running["id"]}
    await peer.call("thread/revert", params)
    ended = await peer.next("turn/completed")
    assert ended["params"]["turn"]["status"] == "interrupted"
    assert asked(await read(peer, thread)) == ["a"]


async def test_turns_that_were_summed_up_can_be_taken_back(tmp_path: Path) -> None:
    """What is left of the history is what the record has before the turn, summed up or not."""
    steps = [[says("first")], [says("second")], [says("A summary")], [says("third")]]
    async with running_app(tmp_path) as app:
        peer, thread, ids = await turns_of(app, "ab", steps)
        await peer.call("thread/compact/start", {"threadId": thread["id"]})
        await peer.until("turn/completed")
        await peer.turn(thread, "c")
        await peer.call("thread/revert", {"threadId": thread["id"], "beforeTurnId": ids[1]})
        assert asked(await read(peer, thread)) == ["a"]
        loaded = app.server.threads.get_thread(thread["id"])
        items = loaded.snapshot().history_items
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        await peer.call("thread/resume", {"threadId": thread["id"]})
        loaded = app.server.threads.get_thread(thread["id"])
        await loaded.recall()
        assert loaded.snapshot().history_items == items
        assert asked(await read(peer, thread)) == ["a"]


@pytest.mark.parametrize(
    ("method", "params"),
    [("thread/compact/start", {}), ("thread/shellCommand", {"command": "echo one"})],
)
async def test_a_turn_in_which_the_user_said_nothing_can_be_taken_back(
    tmp_path: Path, method: str, params: Message
) -> None:
    steps = [[says("first")], [says("A summary")], [says("second")]]
    async with running_app(tmp_path) as app:
        peer, thread, _ = await turns_of(app, "a", steps)
        loaded = app.server.threads.get_thread(thread["id"])
        items = loaded.history()
        await peer.call(method, {"threadId": thread["id"], **params})
        ended = (await peer.until("turn/completed"))[-1]["params"]["turn"]
        assert loaded.history() != items
        revert = {"threadId": thread["id"], "beforeTurnId": ended["id"]}
        await peer.call("thread/revert", revert)
        assert asked(await read(peer, thread)) == ["a"]
        page = await peer.call("thread/turns/list", {"threadId": thread["id"]})
        assert len(page["data"]) == 1
        assert loaded.history() == items
        with pytest.raises(RefusedError, match="turn not found"):
            await peer.call("thread/revert", revert)
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        result = await peer.call("thread/resume", {"threadId": thread["id"]})
        assert asked(result["thread"]) == ["a"]
        loaded = app.server.threads.get_thread(thread["id"])
        await loaded.recall()
        assert loaded.history() == items


async def test_what_is_not_there_cannot_be_taken_back(app: App) -> None:
    peer, thread, _ = await turns_of(app, "a", FOUR)
    for method, params, message in [
        ("thread/revert", {"beforeTurnId": "nope"}, "turn not found: nope"),
        ("thread/rollback", {"numTurns": 0}, "numTurns"),
        (
            "thread/revert",
            {"threadId": "019f0000-0000-7000-8000-000000000000", "beforeTurnId": "x"},
            "thread not found",
        ),
    ]:
        with pytest.raises(RefusedError) as refused:
            await peer.call(method, {"threadId": thread["id"], **params})
        assert message in refused.value.message or refused.value.data["path"] == message
    ephemeral = await peer.start_thread([[says("x")]], ephemeral=True)
    await peer.turn(ephemeral, "a")
    with pytest.raises(RefusedError, match="ephemeral threads do not support thread/revert"):
        await peer.call("thread/revert", {"threadId": ephemeral["id"], "beforeTurnId": "x"})
