"""Stopping turns: what is told, what is left behind, and what is refused."""

import os
from pathlib import Path

import pytest

from tests.support.app import App
from tests.support.model_script import STALL, runs, says, speaks_slowly
from tests.support.outline import ends, items, of_turn, texts
from tests.support.peer import ASKING, Peer, RefusedError, text_input
from tests.support.rollout import assert_calls_are_paired, events, outputs, read_rollout, said

INTERRUPTED = ["thread/status/changed idle", "turn/completed interrupted"]


async def interrupt(peer: Peer, thread: dict[str, str], turn_id: str = "") -> dict[str, object]:
    return await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": turn_id})


async def test_an_idle_thread_has_nothing_to_interrupt(app: App) -> None:
    """-32600 `no active turn to interrupt`."""
    peer = await app.connect()
    thread = await peer.start_thread([[says("Hello")]])
    with pytest.raises(RefusedError, match=r"^no active turn to interrupt$") as refused:
        await interrupt(peer, thread)
    assert (refused.value.code, refused.value.data["kind"]) == (-32600, "noActiveTurn")
    await peer.turn(thread)
    with pytest.raises(RefusedError, match="no active turn"):
        await interrupt(peer, thread)


async def test_another_turns_id_interrupts_nothing(app: App) -> None:
    """`expected active turn id X but found Y`, whose end the SDK parses."""
    peer = await app.connect()
    thread = await peer.start_thread([[says("Hello"), STALL]])
    turn = await peer.say(thread)
    await peer.next("item/agentMessage/delta")
    with pytest.raises(RefusedError) as refused:
        await interrupt(peer, thread, "other")
    assert str(refused.value) == f"expected active turn id other but found {turn['id']}"
    assert refused.value.data == {"kind": "turnMismatch", "path": "turnId"}
    assert await interrupt(peer, thread, turn["id"]) == {}


async def test_interrupting_a_stream_completes_what_was_said_so_far(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[speaks_slowly("blah " * 2000)], [says("Yes")]])
    await peer.say(thread)
    await peer.next("item/agentMessage/delta")
    assert await interrupt(peer, thread) == {}
    told = await peer.until("turn/completed")
    assert of_turn(told)[-3:] == ["item/completed agentMessage", *INTERRUPTED]
    shown = [
        m["params"]["delta"] for m in peer.messages if m.get("method") == "item/agentMessage/delta"
    ]
    assert texts(told) == ["".join(shown)]
    turn = ends(told)[0]
    assert turn["error"] is None
    assert turn["completedAt"] is not None
    assert texts(await peer.turn(thread)) == ["Yes"]


async def test_an_empty_turn_id_means_whichever_turn_runs(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[STALL]])
    await peer.say(thread)
    await peer.next("turn/started")
    assert await interrupt(peer, thread, "") == {}
    assert of_turn(await peer.until("turn/completed"))[-2:] == INTERRUPTED


async def test_interrupting_twice_ends_the_turn_once(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[STALL], [says("Next")]])
    await peer.say(thread)
    params = {"threadId": thread["id"], "turnId": ""}
    await peer.send(
        {"id": "first", "method": "turn/interrupt", "params": params},
        {"id": "second", "method": "turn/interrupt", "params": params},
    )
    await peer.until("turn/completed")
    assert [turn["status"] for turn in ends(await peer.turn(thread))] == ["completed"]
    assert [turn["status"] for turn in ends(peer.messages)] == ["interrupted", "completed"]


async def test_an_interrupt_takes_back_the_open_question(app: App) -> None:
    """The question is resolved, and a late answer is ignored."""
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "made")], [says("Next")]], **ASKING)
    await peer.say(thread)
    question = await peer.next("item/commandExecution/requestApproval")
    await interrupt(peer, thread)
    told = await peer.until("turn/completed")
    assert of_turn(told) == [
        "response",
        "serverRequest/resolved",
        "item/completed commandExecution failed",
        *INTERRUPTED,
    ]
    await peer.answer(question, "accept")
    with pytest.raises(RefusedError) as refused:
        await peer.call(
            "approval/respond",
            {"approvalId": question["params"]["approvalId"], "decision": "accept"},
        )
    assert refused.value.data["kind"] == "approvalResolved"
    assert texts(await peer.turn(thread)) == ["Next"]
    assert not (app.project / "made").exists()
    lines = read_rollout(Path(thread["path"]))
    assert_calls_are_paired(lines)
    assert outputs(lines)[0].startswith("aborted by user after")


async def test_an_interrupt_ends_the_running_command(app: App) -> None:
    """Unlike the Codex app-server, which leaves it running."""
    peer = await app.connect()
    command = runs("bash", "-c", "echo $$; exec sleep 600")
    thread = await peer.start_thread([[command], [says("Next")]])
    await peer.say(thread)
    pid = int((await peer.next("item/commandExecution/outputDelta"))["params"]["delta"])
    await interrupt(peer, thread)
    told = await peer.until("turn/completed")
    assert of_turn(told)[-2:] == INTERRUPTED
    [item] = items(told, "commandExecution")
    assert (item["status"], item["aggregatedOutput"]) == ("failed", f"{pid}\n")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    lines = read_rollout(Path(thread["path"]))
    assert_calls_are_paired(lines)
    assert [event["reason"] for event in events(lines, "turn_aborted")] == ["interrupted"]
    assert said(lines, "user")[-1].startswith("<turn_aborted>")


async def test_an_interrupt_leaves_no_call_without_an_output(app: App) -> None:
    """Every recorded tool call has an output, whether it had begun or not."""
    peer = await app.connect()
    waiting = [runs("sleep", "600", call_id=f"call_{n}") for n in range(3)]
    thread = await peer.start_thread([waiting, [says("Next")]])
    await peer.say(thread)
    await peer.until("item/commandExecution/outputDelta", "item/started")
    while (await peer.next("item/started"))["params"]["item"]["type"] != "commandExecution":
        pass
    await interrupt(peer, thread)
    told = await peer.until("turn/completed")
    assert all(item["status"] == "failed" for item in items(told, "commandExecution"))
    lines = read_rollout(Path(thread["path"]))
    assert_calls_are_paired(lines)
    assert len(outputs(lines)) == 3


async def test_a_message_right_behind_an_interrupt_starts_the_next_turn(app: App) -> None:
    """Also while the interrupted turn still waits for its command to go."""
    stubborn = "trap '' TERM; echo started; while :; do sleep 0.01; done"
    peer = await app.connect()
    thread = await peer.start_thread([[runs("bash", "-c", stubborn)], [says("Fresh")]])
    turn = await peer.say(thread)
    await peer.next("item/commandExecution/outputDelta")
    stop = {"threadId": thread["id"], "turnId": ""}
    go = {"threadId": thread["id"], "input": text_input("Next")}
    await peer.send(
        {"id": "stop", "method": "turn/interrupt", "params": stop},
        {"id": "go", "method": "turn/submit", "params": go},
    )
    assert (await peer.response("go"))["disposition"] == "started"
    interrupted, fresh = await peer.until("turn/completed"), await peer.until("turn/completed")
    assert [end["id"] for end in ends(interrupted)] == [turn["id"]]
    assert texts(fresh) == ["Fresh"]
