"""`turn/steer`: input for one particular turn, which must be running and take it."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App
from tests.support.model_script import STALL, Step, runs, says
from tests.support.outline import ends, items, of_turn, texts
from tests.support.peer import ASKING, Message, Peer, RefusedError, text_input
from tests.support.rollout import read_rollout, said

QUESTION = "item/commandExecution/requestApproval"
HEARD: Step = {"when": "More", "output": [says("Both done")]}
UNCOMMITTED = {"type": "uncommittedChanges"}


async def steer(peer: Peer, thread: Message, turn_id: str, text: str = "More") -> Message:
    params = {
        "threadId": thread["id"],
        "expectedTurnId": turn_id,
        "input": text_input(text),
        "clientUserMessageId": "m",
    }
    return await peer.call("turn/steer", params)


async def refusal(peer: Peer, thread: Message, turn_id: str) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        await steer(peer, thread, turn_id)
    assert refused.value.code == -32600
    return refused.value


async def test_input_joins_the_turn_and_is_answered_in_it(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "x")], HEARD], **ASKING)
    turn = await peer.say(thread, "First")
    question = await peer.next(QUESTION)
    assert await steer(peer, thread, turn["id"]) == {"turnId": turn["id"]}
    await peer.answer(question, "accept")
    told = await peer.until("turn/completed")
    assert [item["clientId"] for item in items(told, "userMessage")] == ["m"]
    assert "turn/started" not in of_turn(told)
    assert texts(told) == ["Both done"]
    assert said(read_rollout(Path(thread["path"])), "user")[1:] == ["First", "More"]


async def test_empty_input_is_refused(app: App) -> None:
    """-32600 `input must not be empty`, running turn or not."""
    peer = await app.connect()
    thread = await peer.start_thread([])
    params: dict[str, Any] = {"threadId": thread["id"], "expectedTurnId": "x", "input": []}
    with pytest.raises(RefusedError, match=r"^input must not be empty$") as refused:
        await peer.call("turn/steer", params)
    assert (refused.value.code, refused.value.data["path"]) == (-32600, "input")


async def test_an_idle_thread_has_no_turn_to_steer(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Done")]])
    over = ends(await peer.turn(thread))[0]["id"]
    for turn_id in ("", "x", over):
        error = await refusal(peer, thread, turn_id)
        assert (error.message, error.data) == (
            "no active turn to steer",
            {"kind": "noActiveTurn"},
        )


@pytest.mark.parametrize("wrong", ["", "other"])
async def test_another_turn_is_not_steered(app: App, wrong: str) -> None:
    """The ids stand in backticks, unlike those of `turn/interrupt`."""
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "x")], [says("Done")]], **ASKING)
    turn = await peer.say(thread)
    question = await peer.next(QUESTION)
    error = await refusal(peer, thread, wrong)
    assert error.message == f"expected active turn id `{wrong}` but found `{turn['id']}`"
    assert error.data == {"kind": "turnMismatch", "path": "expectedTurnId"}
    await peer.answer(question, "accept")
    assert items(await peer.until("turn/completed"), "userMessage") == []


@pytest.mark.parametrize(
    ("method", "params", "kind"),
    [
        ("review/start", {"target": UNCOMMITTED}, "review"),
        ("thread/compact/start", {}, "compact"),
    ],
)
async def test_turns_that_take_no_input_refuse_it(
    app: App, method: str, params: dict[str, Any], kind: str
) -> None:
    """The refusal is told in the form of a failed turn's error as well."""
    peer = await app.connect()
    thread = await peer.start_thread([[STALL], [says("Done")]])
    await peer.call(method, {"threadId": thread["id"], **params})
    started = await peer.next("turn/started")
    turn_id = started["params"]["turn"]["id"]
    await peer.next("item/started")
    error = await refusal(peer, thread, turn_id)
    assert error.message == f"cannot steer a {kind} turn"
    assert error.data == {
        "kind": "activeTurnNotSteerable",
        "message": error.message,
        "codexErrorInfo": {"activeTurnNotSteerable": {"turnKind": kind}},
        "additionalDetails": None,
    }
    mismatch = await refusal(peer, thread, "other")
    assert mismatch.data["kind"] == "turnMismatch"
    await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": turn_id})
    assert items(await peer.until("turn/completed"), "userMessage") == []
    await peer.turn(thread, "Next")
    assert "More" not in said(read_rollout(Path(thread["path"])), "user")


async def test_unusable_input_is_refused_and_the_turn_goes_on(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "x")], [says("Done")]], **ASKING)
    turn = await peer.say(thread)
    question = await peer.next(QUESTION)
    params = {
        "threadId": thread["id"],
        "expectedTurnId": turn["id"],
        "input": [*text_input("Look"), {"type": "localImage", "path": "no.png"}],
    }
    with pytest.raises(RefusedError) as refused:
        await peer.call("turn/steer", params)
    assert refused.value.data == {"kind": "invalidParams", "path": "input.1.path"}
    await peer.answer(question, "accept")
    assert texts(await peer.until("turn/completed")) == ["Done"]
    assert said(read_rollout(Path(thread["path"])), "user")[1:] == ["Hi"]
