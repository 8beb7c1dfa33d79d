"""Whole turns as a client sees them: which messages come, in which order, and what they hold."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App, eventually
from tests.support.model_script import CUT, plans, says, thinks, write_script
from tests.support.outline import ends, items, of_turn, outline, texts
from tests.support.peer import Message, text_input
from tests.support.rollout import events, read_rollout, said


async def test_a_plain_turn_is_told_in_the_order_clients_rely_on(app: App) -> None:
    """Response, active, turn/started, items, usage, idle, turn/completed last."""
    peer = await app.connect()
    thread = await peer.start_thread([[says("Hel", "lo")]])
    assert outline(await peer.turn(thread)) == [
        "response",
        "thread/status/changed active",
        "turn/started",
        "item/started userMessage",
        "item/completed userMessage",
        "item/started agentMessage",
        "item/agentMessage/delta 'Hel'",
        "item/agentMessage/delta 'lo'",
        "item/completed agentMessage",
        "thread/tokenUsage/updated",
        "account/rateLimits/updated",
        "thread/status/changed idle",
        "turn/completed completed",
    ]


async def test_the_messages_of_a_turn_are_about_one_turn_and_its_items(app: App) -> None:
    """Ids and times are there wherever clients look for them."""
    peer = await app.connect()
    thread = await peer.start_thread([[says("Hello")]])
    response, *told = await peer.turn(thread, "Hi", clientUserMessageId="mine")
    accepted = response["result"]["turn"]
    assert accepted == {
        "id": accepted["id"],
        "items": [],
        "itemsView": "notLoaded",
        "status": "inProgress",
        "error": None,
        "startedAt": None,
        "completedAt": None,
        "durationMs": None,
        "rootTurnId": None,
    }
    for message in told:
        params = message["params"]
        assert message["emittedAtMs"] > 0
        assert message["method"] == "account/rateLimits/updated" or params["threadId"]
        assert params.get("turnId", accepted["id"]) == accepted["id"]
        assert params.get("turn", accepted)["id"] == accepted["id"]
    user, agent = (m["params"] for m in told if m["method"] == "item/completed")
    assert user["item"]["content"] == [{"type": "text", "text": "Hi", "text_elements": []}]
    assert user["item"]["clientId"] == "mine"
    assert agent["item"]["text"] == "Hello"
    assert agent["completedAtMs"] >= user["completedAtMs"] > 1_600_000_000_000
    delta = next(m["params"] for m in told if m["method"] == "item/agentMessage/delta")
    assert delta["itemId"] == agent["item"]["id"]
    turn = told[-1]["params"]["turn"]
    assert (turn["itemsView"], turn["items"]) == ("summary", [agent["item"]])
    assert turn["completedAt"] >= turn["startedAt"] > 1_600_000_000


async def test_reasoning_comes_by_section_and_raw_before_the_answer(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[thinks("Look first", "hmm"), says("Done")]])
    told = await peer.turn(thread)
    assert of_turn(told)[5:] == [
        "item/started reasoning",
        "item/reasoning/summaryPartAdded",
        "item/completed reasoning",
        "item/started agentMessage",
        "item/completed agentMessage",
        "thread/status/changed idle",
        "turn/completed completed",
    ]
    assert "item/reasoning/summaryTextDelta 'Look first'" in outline(told)
    assert "item/reasoning/textDelta 'hmm'" in outline(told)
    [reasoning] = items(told, "reasoning")
    assert (reasoning["summary"], reasoning["content"]) == (["Look first"], ["hmm"])


async def test_reasoning_that_is_interrupted_keeps_what_was_shown_of_it(app: App) -> None:
    """The item's final form replaces what deltas have built up, so it must not lose them."""
    peer = await app.connect()
    slow = {**thinks("First", "x" * 10_000), "chunkSize": 5, "delayMs": 1}
    thread = await peer.start_thread([[slow]])
    await peer.say(thread)
    await peer.next("item/reasoning/textDelta")
    await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": ""})
    await peer.until("turn/completed")
    [reasoning] = items(peer.messages, "reasoning")
    assert reasoning["summary"] == ["First"]
    shown = [
        m["params"]["delta"] for m in peer.messages if m.get("method") == "item/reasoning/textDelta"
    ]
    assert reasoning["content"] == ["".join(shown)]


async def test_a_plan_is_shown_and_the_turn_goes_on(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[plans("Read", "Write")], [says("Planned")]])
    told = await peer.turn(thread)
    [plan] = [m["params"]["plan"] for m in told if m.get("method") == "turn/plan/updated"]
    assert plan == [
        {"step": "Read", "status": "pending"},
        {"step": "Write", "status": "pending"},
    ]
    assert texts(told) == ["Planned"]


async def test_usage_is_reported_after_each_response_and_adds_up(app: App) -> None:
    """`last` and `total`, each with five counters."""
    usage = {"inputTokens": 10, "cachedInputTokens": 4, "outputTokens": 5}
    peer = await app.connect()
    thread = await peer.start_thread(
        [
            {"output": [plans("Read")], "usage": usage},
            {"output": [says("Done")], "usage": usage},
        ]
    )
    told = await peer.turn(thread)
    reports = [
        m["params"]["tokenUsage"] for m in told if m.get("method") == "thread/tokenUsage/updated"
    ]
    one: dict[str, Any] = {
        "totalTokens": 15,
        "inputTokens": 10,
        "cachedInputTokens": 4,
        "cacheWriteInputTokens": 0,
        "outputTokens": 5,
        "reasoningOutputTokens": 0,
    }
    assert [report["last"] for report in reports] == [one, one]
    assert reports[1]["total"] == {name: 2 * number for name, number in one.items()}


async def test_empty_input_starts_a_turn_without_a_user_message(app: App) -> None:
    """`turn/start` with `input: []` is accepted."""
    peer = await app.connect()
    thread = await peer.start_thread([[says("Yes?")]])
    await peer.call("turn/start", {"threadId": thread["id"], "input": []})
    told = await peer.until("turn/completed")
    assert items(told, "userMessage") == []
    assert texts(told) == ["Yes?"]


async def test_a_turn_without_a_thread_id_means_the_newest_thread(app: App) -> None:
    """`turn/submit` lets a script pipe a whole conversation without reading answers."""
    peer = await app.connect()
    await peer.start_thread([])
    thread = await peer.start_thread([[says("Here")]])
    answer = await peer.call("turn/submit", {"input": text_input("Hi")})
    assert answer["disposition"] == "started"
    told = await peer.until("turn/completed")
    assert told[-1]["params"]["threadId"] == thread["id"]


async def test_a_conversation_can_be_piped_blind_in_one_chunk(app: App) -> None:
    """Requests about a thread begin in order; one that names none waits for `thread/start`."""
    peer = app.dial()
    script = write_script(app.folder / "pipe.jsonl", [[says("Hello")]] * 2)
    start = {"cwd": str(app.project), "config": {"model_providers.script.script_path": str(script)}}
    hello = {"clientInfo": {"name": "pipe", "version": "1"}}
    await peer.send(
        {"id": "a", "method": "initialize", "params": hello},
        {"id": "b", "method": "thread/start", "params": start},
        {"id": "c", "method": "turn/submit", "params": {"input": text_input("One")}},
        {"id": "d", "method": "turn/submit", "params": {"input": text_input("Two")}},
    )
    await peer.response("d")
    assert [m["id"] for m in peer.messages if "id" in m] == ["a", "b", "c", "d"]
    assert all("result" in m for m in peer.messages if "id" in m)


@pytest.mark.parametrize("method", ["turn/start", "turn/submit"])
async def test_the_response_precedes_what_the_request_causes(app: App, method: str) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Hello")]] * 20)
    for _ in range(20):
        request = {"threadId": thread["id"], "input": text_input("Hi")}
        await peer.request(method, request)
        assert "method" not in (await peer.until("turn/completed"))[0]


async def test_the_response_to_thread_start_precedes_thread_started(app: App) -> None:
    peer = await app.connect()
    await peer.start_thread([])
    assert outline(peer.messages)[-2:] == ["response", "thread/started"]


async def test_what_a_client_has_read_is_in_the_file(app: App) -> None:
    """Persist before deliver: a completed item or turn is on disk when it is told."""
    peer = await app.connect()
    thread = await peer.start_thread([[says(f"Answer {n}")] for n in range(5)])
    path = Path(thread["path"])
    assert app.rollout_files() == [], "a thread without turns leaves no file"
    for number in range(5):
        await peer.say(thread, f"Question {number}")
        item = (await peer.next("item/completed"))["params"]["item"]
        stored = [event["item"]["id"] for event in events(read_rollout(path), "item_completed")]
        assert item["id"] in stored
        turn = (await peer.next("turn/completed"))["params"]["turn"]
        ended = [event["turn_id"] for event in events(read_rollout(path), "task_complete")]
        assert ended[-1] == turn["id"]
    assert said(read_rollout(path), "assistant") == [f"Answer {n}" for n in range(5)]


async def test_an_ephemeral_thread_writes_nothing(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Hello")]], ephemeral=True)
    assert (thread["path"], thread["ephemeral"]) == (None, True)
    await peer.turn(thread)
    assert app.rollout_files() == []


async def test_a_client_gets_no_notification_it_opted_out_of(app: App) -> None:
    """Exact names, unknown ones are ignored, responses are never affected."""
    unwanted = ["item/agentMessage/delta", "thread/started", "no/such/method", "turn/start"]
    peer = await app.connect(optOutNotificationMethods=unwanted)
    thread = await peer.start_thread([[says("Hello")]])
    told = await peer.turn(thread)
    assert not {m.get("method") for m in peer.messages} & set(unwanted)
    assert "turn/started" in outline(told)


async def test_a_turn_goes_on_when_its_client_stops_following(app: App) -> None:
    """With no subscriber, events are persisted and dropped."""
    peer = await app.connect()
    watcher = await app.connect()
    thread = await peer.start_thread([[says("Half"), CUT], [says("Whole")]])
    await peer.say(thread)
    await peer.next("item/started")
    answers = [
        await client.call("thread/unsubscribe", {"threadId": thread["id"]})
        for client in (peer, peer, watcher)
    ]
    statuses = ["unsubscribed", "notSubscribed", "notSubscribed"]
    assert [answer["status"] for answer in answers] == statuses
    read = len(peer.messages)
    path = Path(thread["path"])
    await eventually(lambda: b'"task_complete"' in path.read_bytes().rpartition(b"\n")[0])
    await peer.call("thread/loaded/list", {})
    told = {m["method"] for m in peer.messages[read:] if "method" in m}
    assert told <= {"thread/status/changed"}
    assert said(read_rollout(path), "assistant") == ["Half", "Whole"]


async def test_a_failing_thread_leaves_the_others_alone(app: App) -> None:
    peer = await app.connect()
    bad = await peer.start_thread([[{"type": "error", "status": 400, "message": "no"}]])
    good = await peer.start_thread([[says("a")], [says("b")]])
    await peer.say(bad)
    await peer.say(good)
    failed = await peer.until("turn/completed", thread_id=bad["id"])
    assert ends([m for m in failed if _is_about(m, bad)])[0]["status"] == "failed"
    if not ends([m for m in failed if _is_about(m, good)]):
        await peer.until("turn/completed", thread_id=good["id"])
    assert ends(await peer.turn(good))[0]["status"] == "completed"
    loaded = (await peer.call("thread/loaded/list", {}))["data"]
    assert set(loaded) == {bad["id"], good["id"]}


async def test_two_threads_run_at_once_and_their_events_do_not_mix(app: App) -> None:
    peer = await app.connect()
    threads = [await peer.start_thread([[says("a", "b", "c")]] * 2) for _ in range(2)]
    for thread in threads:
        await peer.say(thread)
    finished: set[str] = set()
    while len(finished) < 2:
        finished.add((await peer.next("turn/completed"))["params"]["threadId"])
    for thread in threads:
        told = [m for m in peer.messages if _is_about(m, thread)]
        assert of_turn(told)[1:] == [
            "thread/status/changed active",
            "turn/started",
            "item/started userMessage",
            "item/completed userMessage",
            "item/started agentMessage",
            "item/completed agentMessage",
            "thread/status/changed idle",
            "turn/completed completed",
        ]


async def test_only_the_followers_of_a_thread_hear_of_its_turns(app: App) -> None:
    """Everybody learns that there is a thread and whether it is busy, and no more."""
    peer, other = await app.connect(), await app.connect()
    thread = await peer.start_thread([[says("Hello")]])
    await peer.turn(thread)
    await other.call("thread/loaded/list", {})
    told = [m["method"] for m in other.messages if "method" in m]
    assert told == ["thread/started", "thread/status/changed", "thread/status/changed"]


def _is_about(message: Message, thread: dict[str, Any]) -> bool:
    params = message.get("params", {})
    return thread["id"] in (params.get("threadId"), params.get("thread", {}).get("id"))
