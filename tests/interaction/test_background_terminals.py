"""Terminals in the background, as clients see them and end them."""

from pathlib import Path

import pytest

from tests.support.app import App
from tests.support.outline import items
from tests.support.peer import Message, Peer, RefusedError
from tests.support.processes import gone, runs
from tests.support.rollout import read_rollout
from tests.support.terminal_model import opens, speaks, terminal_model, types_to_last

TERMINALS = "thread/backgroundTerminals"


async def listed(peer: Peer, thread: Message, **params: object) -> list[Message]:
    params = {"threadId": thread["id"], **params}
    return (await peer.call(f"{TERMINALS}/list", params))["data"]


async def ended(peer: Peer, item_id: str) -> Message:
    """The end of a command, as a message."""
    while (message := await peer.next("item/completed"))["params"]["item"]["id"] != item_id:
        pass
    return message


async def test_a_running_command_is_listed_until_it_ends(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    with terminal_model(opens("read line; exit 3", tty=True), speaks(), types_to_last("x\n")) as m:
        thread = await m.start_thread(peer)
        turn = await peer.say(thread)
        await peer.until("turn/completed")
        [terminal] = await listed(peer, thread)
        assert runs(terminal.pop("osPid"))
        number = terminal.pop("processId")
        assert terminal == {
            "itemId": "c1",
            "command": "read line; exit 3",
            "cwd": str(app.project),
            "cpuPercent": None,
            "rssKb": None,
        }
        assert 1_000 <= int(number) < 100_000
        await peer.say(thread, "Type")
        completed = await ended(peer, "c1")
        assert completed["params"]["turnId"] == turn["id"]
        assert completed["params"]["item"]["exitCode"] == 3
        assert completed["params"]["item"]["processId"] == number
        assert await listed(peer, thread) == []
        await peer.until("turn/completed")
        [typed] = [
            message["params"]
            for message in peer.messages
            if message.get("method") == "item/commandExecution/terminalInteraction"
        ]
        assert typed == {
            "threadId": thread["id"],
            "turnId": turn["id"],
            "itemId": "c1",
            "processId": number,
            "stdin": "x\n",
        }


async def test_terminals_are_listed_by_the_page(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    with terminal_model(*(opens("exec sleep 1000", f"c{at}") for at in range(3))) as model:
        thread = await model.start_thread(peer)
        await peer.turn(thread)
        first = await peer.call(f"{TERMINALS}/list", {"threadId": thread["id"], "limit": 2})
        numbers = [int(terminal["processId"]) for terminal in first["data"]]
        assert numbers == sorted(numbers)
        assert first["nextCursor"] == str(numbers[-1])
        [last] = await listed(peer, thread, cursor=first["nextCursor"])
        assert int(last["processId"]) > numbers[-1]


async def test_a_terminal_can_be_ended(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    script = "trap '' TERM HUP; echo $$; while :; do sleep 1; done"
    with terminal_model(opens(script), opens("exec sleep 1000", "c2")) as model:
        thread = await model.start_thread(peer)
        await peer.turn(thread)
        one, other = sorted(await listed(peer, thread), key=lambda shown: shown["itemId"])
        params = {"threadId": thread["id"], "processId": one["processId"]}
        assert await peer.call(f"{TERMINALS}/terminate", params) == {"terminated": True}
        completed = await ended(peer, "c1")
        item = completed["params"]["item"]
        assert (item["status"], item["exitCode"]) == ("failed", 137)
        await gone(int(item["aggregatedOutput"]))
        assert await peer.call(f"{TERMINALS}/terminate", params) == {"terminated": False}
        assert await listed(peer, thread) == [other]
        assert await peer.call(f"{TERMINALS}/clean", {"threadId": thread["id"]}) == {}
        await ended(peer, "c2")
        assert await listed(peer, thread) == []


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("terminate", {"processId": "abc"}, "invalid background terminal process id: "),
        ("terminate", {"processId": ""}, "invalid background terminal process id: "),
        ("list", {"cursor": "abc"}, "invalid cursor: "),
        ("list", {"limit": -1}, "Invalid request: "),
    ],
)
async def test_what_makes_no_sense_is_refused(
    app: App, method: str, params: Message, message: str
) -> None:
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread([])
    with pytest.raises(RefusedError, match=message) as refused:
        await peer.call(f"{TERMINALS}/{method}", {"threadId": thread["id"], **params})
    assert refused.value.code == -32600


async def test_who_resumes_the_thread_sees_what_runs(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    with terminal_model(opens("echo begun; exec sleep 1000"), speaks()) as model:
        thread = await model.start_thread(peer)
        turn = await peer.say(thread)
        await peer.until("turn/completed")
        other = await app.connect(experimentalApi=True)
        resumed = await other.call("thread/resume", {"threadId": thread["id"]})
        read = await other.call("thread/read", {"threadId": thread["id"], "includeTurns": True})
        for shown in (resumed["thread"]["turns"], read["thread"]["turns"]):
            assert [turn["id"] for turn in shown] == [turn["id"]]
            [item] = [item for item in shown[0]["items"] if item["type"] == "commandExecution"]
            assert (item["id"], item["status"]) == ("c1", "inProgress")
            assert item["aggregatedOutput"] == "begun\n"
        await other.call(f"{TERMINALS}/clean", {"threadId": thread["id"]})
        await ended(other, "c1")


async def test_a_terminal_that_ended_after_its_turn_is_on_record_in_it(app: App) -> None:
    """Turns rebuilt from a file equal those that were streamed."""
    peer = await app.connect(experimentalApi=True)
    with terminal_model(opens("echo begun; read line", tty=True), speaks()) as model:
        thread = await model.start_thread(peer)
        turn = await peer.say(thread)
        await peer.until("turn/completed")
        await peer.turn(thread, "Something else")
        await peer.call(f"{TERMINALS}/clean", {"threadId": thread["id"]})
        shown = (await ended(peer, "c1"))["params"]["item"]
        read = await peer.call("thread/read", {"threadId": thread["id"], "includeTurns": True})
        turns = read["thread"]["turns"]
        assert [shown] == [item for item in turns[0]["items"] if item["id"] == "c1"]
        assert turns[0]["id"] == turn["id"]
        assert not [item for item in turns[1]["items"] if item["type"] == "commandExecution"]
        assert [line for line in read_rollout(Path(thread["path"])) if "c1" in str(line)]


@pytest.mark.parametrize("method", ["thread/archive", "thread/delete"])
async def test_terminals_end_with_their_thread(app: App, method: str) -> None:
    peer = await app.connect(experimentalApi=True)
    with terminal_model(opens("echo $$; exec setsid sleep 1000"), speaks()) as model:
        thread = await model.start_thread(peer)
        await peer.turn(thread)
        [terminal] = await listed(peer, thread)
        await peer.call(method, {"threadId": thread["id"]})
        await gone(terminal["osPid"])


async def test_commands_see_which_thread_they_run_for_and_what_the_policy_lets_through(
    app: App,
) -> None:
    (app.home / "config.toml").write_text(
        "[shell_environment_policy]\n"
        'inherit = "core"\n'
        'set = { GIVEN = "yes", HIDDEN = "no" }\n'
        'exclude = ["LOG*"]\n'
        'include_only = ["PATH", "GIVEN", "LOGNAME"]\n'
    )
    peer = await app.connect()
    script = "echo $CODEX_THREAD_ID; echo $GIVEN-$HIDDEN-$LOGNAME; echo $TERM $NO_COLOR $PAGER"
    with terminal_model(opens(script), speaks()) as model:
        thread = await model.start_thread(peer)
        [item] = items(await peer.turn(thread), "commandExecution")
        assert item["aggregatedOutput"] == f"{thread['id']}\nyes--\ndumb 1 cat\n"
