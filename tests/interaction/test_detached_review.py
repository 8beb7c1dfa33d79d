"""`review/start` with `delivery` `detached`: the review runs on a thread of its own."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App
from tests.support.listening_model import answering, listening_model
from tests.support.model_script import runs, says
from tests.support.outline import ends, items, texts
from tests.support.peer import ASKING, Message, Peer, RefusedError
from tests.support.rollout import read_rollout

QUESTION = "item/commandExecution/requestApproval"
LOOK_HARD = {"type": "custom", "instructions": "Look hard"}


async def review(peer: Peer, thread: Message, **params: Any) -> Message:
    asked = {"threadId": thread["id"], "target": LOOK_HARD, "delivery": "detached", **params}
    return await peer.call("review/start", asked)


def of_thread(messages: list[Message], thread_id: str) -> list[Message]:
    return [m for m in messages if m.get("params", {}).get("threadId") == thread_id]


async def test_the_review_runs_on_a_fork_and_is_followed_there(app: App) -> None:
    peer = await app.connect()
    with listening_model(answering("Hello"), answering("Fine.")) as model:
        thread = await model.start_thread(peer)
        await peer.turn(thread, "First")
        started = await review(peer, thread)
        fork_id = started["reviewThreadId"]
        assert fork_id != thread["id"]
        assert started["turn"]["status"] == "inProgress"
        told = await peer.until("turn/completed", thread_id=fork_id)
    assert [item["review"] for item in items(told, "exitedReviewMode")] == ["Fine."]
    assert [turn["id"] for turn in ends(told)] == [started["turn"]["id"]]
    assert of_thread(told, thread["id"]) == [], "nothing happens on the source"
    assert model.heard(-1)[-1] == ("user", "Look hard")
    read = await peer.call("thread/read", {"threadId": fork_id, "includeTurns": True})
    before, reviewed = read["thread"]["turns"]
    assert before["items"][0]["content"][0]["text"] == "First"
    assert reviewed["id"] == started["turn"]["id"]


async def test_the_thread_is_announced_to_everybody_after_the_answer(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Hello")]])
    await peer.turn(thread)
    other = await app.connect()
    fork_id = (await review(peer, thread))["reviewThreadId"]
    heard = await peer.until("turn/completed", thread_id=fork_id)
    announced = [m["params"]["thread"] for m in heard if m.get("method") == "thread/started"]
    assert [one["id"] for one in announced] == [fork_id]
    assert (announced[0]["source"], announced[0]["forkedFromId"]) == (
        {"subAgent": "review"},
        thread["id"],
    )
    answered = next(i for i, m in enumerate(heard) if "result" in m)
    assert of_thread(heard[:answered], fork_id) == []
    first = await other.next("thread/started")
    assert first["params"]["thread"]["id"] == fork_id
    loaded = await peer.call("thread/loaded/list", {})
    assert sorted(loaded["data"]) == sorted([thread["id"], fork_id])


async def test_the_file_says_that_the_thread_is_for_a_review(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Hello")]])
    await peer.turn(thread)
    fork_id = (await review(peer, thread))["reviewThreadId"]
    await peer.until("turn/completed", thread_id=fork_id)
    [path] = [path for path in app.rollout_files() if fork_id in path.name]
    meta = read_rollout(path)[0]["payload"]
    assert (meta["id"], meta["source"]) == (fork_id, {"subagent": "review"})
    assert meta["forked_from_id"] == thread["id"]
    usual = await peer.call("thread/list", {})
    assert [one["id"] for one in usual["data"]] == [thread["id"]], "it is none of the user's"
    reviews = await peer.call("thread/list", {"sourceKinds": ["subAgentReview"]})
    assert [one["id"] for one in reviews["data"]] == [fork_id]


async def test_the_turn_of_the_source_goes_on_meanwhile(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread(
        [
            {"when": "Look hard", "output": [says("Fine.")]},
            [runs("touch", "made")],
            [says("Done")],
        ],
        **ASKING,
    )
    turn = await peer.say(thread)
    question = await peer.next(QUESTION)
    fork_id = (await review(peer, thread))["reviewThreadId"]
    reviewed = await peer.until("turn/completed", thread_id=fork_id)
    assert of_thread(ends_of(reviewed), thread["id"]) == []
    await peer.answer(question, "accept")
    told = await peer.until("turn/completed", thread_id=thread["id"])
    assert [(end["id"], end["status"]) for end in ends(told)] == [(turn["id"], "completed")]
    assert (app.project / "made").exists()
    read = await peer.call("thread/read", {"threadId": fork_id, "includeTurns": True})
    statuses = [one["status"] for one in read["thread"]["turns"]]
    assert statuses == ["interrupted", "completed"], "the fork knows of no running turn"


def ends_of(messages: list[Message]) -> list[Message]:
    return [m for m in messages if m.get("method") == "turn/completed"]


async def test_both_threads_go_on_after_the_review(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("One")], [says("Two")], [says("Three")]])
    await peer.turn(thread)
    fork_id = (await review(peer, thread))["reviewThreadId"]
    await peer.until("turn/completed", thread_id=fork_id)
    assert texts(await peer.turn(thread)) == ["Two"]
    assert texts(await peer.turn({"id": fork_id}))


async def test_the_review_may_do_what_its_source_may(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread(
        [
            {"when": "Look hard", "output": [runs("touch", "x")]},
            [says("Hello")],
            [says("Fine.")],
        ],
        **ASKING,
    )
    await peer.turn(thread)
    fork_id = (await review(peer, thread))["reviewThreadId"]
    question = await peer.next(QUESTION)
    assert question["params"]["threadId"] == fork_id
    await peer.answer(question, "decline")
    told = await peer.until("turn/completed", thread_id=fork_id)
    assert [item["status"] for item in items(told, "commandExecution")] == ["declined"]


async def test_what_has_nothing_on_record_cannot_be_reviewed_elsewhere(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Hello")]])
    with pytest.raises(RefusedError) as refused:
        await review(peer, thread)
    assert refused.value.code == -32600
    assert (await peer.call("thread/loaded/list", {}))["data"] == [thread["id"]]
    assert texts(await peer.turn(thread)) == ["Hello"]


async def test_a_target_that_says_nothing_leaves_no_thread_behind(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Hello")]])
    await peer.turn(thread)
    with pytest.raises(RefusedError) as refused:
        await review(peer, thread, target={"type": "custom", "instructions": " "})
    assert refused.value.message == "instructions must not be empty"
    assert (await peer.call("thread/loaded/list", {}))["data"] == [thread["id"]]
    assert app.rollout_files() == [Path(thread["path"])]
