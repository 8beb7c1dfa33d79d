"""Whatever is asked, and however it goes on: the turn ends, and every call has an output."""

import tempfile
from pathlib import Path
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.app import App, running_app
from tests.support.model_script import Output, calls, runs, says
from tests.support.peer import Message, Peer
from tests.support.rollout import (
    CALLS,
    OUTPUTS,
    assert_calls_are_paired,
    assert_turns_are_closed,
    read_rollout,
    response_items,
)

ASKED: dict[str, Output] = {
    "item/tool/requestUserInput": calls(
        "request_user_input", questions=[{"id": "a", "header": "A", "question": "B?"}]
    ),
    "item/permissions/requestApproval": calls(
        "request_permissions", permissions={"network": {"enabled": True}}
    ),
    "item/tool/call": calls("lookup", x="1"),
    "item/commandExecution/requestApproval": runs("touch", "made"),
}
"""What the model does to have the client asked."""

GOOD: dict[str, Any] = {
    "item/tool/requestUserInput": {"answers": {"a": {"answers": ["b"]}}},
    "item/permissions/requestApproval": {"permissions": {}},
    "item/tool/call": {"contentItems": [], "success": True},
    "item/commandExecution/requestApproval": {"decision": "accept"},
}

NONSENSE: list[Any] = [{}, None, [], "no", 3, {"decision": "maybe"}, {"answers": []}]
LOOKUP: dict[str, Any] = {"name": "lookup", "description": "", "inputSchema": {}}
SETTINGS: dict[str, Any] = {
    "approvalPolicy": "untrusted",
    "sandbox": "read-only",
    "dynamicTools": [LOOKUP],
}

ANSWERS: list[Any] = [
    "good",
    {"error": {"code": -1, "message": "no"}},
    *({"result": result} for result in NONSENSE),
]
ENDS = ["interrupt", "disconnect", "complete"]


async def begun(app: App, asked: list[str]) -> tuple[Peer, Message]:
    peer = await app.connect(experimentalApi=True)
    steps = [[ASKED[method] for method in asked], [says("Done")]]
    return peer, await peer.start_thread(steps, **SETTINGS)


async def answer_some(peer: Peer, answers: list[Any], asked: int) -> int:
    """Answer the first questions, in the order they come; returns how many."""
    for answer in answers[:asked]:
        question = await peer.next(*ASKED)
        response = {"result": GOOD[question["method"]]} if answer == "good" else answer
        await peer.send({"id": question["id"], **response})
    return min(len(answers), asked)


async def play(folder: Path, asked: list[str], answers: list[Any], end: str) -> None:
    async with running_app(folder) as app:
        peer, thread = await begun(app, asked)
        loaded = app.server.threads.get_thread(thread["id"])
        await peer.say(thread)
        answered = await answer_some(peer, answers, len(asked))
        if answered < len(asked):
            await peer.next(*ASKED)
            if end == "complete":
                end = "interrupt"
        if end == "disconnect":
            peer.sending.close()
            peer = await app.connect()
            await peer.call("thread/resume", {"threadId": thread["id"]})
        if end != "complete" and loaded.snapshot().active_turn_id is not None:
            loaded.interrupt()
        with anyio.fail_after(5):
            await loaded.idle()
        assert loaded.pending_approvals() == ()
        assert (await peer.call("approval/list", {}))["data"] == []
        [path] = app.rollout_files()
    lines = read_rollout(path)
    assert_calls_are_paired(lines)
    assert_turns_are_closed(lines)
    kinds = [item["type"] for item in response_items(lines)]
    assert sum(k in CALLS for k in kinds) == sum(k in OUTPUTS for k in kinds) == len(asked)


@settings(max_examples=25, deadline=None)
@given(
    asked=st.lists(st.sampled_from(sorted(ASKED)), min_size=1, max_size=4),
    answers=st.lists(st.sampled_from(ANSWERS), max_size=4),
    end=st.sampled_from(ENDS),
)
def test_every_question_ends_with_its_turn(asked: list[str], answers: list[Any], end: str) -> None:
    """And the turn ends once, with an output for every call, all told in their order."""
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(play, Path(folder), asked, answers, end)
