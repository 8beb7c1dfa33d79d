"""Threads that nobody follows and that have nothing to do are unloaded, and loaded when resumed."""

from pathlib import Path
from typing import Any

import anyio.lowlevel
import pytest

from tests.support.app import running_app
from tests.support.model_script import runs, says, write_script
from tests.support.outline import texts
from tests.support.peer import ASKING, FREE, Message, Peer

STATUS = "thread/status/changed"
QUESTION = "item/commandExecution/requestApproval"
SOON = 0.01
"""Seconds that a thread may be deserted, in these tests."""


async def unsubscribe(peer: Peer, thread: Message) -> str:
    return (await peer.call("thread/unsubscribe", {"threadId": thread["id"]}))["status"]


async def resume(peer: Peer, thread: Message, **params: Any) -> Message:
    return (await peer.call("thread/resume", {"threadId": thread["id"], **params}))["thread"]


async def loaded(peer: Peer) -> list[str]:
    return (await peer.call("thread/loaded/list", {}))["data"]


async def until_unloaded(peer: Peer, thread: Message) -> None:
    """Wait until the client hears that the thread is gone."""
    status = ""
    while status != "notLoaded":
        told = await peer.until(STATUS, thread_id=thread["id"])
        status = told[-1]["params"]["status"]["type"]


async def one_that_is_unloaded(peer: Peer) -> None:
    """Desert a thread, and see it go: whoever was deserted earlier has had that long as well."""
    thread = await peer.start_thread([])
    await unsubscribe(peer, thread)
    await until_unloaded(peer, thread)


def says_always(folder: Path, text: str, times: int) -> dict[str, Any]:
    """The `config` of a request that has the thread's model say this so often."""
    script = write_script(folder / "again.jsonl", [[says(text)]] * times)
    return {"model_providers.script.script_path": str(script)}


@pytest.mark.parametrize("leaves", ["unsubscribes", "hangs up"])
async def test_a_deserted_thread_is_unloaded_and_everybody_is_told(
    tmp_path: Path, leaves: str
) -> None:
    async with running_app(tmp_path, unload_after=SOON) as app:
        peer, other = await app.connect(), await app.connect()
        thread = await peer.start_thread([[says("Yes")]])
        await peer.turn(thread)
        if leaves == "unsubscribes":
            assert await unsubscribe(peer, thread) == "unsubscribed"
        else:
            await peer.sending.aclose()
        await until_unloaded(other, thread)
        assert await loaded(other) == []
        read = await other.call("thread/read", {"threadId": thread["id"]})
        assert read["thread"]["status"] == {"type": "notLoaded"}


async def test_an_unloaded_thread_is_loaded_by_resuming_it(tmp_path: Path) -> None:
    async with running_app(tmp_path, unload_after=SOON) as app:
        peer = await app.connect()
        thread = await peer.start_thread([[says("Yes")]])
        await peer.turn(thread, "First")
        await unsubscribe(peer, thread)
        await until_unloaded(peer, thread)
        again = await resume(peer, thread, **FREE, config=says_always(tmp_path, "Again", 1))
        assert [turn["items"][-1]["text"] for turn in again["turns"]] == ["Yes"]
        assert texts(await peer.turn(thread, "Second")) == ["Again"]
        assert await unsubscribe(peer, thread) == "unsubscribed"
        await until_unloaded(peer, thread)


async def test_a_thread_stays_while_a_turn_runs_and_goes_after_it(tmp_path: Path) -> None:
    async with running_app(tmp_path, unload_after=SOON) as app:
        peer = await app.connect()
        thread = await peer.start_thread([[runs("touch", "made")], [says("Done")]], **ASKING)
        await peer.say(thread)
        question = await peer.next(QUESTION)
        await unsubscribe(peer, thread)
        await one_that_is_unloaded(peer)
        assert await loaded(peer) == [thread["id"]]
        params = {"approvalId": question["params"]["approvalId"], "decision": "accept"}
        await peer.call("approval/respond", params)
        await until_unloaded(peer, thread)
        assert (app.project / "made").exists()
        shown = await resume(peer, thread)
        assert [turn["status"] for turn in shown["turns"]] == ["completed"]


async def test_a_thread_stays_while_somebody_follows_it(tmp_path: Path) -> None:
    """Be it another client than the one that left, or the same one come back."""
    async with running_app(tmp_path, unload_after=SOON) as app:
        peer, other = await app.connect(), await app.connect()
        shared = await peer.start_thread([[says("Yes")]])
        await peer.turn(shared)
        await resume(other, shared)
        own = await peer.start_thread([[says("Yes")]])
        await peer.turn(own)
        for thread in (shared, own):
            await unsubscribe(peer, thread)
        await resume(peer, own)
        await one_that_is_unloaded(peer)
        assert await loaded(peer) == sorted([shared["id"], own["id"]])
        await unsubscribe(other, shared)
        await until_unloaded(peer, shared)


async def test_a_turn_that_nobody_watches_keeps_its_thread_for_as_long_again(
    tmp_path: Path,
) -> None:
    """A thread has to be deserted and idle for so long, so one deserted later goes earlier."""
    async with running_app(tmp_path, unload_after=0.3) as app:
        peer = await app.connect()
        used = await peer.start_thread([[says("Yes")]])
        unused = await peer.start_thread([], ephemeral=True)
        await unsubscribe(peer, used)
        await peer.say(used)
        await unsubscribe(peer, unused)
        gone: list[str] = []
        while len(gone) < 2:
            told = (await peer.next(STATUS))["params"]
            if told["status"]["type"] == "notLoaded":
                gone.append(told["threadId"])
        assert gone == [unused["id"], used["id"]]


@pytest.mark.parametrize("way", ["unsubscribes", "hangs up"])
async def test_resuming_while_a_thread_is_being_unloaded_always_gives_one_that_works(
    tmp_path: Path, way: str
) -> None:
    """At whatever point of the unloading the resume comes."""
    async with running_app(tmp_path, unload_after=0) as app:
        peer = await app.connect()
        thread = await peer.start_thread([[says("Yes")]] * 100)
        await peer.turn(thread)
        again = {"threadId": thread["id"], **FREE, "config": says_always(tmp_path, "Yes", 100)}
        for pause in range(60):
            if way == "unsubscribes":
                request = await peer.request("thread/unsubscribe", {"threadId": thread["id"]})
            else:
                await peer.sending.aclose()
                peer = await app.connect()
                request = await peer.request("thread/loaded/list", {})
            for _ in range(pause):
                await anyio.lowlevel.checkpoint()
            await peer.call("thread/resume", again)
            await peer.response(request)
            peer.forget()
            assert texts(await peer.turn(thread)) == ["Yes"], pause
