"""Input that comes while a turn runs: it joins the turn or starts the next one, and is answered."""

import os
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from tests.support.app import App
from tests.support.model_script import STALL, fails, runs, says, speaks_slowly
from tests.support.outline import ends, items, of_turn, texts
from tests.support.peer import ASKING, text_input
from tests.support.rollout import read_rollout, said


def heard(text: str, answer: str) -> dict[str, Any]:
    """A step for the request whose last user input is `text`."""
    return {"when": text, "output": [says(answer)]}


@pytest.mark.parametrize("method", ["turn/submit", "turn/start"])
async def test_input_joins_the_running_turn_and_is_answered_in_it(app: App, method: str) -> None:
    """The running turn's id comes back, and there is no second `turn/started`."""
    gate = app.project / "gate"
    os.mkfifo(gate)
    peer = await app.connect()
    thread = await peer.start_thread([[runs("cat", "gate")], heard("More", "Both done")])
    turn = await peer.say(thread, "First")
    while (await peer.next("item/started"))["params"]["item"]["type"] != "commandExecution":
        pass
    answer = await peer.call(
        method, {"threadId": thread["id"], "input": text_input("More"), "clientUserMessageId": "m"}
    )
    assert answer["turn"]["id"] == turn["id"]
    assert answer.get("disposition", "steered") == "steered"
    await anyio.to_thread.run_sync(gate.write_text, "open")
    told = await peer.until("turn/completed")
    assert of_turn(told) == [
        "response",
        "item/completed commandExecution completed",
        "item/started userMessage",
        "item/completed userMessage",
        "item/started agentMessage",
        "item/completed agentMessage",
        "thread/status/changed idle",
        "turn/completed completed",
    ]
    assert [item["clientId"] for item in items(told, "userMessage")] == ["m"]
    assert texts(told) == ["Both done"]


async def test_several_messages_join_in_the_order_they_were_sent(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "x")], heard("c", "All heard")], **ASKING)
    await peer.say(thread, "first")
    question = await peer.next("item/commandExecution/requestApproval")
    for text in ("a", "b", "c"):
        await peer.say(thread, text)
    await peer.answer(question, "accept")
    await peer.until("turn/completed")
    lines = read_rollout(Path(thread["path"]))
    assert said(lines, "user")[1:] == ["first", "a", "b", "c"]


async def test_input_keeps_a_turn_going_whose_model_was_about_to_finish(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[speaks_slowly("Almost done")], heard("More", "Now done")])
    await peer.say(thread, "First")
    await peer.next("item/agentMessage/delta")
    await peer.say(thread, "More")
    told = await peer.until("turn/completed")
    assert texts(told) == ["Almost done", "Now done"]
    assert ends(told)[0]["items"][0]["text"] == "Now done"


async def test_input_is_answered_whenever_it_comes(app: App) -> None:
    """Steered input is answered in the running turn or starts the next one: never lost or doubled.

    The second message is sent after ever more steps of the event loop, from before the first
    turn has begun until after it has ended.
    """
    peer = await app.connect()
    seen: set[str] = set()
    for steps in range(0, 90, 3):
        thread = await peer.start_thread([[says("One")], [says("Two")]])
        first = await peer.request(
            "turn/submit", {"threadId": thread["id"], "input": text_input("First")}
        )
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        second = await peer.request(
            "turn/submit", {"threadId": thread["id"], "input": text_input("Second")}
        )
        started = await peer.response(first)
        steered = await peer.response(second)
        joined = steered["turn"]["id"] == started["turn"]["id"]
        assert steered["disposition"] == ("steered" if joined else "started")
        seen.add(steered["disposition"])
        await peer.until("turn/completed", thread_id=thread["id"])
        if not joined:
            await peer.until("turn/completed", thread_id=thread["id"])
        lines = read_rollout(Path(thread["path"]))
        assert said(lines, "user")[1:] == ["First", "Second"]
        answers = said(lines, "assistant")
        assert answers[-1] in ("One", "Two")
        order = [line["payload"].get("role") for line in lines if line["type"] == "response_item"]
        assert order[-1] == "assistant", "the last thing on record is an answer"
    assert seen == {"steered", "started"}


async def test_input_to_a_turn_that_then_fails_is_kept_for_the_next_one(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread(
        [[runs("touch", "x")], [fails(400, "no")], heard("Third", "All heard")], **ASKING
    )
    await peer.say(thread, "First")
    question = await peer.next("item/commandExecution/requestApproval")
    await peer.say(thread, "Second")
    await peer.answer(question, "accept")
    assert ends(await peer.until("turn/completed"))[0]["status"] == "failed"
    assert texts(await peer.turn(thread, "Third")) == ["All heard"]
    assert said(read_rollout(Path(thread["path"])), "user")[1:] == ["First", "Second", "Third"]


async def test_input_to_a_turn_that_is_then_interrupted_stays_on_record(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[STALL]])
    await peer.say(thread, "First")
    await peer.next("turn/started")
    await peer.say(thread, "Second")
    await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": ""})
    told = await peer.until("turn/completed")
    assert [item["content"][0]["text"] for item in items(told, "userMessage")][-1] == "Second"
    assert said(read_rollout(Path(thread["path"])), "user")[1:3] == ["First", "Second"]


async def test_settings_sent_with_steering_hold_from_the_next_turn_on(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread(
        [
            [runs("touch", "a")],
            [runs("touch", "b")],
            [says("End")],
            [runs("touch", "c")],
            [says("")],
        ],
        **ASKING,
    )
    await peer.say(thread)
    first = await peer.next("item/commandExecution/requestApproval")
    await peer.say(thread, "More", approvalPolicy="never")
    await peer.answer(first, "accept")
    second = await peer.next("item/commandExecution/requestApproval")
    await peer.answer(second, "accept")
    await peer.until("turn/completed")
    assert "? item/commandExecution/requestApproval" not in of_turn(await peer.turn(thread))
    assert (app.project / "c").exists()
