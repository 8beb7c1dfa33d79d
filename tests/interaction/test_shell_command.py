"""`thread/shellCommand`: the user's own commands, as a turn or beside one, heard by the model."""

import os
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

from tests.support.app import App
from tests.support.listening_model import answering, listening_model
from tests.support.model_script import runs, says, speaks_slowly
from tests.support.outline import ends, items, of_turn, texts
from tests.support.peer import ASKING, Message, Peer, RefusedError
from tests.support.rollout import assert_turns_are_closed, read_rollout, said

LOCKED = {"approvalPolicy": "untrusted", "sandbox": "read-only"}


async def shell(peer: Peer, thread: Message, command: str, **params: Any) -> None:
    await peer.call("thread/shellCommand", {"threadId": thread["id"], "command": command, **params})


def reports(thread: Message) -> list[str]:
    """What the model was told of the user's commands."""
    texts = said(read_rollout(Path(thread["path"])), "user")
    return [text for text in texts if text.startswith("<user_shell_command>")]


async def next_command(peer: Peer) -> Message:
    """The next command to be started, as a message."""
    while (started := await peer.next("item/started"))["params"]["item"][
        "type"
    ] != "commandExecution":
        pass
    return started


async def test_a_command_is_a_turn_of_its_own_if_none_is_running(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([])
    await shell(peer, thread, "echo out && exit 3")
    told = await peer.until("turn/completed")
    assert of_turn(told) == [
        "response",
        "thread/status/changed active",
        "turn/started",
        "item/started commandExecution inProgress",
        "item/completed commandExecution failed",
        "thread/status/changed idle",
        "turn/completed completed",
    ]
    [item] = items(told, "commandExecution")
    assert (item["source"], item["exitCode"], item["aggregatedOutput"]) == ("userShell", 3, "out\n")
    assert_turns_are_closed(read_rollout(Path(thread["path"])))


async def test_a_command_of_the_users_is_held_by_no_policy(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([], **LOCKED)
    await shell(peer, thread, "echo mine > made | cat")
    told = await peer.until("turn/completed")
    assert not any("requestApproval" in line for line in of_turn(told))
    assert (app.project / "made").read_text() == "mine\n"


async def test_the_model_hears_of_the_command_in_the_next_turn(app: App) -> None:
    peer = await app.connect()
    with listening_model(answering()) as model:
        thread = await model.start_thread(peer)
        await shell(peer, thread, "echo 'one < two'; exit 4")
        await peer.until("turn/completed")
        await peer.turn(thread, "What was that?")
    [report] = [text for _, text in model.heard() if text.startswith("<user_shell_command>")]
    assert "echo 'one < two'; exit 4" in report
    assert "Exit code: 4" in report
    assert "one < two\n" in report
    assert model.heard()[-1] == ("user", "What was that?")


async def test_a_command_runs_beside_the_turn_that_is_running(app: App) -> None:
    peer = await app.connect()
    heard: dict[str, Any] = {"when": "user_shell_command", "output": [says("I saw that")]}
    thread = await peer.start_thread([[runs("touch", "x")], heard], **ASKING)
    turn = await peer.say(thread)
    question = await peer.next("item/commandExecution/requestApproval")
    await shell(peer, thread, "echo beside")
    done = await peer.next("item/completed")
    assert done["params"]["turnId"] == turn["id"]
    assert done["params"]["item"]["source"] == "userShell"
    await peer.answer(question, "accept")
    told = await peer.until("turn/completed")
    assert (texts(told), ends(told)[0]["id"]) == (["I saw that"], turn["id"])
    assert len(reports(thread)) == 1


async def test_a_turn_waits_for_the_commands_beside_it(app: App) -> None:
    gate = app.project / "gate"
    os.mkfifo(gate)
    peer = await app.connect()
    thread = await peer.start_thread([[speaks_slowly("Hello there")]])
    await peer.say(thread)
    await peer.next("item/agentMessage/delta")
    await shell(peer, thread, "cat gate")
    seen = await peer.until("thread/tokenUsage/updated")
    assert ends(seen) == []
    await anyio.to_thread.run_sync(gate.write_text, "open\n")
    told = await peer.until("turn/completed")
    [item] = items(told, "commandExecution")
    assert (item["status"], item["aggregatedOutput"]) == ("completed", "open\n")
    assert ends(told)[0]["status"] == "completed"
    assert "open" in reports(thread)[0]


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a turn"])
async def test_an_interrupt_ends_the_command_and_the_model_hears_of_it(
    app: App, beside: bool
) -> None:
    peer = await app.connect()
    steps = [[runs("touch", "x")]] if beside else []
    thread = await peer.start_thread([*steps, [says("Next")]], **ASKING)
    if beside:
        await peer.say(thread)
        await peer.next("item/commandExecution/requestApproval")
    await shell(peer, thread, "echo $$; exec sleep 600")
    delta = await peer.next("item/commandExecution/outputDelta")
    await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": ""})
    told = await peer.until("turn/completed")
    assert ends(told)[0]["status"] == "interrupted"
    [item] = [i for i in items(told, "commandExecution") if i["source"] == "userShell"]
    assert item["status"] == "failed"
    with pytest.raises(ProcessLookupError):
        os.kill(int(delta["params"]["delta"]), 0)
    [report] = reports(thread)
    assert "command aborted by user" in report
    assert texts(await peer.turn(thread)) == ["Next"]


@pytest.mark.parametrize("command", ["", "  \n"])
async def test_an_empty_command_is_refused(app: App, command: str) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([])
    with pytest.raises(RefusedError, match=r"^command must not be empty$") as refused:
        await shell(peer, thread, command)
    assert refused.value.data == {"kind": "invalidParams", "path": "command"}
    assert "turn/started" not in of_turn(peer.messages)


async def test_a_command_that_takes_too_long_is_ended(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([])
    await shell(peer, thread, "sleep 600", timeoutMs=1)
    told = await peer.until("turn/completed")
    [item] = items(told, "commandExecution")
    assert (item["status"], item["exitCode"]) == ("failed", 124)
    assert "Exit code: 124" in reports(thread)[0]


async def test_a_command_that_cannot_be_started_is_a_failed_item(app: App) -> None:
    folder = app.project / "gone"
    folder.mkdir()
    peer = await app.connect()
    thread = await peer.start_thread([], cwd=str(folder))
    folder.rmdir()
    await shell(peer, thread, "true")
    told = await peer.until("turn/completed")
    assert [item["status"] for item in items(told, "commandExecution")] == ["failed"]
    assert ends(told)[0]["status"] == "completed"
    assert "Exit code: -1" in reports(thread)[0]


async def test_what_the_user_says_meanwhile_starts_the_next_turn(app: App) -> None:
    gate = app.project / "gate"
    os.mkfifo(gate)
    peer = await app.connect()
    thread = await peer.start_thread([[says("Hello")]])
    await shell(peer, thread, "cat gate")
    command = await next_command(peer)
    request = await peer.request(
        "turn/start", {"threadId": thread["id"], "input": [{"type": "text", "text": "Hi"}]}
    )
    await anyio.to_thread.run_sync(gate.write_text, "open\n")
    answer = await peer.response(request)
    assert answer["turn"]["id"] != command["params"]["turnId"]
    first, second = await peer.until("turn/completed"), await peer.until("turn/completed")
    assert (texts(first), texts(second)) == ([], ["Hello"])
