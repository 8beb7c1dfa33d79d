"""The end of a connection, with work still under way."""

from pathlib import Path

import pytest

from tests.support.app import App, eventually
from tests.support.model_script import STALL, runs, says, speaks_slowly
from tests.support.outline import ends, of_turn, texts
from tests.support.peer import ASKING, text_input
from tests.support.rollout import assert_calls_are_paired, assert_turns_are_closed, read_rollout


async def test_with_drain_everything_read_is_answered_and_running_turns_finish(app: App) -> None:
    peer = app.dial(drain=True)
    await peer.initialize()
    thread = await peer.start_thread([[speaks_slowly("To the end")], [says("And more")]])
    for number in range(2):
        params = {"threadId": thread["id"], "input": text_input(str(number))}
        await peer.request("turn/submit", params)
    peer.sending.close()
    told = await peer.rest()
    assert [m["id"] for m in told if "method" not in m] == [1, 2, 3, 4]
    assert texts(told)[-1] in ("To the end", "And more")
    assert {turn["status"] for turn in ends(told)} == {"completed"}
    assert told[-1]["method"] == "thread/closed"


async def test_with_drain_an_open_question_is_cancelled(app: App) -> None:
    """Approvals that nobody can answer any more are cancelled; the turn goes on to its end."""
    peer = app.dial(drain=True)
    await peer.initialize()
    thread = await peer.start_thread([[runs("touch", "made")], [says("Done")]], **ASKING)
    await peer.say(thread)
    await peer.next("item/commandExecution/requestApproval")
    read = len(peer.messages)
    peer.sending.close()
    told = (await peer.rest())[read:]
    assert of_turn(told)[:3] == [
        "serverRequest/resolved",
        "thread/status/changed active",
        "item/completed commandExecution declined",
    ]
    assert [turn["status"] for turn in ends(told)] == ["completed"]
    assert not (app.project / "made").exists()


@pytest.mark.parametrize("step", [[STALL], [runs("sleep", "600")]], ids=["model", "command"])
async def test_the_end_of_the_server_ends_running_turns_on_record(
    app: App, step: list[dict[str, object]]
) -> None:
    """Nothing a client has been told is missing, and the turn has its end in the file."""
    peer = await app.connect()
    thread = await peer.start_thread([step])
    await peer.say(thread)
    await peer.until("turn/started")
    await app.server.threads.shutdown()
    lines = read_rollout(Path(thread["path"]))
    assert_turns_are_closed(lines)
    assert_calls_are_paired(lines)


async def test_a_turn_outlives_the_connection_that_started_it(app: App) -> None:
    """Turns belong to the session, never to the request or the connection."""
    peer = await app.connect()
    thread = await peer.start_thread([[speaks_slowly("Alone")]])
    await peer.say(thread)
    peer.sending.close()
    await eventually(lambda: app.closed == 1)
    other = await app.connect()
    assert (await other.call("thread/loaded/list", {}))["data"] == [thread["id"]]
    await app.server.threads.get_thread(thread["id"]).idle()
    await app.server.threads.shutdown()
    assert_turns_are_closed(read_rollout(Path(thread["path"])))
