"""`thread/fork`: a new thread with another one's past, or a part of it."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App, running_app
from tests.support.model_script import STALL, says, write_script
from tests.support.peer import FREE, Message, Peer, RefusedError

THREE = [[says("first")], [says("second")], [says("third")]]


async def three_turns(app: App, **capabilities: Any) -> tuple[Peer, Message, list[str]]:
    peer = await app.connect(**capabilities)
    thread = await peer.start_thread(THREE)
    turns = [(await peer.turn(thread, text))[-1]["params"]["turn"]["id"] for text in "abc"]
    return peer, thread, turns


def on_disk(thread: Message) -> bytes:
    return Path(thread["path"]).read_bytes()


async def fork(peer: Peer, thread: Message, **params: Any) -> dict[str, Any]:
    return await peer.call("thread/fork", {"threadId": thread["id"], **params})


def asked(result: dict[str, Any]) -> list[str]:
    turns = result["thread"]["turns"]
    return [turn["items"][0]["content"][0]["text"] for turn in turns]


async def test_a_fork_has_the_whole_past_and_a_life_of_its_own(app: App) -> None:
    peer, thread, turns = await three_turns(app)
    source = on_disk(thread)
    script = write_script(app.folder / "fork.jsonl", [[says("fourth")]])
    config = {"model_providers.script.script_path": str(script)}
    result = await fork(peer, thread, **FREE, config=config)
    copy = result["thread"]
    assert copy["id"] != thread["id"]
    assert copy["forkedFromId"] == thread["id"]
    assert copy["preview"] == "a"
    assert [turn["id"] for turn in copy["turns"]] == turns
    started = await peer.next("thread/started")
    assert started["params"]["thread"]["id"] == copy["id"]
    assert started["params"]["thread"]["turns"] == []
    await peer.turn(copy, "d")
    assert on_disk(thread) == source
    read = await peer.call("thread/read", {"threadId": copy["id"], "includeTurns": True})
    assert asked(read) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("cut", "left"),
    [
        ({"nthUserMessage": 0}, []),
        ({"nthUserMessage": 1}, ["a"]),
        ({"nthUserMessage": 2}, ["a", "b"]),
        ({"lastTurnId": 1}, ["a", "b"]),
        ({"beforeTurnId": 1}, ["a"]),
        ({"beforeTurnId": 0}, []),
    ],
)
async def test_a_fork_can_be_cut_anywhere(app: App, cut: Message, left: list[str]) -> None:
    peer, thread, turns = await three_turns(app, experimentalApi=True)
    params: Message = {name: turns[at] if name.endswith("Id") else at for name, at in cut.items()}
    assert asked(await fork(peer, thread, **params)) == left


@pytest.mark.parametrize("ephemeral", [False, True])
async def test_a_fork_from_before_the_first_word_has_the_settings_of_its_source(
    tmp_path: Path, ephemeral: bool
) -> None:
    chosen: Message = {"model": "a-model", "effort": "high", "approvalPolicy": "never"}
    async with running_app(tmp_path) as app:
        peer = await app.connect(experimentalApi=True)
        thread = await peer.start_thread(THREE)
        await peer.turn(thread, "a", **chosen)
        result = await fork(peer, thread, nthUserMessage=0, ephemeral=ephemeral)
        told = (result["model"], result["reasoningEffort"], result["approvalPolicy"])
        assert told == ("a-model", "high", "never")
    if ephemeral:
        return
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        resumed = await peer.call("thread/resume", {"threadId": result["thread"]["id"]})
        assert (resumed["model"], resumed["reasoningEffort"]) == ("a-model", "high")
        other = {"threadId": thread["id"], "nthUserMessage": 0, "model": "another"}
        assert (await peer.call("thread/fork", other))["model"] == "another"


async def test_a_fork_that_cannot_be_written_is_refused_and_leaves_nothing(app: App) -> None:
    peer, thread, _ = await three_turns(app, experimentalApi=True)
    (source,) = app.rollout_files()
    outside = source.rename(app.folder / source.name)
    shutil.rmtree(app.home / "sessions")
    (app.home / "sessions").write_text("no folder")
    with pytest.raises(RefusedError) as refused:
        await peer.call("thread/fork", {"threadId": thread["id"], "path": str(outside)})
    assert refused.value.message.startswith("failed to write the thread's file: ")
    assert refused.value.data["kind"] == "rolloutUnwritable"
    assert (await peer.call("thread/loaded/list", {}))["data"] == [thread["id"]]
    assert list(app.folder.rglob("*rollout-*")) == [outside]


async def test_what_is_not_there_cannot_be_cut_at(app: App) -> None:
    peer, thread, turns = await three_turns(app, experimentalApi=True)
    for params, message in [
        ({"nthUserMessage": 3}, "nthUserMessage 3 is out of range"),
        ({"lastTurnId": "nope"}, "turn not found: nope"),
        ({"beforeTurnId": "nope"}, "turn not found: nope"),
        (
            {"beforeTurnId": turns[0], "lastTurnId": turns[1]},
            "`beforeTurnId` cannot be combined with `lastTurnId`",
        ),
    ]:
        with pytest.raises(RefusedError) as refused:
            await fork(peer, thread, **params)
        assert message in refused.value.message
    files = len(app.rollout_files())
    assert files == 1, "nothing was left behind"


async def test_a_thread_without_a_turn_cannot_be_forked(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([])
    with pytest.raises(RefusedError, match="no rollout found for thread id"):
        await fork(peer, thread)


async def test_an_ephemeral_fork_leaves_no_file(app: App) -> None:
    peer, thread, _ = await three_turns(app)
    result = await fork(peer, thread, ephemeral=True)
    assert result["thread"]["ephemeral"]
    assert result["thread"]["path"] is None
    assert asked(result) == ["a", "b", "c"]
    assert app.rollout_files() == [Path(thread["path"])]


async def test_a_running_turn_goes_on_in_the_source_and_is_interrupted_in_the_fork(
    app: App,
) -> None:
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread([[says("first")], [says("sec"), STALL]])
    await peer.turn(thread, "a")
    running = await peer.say(thread, "b")
    await peer.until("item/agentMessage/delta")
    result = await fork(peer, thread)
    assert [turn["status"] for turn in result["thread"]["turns"]] == ["completed", "interrupted"]
    with pytest.raises(RefusedError, match="identifies an in-progress turn"):
        await fork(peer, thread, lastTurnId=running["id"])
    before = await fork(peer, thread, beforeTurnId=running["id"])
    assert asked(before) == ["a"]
    await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": running["id"]})
    last = (await peer.until("turn/completed"))[-1]
    assert last["params"]["threadId"] == thread["id"]
