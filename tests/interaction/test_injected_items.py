"""Items that a client adds to the conversation: heard by the model, without a turn."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App
from tests.support.listening_model import answering, listening_model
from tests.support.model_script import runs, says
from tests.support.outline import of_turn
from tests.support.peer import ASKING, Message, Peer, RefusedError
from tests.support.rollout import read_rollout, response_items, said


def message(role: str, text: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


async def inject(peer: Peer, thread: Message, *items: Any) -> None:
    await peer.call("thread/inject_items", {"threadId": thread["id"], "items": list(items)})


async def test_injected_items_are_heard_before_the_users_next_words(app: App) -> None:
    peer = await app.connect()
    with listening_model(answering(), answering()) as model:
        thread = await model.start_thread(peer)
        await inject(peer, thread, message("user", "Early"), message("assistant", "Noted"))
        await peer.turn(thread, "First")
        await inject(peer, thread, message("developer", "Late"))
        await peer.turn(thread, "Second")
    heard = [said for said in model.heard() if not said[1].startswith("<")]
    assert heard == [
        ("user", "Early"),
        ("assistant", "Noted"),
        ("user", "First"),
        ("assistant", "Yes"),
        ("developer", "Late"),
        ("user", "Second"),
    ]


async def test_injecting_starts_no_turn_and_is_on_record(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Done")]])
    await inject(peer, thread, message("user", "For the record"))
    assert of_turn(peer.messages)[-1] == "response"
    await peer.turn(thread, "First")
    lines = read_rollout(Path(thread["path"]))
    assert said(lines, "user")[0] == "For the record"
    assert said(lines, "user")[-1] == "First"


async def test_items_injected_into_a_running_turn_are_heard_in_it(app: App) -> None:
    peer = await app.connect()
    heard: dict[str, Any] = {"when": "By the way", "output": [says("Heard")]}
    thread = await peer.start_thread([[runs("touch", "x")], heard], **ASKING)
    await peer.say(thread)
    question = await peer.next("item/commandExecution/requestApproval")
    await inject(peer, thread, message("user", "By the way"))
    await peer.answer(question, "accept")
    assert of_turn(await peer.until("turn/completed"))[-1] == "turn/completed completed"
    recorded = response_items(read_rollout(Path(thread["path"])))
    assert recorded[-1]["content"][0]["text"] == "Heard"


async def test_a_call_without_an_output_is_paired_for_the_model(app: App) -> None:
    """The prompt sent to a model is always paired, whatever a client has put into the history."""
    call = {"type": "function_call", "name": "shell", "arguments": "{}", "call_id": "mine"}
    stray = {"type": "function_call_output", "call_id": "nobody", "output": "x"}
    peer = await app.connect()
    with listening_model(answering()) as model:
        thread = await model.start_thread(peer)
        await inject(peer, thread, call, stray)
        await peer.turn(thread)
    [body] = model.bodies()
    kinds = [item for item in body["input"] if "call_id" in item]
    assert [(item["type"], item["call_id"]) for item in kinds] == [
        ("function_call", "mine"),
        ("function_call_output", "mine"),
    ]


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({}, "items.1.type"),
        ({"role": "user"}, "items.1.type"),
        ({"type": "message", "role": "user"}, "items.1.content"),
        ({"type": "function_call", "name": "shell", "arguments": "{}"}, "items.1.call_id"),
    ],
    ids=str,
)
async def test_an_item_that_makes_no_sense_is_refused_with_all_others(
    app: App, item: Any, path: str
) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Done")]])
    with pytest.raises(RefusedError) as refused:
        await inject(peer, thread, message("user", "Good"), item)
    assert refused.value.code == -32600
    assert refused.value.data == {"kind": "invalidParams", "path": path}
    await peer.turn(thread)
    assert "Good" not in said(read_rollout(Path(thread["path"])), "user")


async def test_nothing_to_inject_is_fine(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Done")]])
    await inject(peer, thread)
    assert of_turn(await peer.turn(thread))[-1] == "turn/completed completed"
