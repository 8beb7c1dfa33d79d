"""Agents that work for a thread: what its client sees of them, and what its model is told."""

import json
from typing import Any

from tests.responses_server import Gate, Refusal
from tests.support.app import App, eventually
from tests.support.listening_model import ListeningModel
from tests.support.outline import ends, items, of_turn
from tests.support.peer import ASKING, Message, Peer
from tests.support.rollout import read_rollout
from tests.support.troupe import calls, outputs_heard, requests_of, spawns, troupe, waits

CHILD = "Count"
"""What the agent is told, by which its requests are known."""


def agents_calls(messages: list[Message]) -> list[dict[str, Any]]:
    return items(messages, "collabAgentToolCall")


def of_thread(messages: list[Message], thread_id: str) -> list[Message]:
    return [m for m in messages if m.get("params", {}).get("threadId") == thread_id]


def outputs(model: ListeningModel, words: str = "Go") -> list[Any]:
    """What the tools said, read as JSON where it is."""
    heard = outputs_heard(model, words)
    return [json.loads(text) if text.startswith("{") else text for text in heard]


def notifications(model: ListeningModel, request: int = -1) -> list[Any]:
    """What the model is told of agents, unasked."""
    tag = "subagent_notification"
    texts = [text for _, text in model.heard(request) if text.startswith(f"<{tag}>")]
    return [json.loads(text.removeprefix(f"<{tag}>").removesuffix(f"</{tag}>")) for text in texts]


async def read(peer: Peer, thread_id: str) -> Message:
    return (await peer.call("thread/read", {"threadId": thread_id}))["thread"]


async def loaded(peer: Peer) -> list[str]:
    return (await peer.call("thread/loaded/list", {}))["data"]


async def child_of(peer: Peer) -> str:
    """The agent of the thread's first call."""
    while True:
        done = await peer.next("item/completed")
        if done["params"]["item"]["type"] == "collabAgentToolCall":
            return done["params"]["item"]["receiverThreadIds"][0]


async def test_an_agent_works_in_a_thread_of_its_own_and_reports(app: App) -> None:
    peer = await app.connect()
    with troupe(Go=[spawns(CHILD), waits(), "Three"], Count=["3 files"]) as model:
        thread = await model.start_thread(peer)
        messages = await peer.turn(thread, "Go")
        spawned, waited = agents_calls(messages)
        child = spawned["receiverThreadIds"][0]
        assert child != thread["id"]
        assert spawned == spawned | {
            "tool": "spawnAgent",
            "status": "completed",
            "senderThreadId": thread["id"],
            "prompt": CHILD,
            "model": thread["model"],
        }
        assert waited == waited | {
            "tool": "wait",
            "status": "completed",
            "receiverThreadIds": [child],
            "agentsStates": {child: {"status": "completed", "message": "3 files"}},
        }
        assert of_turn(of_thread(messages, child)) == [
            "thread/status/changed idle",
            "thread/status/changed active",
            "turn/started",
            "item/started userMessage",
            "item/completed userMessage",
            "item/started agentMessage",
            "item/completed agentMessage",
            "thread/status/changed idle",
            "turn/completed completed",
        ]
        first, second = outputs(model)
        assert first["agent_id"] == child
        assert second == {"status": {child: {"completed": "3 files"}}, "timed_out": False}
    assert [body["model"] for body in model.bodies()] == [thread["model"]] * 4


async def test_what_comes_of_an_agent_is_told_once_and_starts_no_turn(app: App) -> None:
    peer = await app.connect()
    gate = Gate()
    with troupe(Go=[spawns(CHILD), "Started", "Noted"], Count=[gate, "3 files"]) as model:
        thread = await model.start_thread(peer)
        await peer.say(thread, "Go")
        child = await child_of(peer)
        await peer.until("turn/completed", thread_id=thread["id"])
        gate.open()
        await peer.until("turn/completed", thread_id=child)
        await app.server.threads.idle()
        await peer.turn(thread, "And?")
        assert notifications(model) == [{"agent_id": child, "status": {"completed": "3 files"}}]
        told = [text for _, text in model.heard()][-2:]
        assert told[1] == "And?"
        assert "3 files" in told[0]
        assert len(ends(peer.messages)) == 3


async def test_an_agents_thread_says_whose_it_is(app: App) -> None:
    peer = await app.connect()
    with troupe(Go=[spawns(CHILD), waits(), "Three"], Count=["3 files"]) as model:
        thread = await model.start_thread(peer)
        child = agents_calls(await peer.turn(thread, "Go"))[0]["receiverThreadIds"][0]
        nickname = outputs(model)[0]["nickname"]
        shown = await read(peer, child)
        query = {"sourceKinds": ["subAgentThreadSpawn"], "modelProviders": []}
        listed = await peer.call("thread/list", query)
    assert shown == shown | {
        "parentThreadId": thread["id"],
        "agentNickname": nickname,
        "agentRole": None,
        "forkedFromId": None,
        "preview": CHILD,
        "originator": "tests",
    }
    spawn = shown["source"]["subAgent"]["thread_spawn"]
    assert spawn == spawn | {"parent_thread_id": thread["id"], "depth": 1}
    assert [each["id"] for each in listed["data"]] == [child]
    path = next(path for path in app.rollout_files() if child in path.name)
    meta = read_rollout(path)[0]["payload"]
    assert meta["parent_thread_id"] == thread["id"]
    assert meta["source"] == {
        "subagent": {
            "thread_spawn": {
                "parent_thread_id": thread["id"],
                "depth": 1,
                "agent_path": None,
                "agent_nickname": nickname,
                "agent_role": None,
            }
        }
    }


async def test_an_agent_asks_the_threads_client_with_its_own_id(app: App) -> None:
    peer = await app.connect()
    runs = calls("shell_command", command="touch made")
    with troupe(Go=[spawns(CHILD), waits(), "Done"], Count=[runs, "Made it"]) as model:
        thread = await model.start_thread(peer, **ASKING)
        await peer.say(thread, "Go")
        question = await peer.next("item/commandExecution/requestApproval")
        child = question["params"]["threadId"]
        assert child != thread["id"]
        await peer.answer(question, "accept")
        messages = await peer.until("turn/completed", thread_id=thread["id"])
        assert agents_calls(messages)[-1]["agentsStates"][child]["message"] == "Made it"
    assert (app.project / "made").exists()


async def test_a_failed_agent_is_told_as_failed(app: App) -> None:
    peer = await app.connect()
    broken = Refusal(400, {"error": {"message": "No such thing"}})
    with troupe(Go=[spawns(CHILD), waits(), "Pity", "Yes"], Count=[broken]) as model:
        thread = await model.start_thread(peer)
        messages = await peer.turn(thread, "Go")
        waited = agents_calls(messages)[1]
        child = waited["receiverThreadIds"][0]
        assert waited["status"] == "failed"
        assert waited["agentsStates"][child]["status"] == "errored"
        assert "No such thing" in outputs(model)[1]["status"][child]["errored"]
        await peer.turn(thread, "And?")
        assert [list(each["status"]) for each in notifications(model)] == [["errored"]]


async def test_interrupting_the_thread_ends_its_wait_and_leaves_the_agent_at_work(
    app: App,
) -> None:
    peer = await app.connect()
    gate = Gate()
    with troupe(Go=[spawns(CHILD), waits(), "Noted"], Count=[gate, "3 files"]) as model:
        thread = await model.start_thread(peer)
        turn = await peer.say(thread, "Go")
        child = await child_of(peer)
        while not is_waiting(await peer.until("item/started")):
            pass
        await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": turn["id"]})
        messages = await peer.until("turn/completed", thread_id=thread["id"])
        assert ends(messages)[-1]["status"] == "interrupted"
        assert agents_calls(messages)[-1]["status"] == "interrupted"
        gate.open()
        messages = await peer.until("turn/completed", thread_id=child)
        assert ends(messages)[-1]["status"] == "completed"
        await app.server.threads.idle()
        await peer.turn(thread, "And?")
        assert notifications(model) == [{"agent_id": child, "status": {"completed": "3 files"}}]


async def test_an_interrupted_agent_ends_the_wait(app: App) -> None:
    peer = await app.connect()
    with troupe(Go=[spawns(CHILD), waits(), "Pity"], Count=[Gate(), "Never"]) as model:
        thread = await model.start_thread(peer)
        await peer.say(thread, "Go")
        messages: list[Message] = []
        while not (is_waiting(messages) and of_child(messages, thread)):
            messages += await peer.until("turn/started", "item/started")
        child = of_child(messages, thread)
        assert child is not None
        await peer.call("turn/interrupt", child)
        await peer.until("turn/completed", thread_id=thread["id"])
        assert outputs(model)[1]["status"] == {child["threadId"]: "interrupted"}


def is_waiting(messages: list[Message]) -> bool:
    """Whether somebody has begun to wait for an agent."""
    shown = (m["params"]["item"] for m in messages if m.get("method") == "item/started")
    return any(item.get("tool") == "wait" for item in shown)


def of_child(messages: list[Message], thread: Message) -> dict[str, str] | None:
    """The turn of another thread that has started, if one has."""
    for message in messages:
        params = message.get("params", {})
        if message.get("method") == "turn/started" and params["threadId"] != thread["id"]:
            return {"threadId": params["threadId"], "turnId": params["turn"]["id"]}
    return None


async def test_an_agent_takes_more_work_when_it_is_done(app: App) -> None:
    peer = await app.connect()
    more = calls("send_input", target="$0", message="Again")
    with troupe(
        Go=[spawns(CHILD), waits(), more, waits(), "Done"], Count=["3 files", "4 files"]
    ) as model:
        thread = await model.start_thread(peer)
        messages = await peer.turn(thread, "Go")
        sent = agents_calls(messages)[2]
        assert (sent["tool"], sent["status"], sent["prompt"]) == ("sendInput", "completed", "Again")
        child = sent["receiverThreadIds"][0]
        assert outputs(model)[3]["status"] == {child: {"completed": "4 files"}}
        turns = [turn["id"] for turn in ends(of_thread(messages, child))]
        assert outputs(model)[2] == {"submission_id": turns[1]}


async def test_an_agent_that_is_interrupted_turns_to_what_it_is_told(app: App) -> None:
    peer = await app.connect()
    gate = Gate()
    more = calls("send_input", target="$0", message="Stop that", interrupt=True)
    with troupe(
        Go=[spawns(CHILD), gate, more, waits(), "Done"], Count=[Gate(), "Never", "Stopped"]
    ) as model:
        thread = await model.start_thread(peer)
        await peer.say(thread, "Go")
        child = await child_of(peer)
        await eventually(lambda: bool(requests_of(model, CHILD)))
        gate.open()
        messages = await peer.until("turn/completed", thread_id=thread["id"])
        assert [turn["status"] for turn in ends(of_thread(messages, child))] == [
            "interrupted",
            "completed",
        ]
        assert outputs(model)[2]["status"] == {child: {"completed": "Stopped"}}


async def test_a_closed_agent_is_gone_until_it_is_resumed(app: App) -> None:
    peer = await app.connect()
    close, resume = calls("close_agent", target="$0"), calls("resume_agent", id="$0")
    more = calls("send_input", target="$0", message="Again")
    with troupe(
        Go=[spawns(CHILD), waits(), close, "Closed", more, resume, more, waits(), "Done"],
        Count=["3 files", "4 files"],
    ) as model:
        thread = await model.start_thread(peer)
        messages = await peer.turn(thread, "Go")
        child = agents_calls(messages)[0]["receiverThreadIds"][0]
        assert outputs(model)[2] == {"previous_status": {"completed": "3 files"}}
        assert await loaded(peer) == [thread["id"]]

        messages = await peer.turn(thread, "Again")
        failed, resumed = agents_calls(messages)[:2]
        assert (failed["tool"], failed["status"]) == ("sendInput", "failed")
        assert failed["agentsStates"] == {child: {"status": "notFound", "message": None}}
        assert (resumed["tool"], resumed["status"]) == ("resumeAgent", "completed")
        assert outputs(model)[3:5] == [
            f"agent with id {child} not found",
            {"status": "pending_init"},
        ]
        assert outputs(model)[6]["status"] == {child: {"completed": "4 files"}}
        heard = [item["content"][0]["text"] for item in requests_of(model, CHILD)[-1]["input"]]
        assert [text for text in heard if not text.startswith("<")] == [CHILD, "3 files", "Again"]


async def test_closing_an_agent_stops_its_work_and_its_end_is_not_told(app: App) -> None:
    peer = await app.connect()
    close = calls("close_agent", target="$0")
    gate = Gate()
    with troupe(Go=[spawns(CHILD), gate, close, "Closed", "Yes"], Count=[Gate(), "Never"]) as model:
        thread = await model.start_thread(peer)
        await peer.say(thread, "Go")
        child = await child_of(peer)
        await eventually(lambda: bool(requests_of(model, CHILD)))
        gate.open()
        messages = await peer.until("turn/completed", thread_id=thread["id"])
        assert [turn["status"] for turn in ends(of_thread(messages, child))] == ["interrupted"]
        assert outputs(model)[1] == {"previous_status": "running"}
        await peer.turn(thread, "And?")
        assert notifications(model) == []


async def test_only_so_many_agents_are_open_and_closing_one_makes_room(app: App) -> None:
    peer = await app.connect()
    close = calls("close_agent", target="$0")
    with troupe(
        Go=[spawns(CHILD), spawns("Second"), close, spawns("Third"), "Done"],
        Count=["3 files"],
        Third=["5 files"],
    ) as model:
        thread = await model.start_thread(peer, config={"agents.max_threads": 1})
        messages = await peer.turn(thread, "Go")
        assert [call["status"] for call in agents_calls(messages)] == [
            "completed",
            "failed",
            "completed",
            "completed",
        ]
        assert agents_calls(messages)[1]["receiverThreadIds"] == []
        assert "agent thread limit reached" in outputs(model)[1]


async def test_agents_of_agents_count_as_well(app: App) -> None:
    peer = await app.connect()
    limits = {"agents.max_threads": 1, "agents.max_depth": 2}
    with troupe(Go=[spawns(CHILD), waits(), "Done"], Count=[spawns("Deeper"), "Alone"]) as model:
        thread = await model.start_thread(peer, config=limits)
        await peer.turn(thread, "Go")
        assert "agent thread limit reached" in outputs(model, CHILD)[0]
        assert list(outputs(model)[1]["status"].values()) == [{"completed": "Alone"}]


async def test_agents_at_the_depth_limit_are_offered_no_agents(app: App) -> None:
    peer = await app.connect()
    with troupe(Go=[spawns(CHILD), waits(), "Three"], Count=["3 files"]) as model:
        thread = await model.start_thread(peer)
        await peer.turn(thread, "Go")
        tools = {tool.get("name") for tool in requests_of(model, "Go")[0]["tools"]}
        childs = {tool.get("name") for tool in requests_of(model, CHILD)[0]["tools"]}
    agents = {"spawn_agent", "send_input", "wait_agent", "close_agent", "resume_agent"}
    assert tools - childs == agents


async def test_what_an_agent_has_started_ends_with_it(app: App) -> None:
    peer = await app.connect()
    close = calls("close_agent", target="$0")
    with troupe(
        Go=[spawns(CHILD), waits(), close, "Closed"],
        Count=[spawns("Deeper"), "Started"],
        Deeper=[Gate(), "Never"],
    ) as model:
        thread = await model.start_thread(peer, config={"agents.max_depth": 2})
        messages = await peer.turn(thread, "Go")
        deeper = next(call for call in agents_calls(messages) if call["prompt"] == "Deeper")
        assert deeper["status"] == "completed"
        assert deeper["senderThreadId"] != thread["id"]
        assert await loaded(peer) == [thread["id"]]


async def test_agents_end_with_their_thread(app: App) -> None:
    peer = await app.connect()
    with troupe(Go=[spawns(CHILD), "Started"], Count=[Gate(), "Never"]) as model:
        thread = await model.start_thread(peer)
        await peer.turn(thread, "Go")
        assert len(await loaded(peer)) == 2
        await app.server.threads.close_thread(thread["id"])
        await eventually(lambda: not app.server.threads.list_thread_ids())


async def test_an_agent_may_know_all_that_was_said(app: App) -> None:
    peer = await app.connect()
    with troupe(
        Remember=["Noted", spawns(CHILD, fork_context=True), "Started", "Counted"]
    ) as model:
        thread = await model.start_thread(peer)
        await peer.turn(thread, "Remember")
        messages = await peer.turn(thread, "Go")
        child = agents_calls(messages)[0]["receiverThreadIds"][0]
        await app.server.threads.idle()
        shown = await read(peer, child)
        bodies = [b for b in model.bodies() if b["input"][-1].get("role") == "user"]
        heard = [
            item["content"][0]["text"]
            for item in next(b for b in bodies if CHILD in str(b["input"][-1]))["input"]
        ]
    assert shown["forkedFromId"] == thread["id"]
    said = [text for text in heard if not text.startswith("<")]
    assert said == ["Remember", "Noted", "Go", CHILD]


async def test_calls_that_make_no_sense_are_refused_and_not_shown(app: App) -> None:
    peer = await app.connect()
    unknown = "01a1fda1-6cdc-71f0-8511-084434072dd0"
    with troupe(
        Go=[
            spawns(" "),
            calls("spawn_agent", message="a", items=[{"type": "text", "text": "b"}]),
            spawns("a", agent_type="wizard"),
            waits("nobody"),
            calls("wait_agent", targets=[]),
            waits(unknown, timeout_ms=0),
            waits(unknown),
            calls("close_agent", target=unknown),
            calls("resume_agent", id=unknown),
            "Done",
        ]
    ) as model:
        thread = await model.start_thread(peer)
        messages = await peer.turn(thread, "Go")
        shown = [(call["tool"], call["status"]) for call in agents_calls(messages)]
        assert shown == [("wait", "failed"), ("closeAgent", "failed"), ("resumeAgent", "failed")]
        assert outputs(model) == [
            "Empty message can't be sent to an agent",
            "Provide either message or items, but not both",
            "unknown agent_type 'wizard'",
            "invalid agent id nobody: expected the id that spawn_agent returned",
            "agent ids must be non-empty",
            "timeout_ms must be greater than zero",
            {"status": {unknown: "not_found"}, "timed_out": False},
            f"agent with id {unknown} not found",
            f"agent with id {unknown} not found",
        ]
        assert await loaded(peer) == [thread["id"]]
