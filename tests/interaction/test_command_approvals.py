"""Commands that need the user's consent: the question, each answer to it, and what follows."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App
from tests.support.model_script import adds_file, calls, runs, says
from tests.support.outline import ends, items, of_turn
from tests.support.peer import ASKING, Message, Peer
from tests.support.rollout import assert_calls_are_paired, outputs, read_rollout

QUESTION = "item/commandExecution/requestApproval"
TOUCH = [[runs("touch", "made")], [says("Done")]]


async def asked(app: App, steps: Any = TOUCH) -> tuple[Peer, dict[str, Any], Message]:
    """A turn that waits for the answer to its first question."""
    peer = await app.connect()
    thread = await peer.start_thread(steps, **ASKING)
    await peer.say(thread)
    return peer, thread, await peer.next(QUESTION)


def told_to_the_model(thread: dict[str, Any]) -> list[str]:
    lines = read_rollout(Path(thread["path"]))
    assert_calls_are_paired(lines)
    return outputs(lines)


async def test_a_command_runs_once_it_is_accepted(app: App) -> None:
    """Status, item, question, answer, resolved, status, result."""
    peer, thread, question = await asked(app)
    assert of_turn(peer.messages)[-4:] == [
        "item/completed userMessage",
        "thread/status/changed active,waitingOnApproval",
        "item/started commandExecution inProgress",
        f"? {QUESTION}",
    ]
    assert not (app.project / "made").exists()
    await peer.answer(question, "accept")
    told = await peer.until("turn/completed")
    assert of_turn(told) == [
        "serverRequest/resolved",
        "thread/status/changed active",
        "item/completed commandExecution completed",
        "item/started agentMessage",
        "item/completed agentMessage",
        "thread/status/changed idle",
        "turn/completed completed",
    ]
    resolved = told[0]["params"]
    assert resolved == {
        "threadId": thread["id"],
        "requestId": question["id"],
        "approvalId": question["params"]["approvalId"],
    }
    [item] = items(told, "commandExecution")
    assert (item["exitCode"], item["aggregatedOutput"]) == (0, None)
    assert (app.project / "made").exists()


async def test_the_question_says_what_would_run_and_where(app: App) -> None:
    peer, thread, question = await asked(app)
    params = question["params"]
    started = [m for m in peer.messages if m.get("method") == "item/started"][-1]["params"]
    assert "emittedAtMs" not in question
    assert (params["threadId"], params["turnId"]) == (thread["id"], started["turnId"])
    assert params["itemId"] == started["item"]["id"]
    assert (params["kind"], params["environmentId"]) == ("command", "local")
    assert (params["command"], params["cwd"]) == ("touch made", str(app.project))
    assert params["commandActions"] == [{"type": "unknown", "command": "touch made"}]
    amendment = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch", "made"]}}
    others = ["acceptForSession", "decline", "cancel"]
    assert params["availableDecisions"] == ["accept", amendment, *others]
    assert params["proposedExecpolicyAmendment"] == ["touch", "made"]
    assert "reason" not in params, "what is absent is left out here (protocol 3.6)"
    assert started["item"]["processId"] is None


async def test_a_command_can_be_accepted_by_request(app: App) -> None:
    """`approval/respond`: its response comes first, then what it causes."""
    peer, _, question = await asked(app)
    answer = {"approvalId": question["params"]["approvalId"], "decision": "accept"}
    assert await peer.call("approval/respond", answer) == {}
    told = await peer.until("turn/completed")
    assert of_turn(told)[:4] == [
        "response",
        "serverRequest/resolved",
        "thread/status/changed active",
        "item/completed commandExecution completed",
    ]
    assert told[1]["params"]["requestId"] == question["id"]


@pytest.mark.parametrize("by_request", [False, True])
async def test_the_turn_goes_on_after_a_command_was_declined(app: App, by_request: bool) -> None:
    peer, thread, question = await asked(app)
    if by_request:
        answer = {"approvalId": question["params"]["approvalId"], "decision": "decline"}
        await peer.call("approval/respond", answer)
    else:
        await peer.answer(question, "decline")
    told = await peer.until("turn/completed")
    [item] = items(told, "commandExecution")
    assert (item["status"], item["exitCode"], item["aggregatedOutput"]) == ("declined", None, None)
    assert ends(told)[0]["status"] == "completed"
    assert told_to_the_model(thread) == ["exec command rejected by user"]
    assert not (app.project / "made").exists()


@pytest.mark.parametrize("by_request", [False, True])
async def test_cancel_declines_the_command_and_ends_the_turn(app: App, by_request: bool) -> None:
    """Item `declined`, turn `interrupted`."""
    peer, thread, question = await asked(app)
    if by_request:
        answer = {"approvalId": question["params"]["approvalId"], "decision": "cancel"}
        await peer.call("approval/respond", answer)
        await peer.next("serverRequest/resolved")
    else:
        await peer.answer(question, "cancel")
        await peer.next("serverRequest/resolved")
    assert of_turn(await peer.until("turn/completed")) == [
        "item/completed commandExecution declined",
        "thread/status/changed idle",
        "turn/completed interrupted",
    ]
    assert len(told_to_the_model(thread)) == 1
    assert not (app.project / "made").exists()


@pytest.mark.parametrize(
    "answer",
    [
        {"result": {}},
        {"result": None},
        {"result": {"decision": "maybe"}},
        {"result": {"decision": 1}},
        {"result": {"decision": {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": []}}}},
        {"result": ["accept"]},
        {"result": "accept"},
        {"error": {"code": -32601, "message": "no such method"}},
        {"error": {"code": -32603, "message": "broken"}, "result": {"decision": "accept"}},
        {"error": "broken"},
    ],
    ids=str,
)
async def test_an_answer_that_is_no_decision_counts_as_a_refusal(
    app: App, answer: dict[str, Any]
) -> None:
    """`{}` as an answer to any server request must be harmless (protocol 6.11)."""
    peer, thread, question = await asked(app)
    await peer.send({"id": question["id"], **answer})
    told = await peer.until("turn/completed")
    [item] = items(told, "commandExecution")
    assert item["status"] == "declined"
    assert item["aggregatedOutput"], "the reason is on the item"
    assert ends(told)[0]["status"] == "completed"
    [output] = told_to_the_model(thread)
    assert output == f"exec command rejected by user: {item['aggregatedOutput']}"
    assert not (app.project / "made").exists()


async def test_a_stray_response_answers_nothing(app: App) -> None:
    peer, _, question = await asked(app)
    for stray in ("0", question["id"] + 1000, None):
        await peer.send({"id": stray, "result": {"decision": "accept"}})
    assert len((await peer.call("approval/list", {}))["data"]) == 1
    await peer.answer(question, "decline")
    await peer.until("turn/completed")
    assert not (app.project / "made").exists()


async def test_a_command_accepted_for_the_session_is_not_asked_again(app: App) -> None:
    """The identical command runs; another one, or another folder, is asked for."""
    (app.project / "sub").mkdir()
    steps = [
        [runs("touch", "a")],
        [runs("touch", "a")],
        [runs("touch", "b")],
        [runs("touch", "a", workdir="sub")],
        [says("Done")],
    ]
    peer, thread, question = await asked(app, steps)
    await peer.answer(question, "acceptForSession")
    second = await peer.until(QUESTION)
    assert [item["status"] for item in items(second, "commandExecution")] == ["completed"] * 2
    assert second[-1]["params"]["command"] == "touch b"
    await peer.answer(second[-1], "accept")
    third = await peer.next(QUESTION)
    assert third["params"]["cwd"] == str(app.project / "sub")
    await peer.answer(third, "decline")
    await peer.until("turn/completed")
    assert len(told_to_the_model(thread)) == 4


async def test_approval_for_the_session_does_not_cover_other_permissions(app: App) -> None:
    """Escalated is another question: it may run where there would be a sandbox."""
    wish = {"sandbox_permissions": "require_escalated"}
    steps = [
        [calls("shell", command=["rm", "-f", "a"])],
        [calls("shell", command=["rm", "-f", "a"], **wish)],
        [calls("shell", command=["rm", "-f", "a"], **wish)],
        [says("Done")],
    ]
    peer = await app.connect()
    thread = await peer.start_thread(steps, approvalPolicy="on-request")
    await peer.say(thread)
    await peer.answer(await peer.next(QUESTION), "acceptForSession")
    await peer.answer(await peer.next(QUESTION), "acceptForSession")
    told = await peer.until("turn/completed")
    assert f"? {QUESTION}" not in of_turn(told)
    statuses = [item["status"] for item in items(peer.messages, "commandExecution")]
    assert statuses == ["completed"] * 3


async def test_approval_for_the_session_outlives_the_turn_but_not_the_thread(app: App) -> None:
    steps = [*TOUCH, *TOUCH]
    peer, thread, question = await asked(app, steps)
    await peer.answer(question, "acceptForSession")
    await peer.until("turn/completed")
    assert f"? {QUESTION}" not in of_turn(await peer.turn(thread))
    other = await peer.start_thread(TOUCH, **ASKING)
    await peer.say(other)
    await peer.answer(await peer.next(QUESTION), "decline")
    await peer.until("turn/completed")


async def test_a_plain_accept_holds_for_one_call(app: App) -> None:
    peer, _, question = await asked(app, [[runs("touch", "a")], [runs("touch", "a")], [says("")]])
    await peer.answer(question, "accept")
    await peer.answer(await peer.next(QUESTION), "decline")
    told = await peer.until("turn/completed")
    assert [item["status"] for item in items(told, "commandExecution")] == ["declined"]


async def test_a_command_that_only_reads_is_not_asked_for(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("echo", "hi")], [says("Done")]], **ASKING)
    told = await peer.turn(thread)
    assert f"? {QUESTION}" not in of_turn(told)
    [item] = items(told, "commandExecution")
    assert (item["status"], item["aggregatedOutput"]) == ("completed", "hi\n")


async def test_commands_of_one_response_are_asked_about_independently(app: App) -> None:
    """Parallel questions do not wait for each other; outputs are recorded in call order."""
    peer, thread, first = await asked(app, [[runs("touch", "a"), runs("touch", "b")], [says("")]])
    second = await peer.next(QUESTION)
    assert len((await peer.call("approval/list", {}))["data"]) == 2
    await peer.answer(second, "accept")
    await peer.next("item/completed")
    await peer.answer(first, "decline")
    await peer.until("turn/completed")
    assert [path.name for path in app.project.iterdir()] == ["b"]
    refused, ran = told_to_the_model(thread)
    assert "rejected" in refused
    assert "rejected" not in ran


@pytest.mark.parametrize("policy", ["on-request", "never"])
async def test_a_dangerous_command_never_runs_unasked(app: App, policy: str) -> None:
    (app.project / "kept").mkdir()
    peer = await app.connect()
    steps = [[runs("rm", "-rf", "kept")], [says("Done")]]
    thread = await peer.start_thread(steps, approvalPolicy=policy, sandbox="danger-full-access")
    await peer.say(thread)
    message = await peer.next(QUESTION, "turn/completed")
    if policy == "on-request":
        await peer.answer(message, "decline")
        await peer.until("turn/completed")
    [item] = items(peer.messages, "commandExecution")
    assert item["status"] == "declined"
    assert (app.project / "kept").exists()


@pytest.mark.parametrize("sandbox", ["read-only", "workspace-write", "danger-full-access"])
async def test_the_never_policy_never_asks(app: App, sandbox: str) -> None:
    """Whatever is not allowed is refused at once, and the turn goes on."""
    outside = app.project.parent / "outside.txt"
    wishes = [
        runs("cat", "none"),
        runs("touch", "made"),
        runs("rm", "-rf", "made"),
        adds_file(str(outside), "text"),
    ]
    peer = await app.connect()
    thread = await peer.start_thread(
        [wishes, [says("Done")]], approvalPolicy="never", sandbox=sandbox
    )
    told = await peer.turn(thread)
    assert [m["method"] for m in peer.messages if "id" in m and "method" in m] == []
    assert ends(told)[0]["status"] == "completed"
    statuses = {item["command"]: item["status"] for item in items(told, "commandExecution")}
    assert statuses["rm -rf made"] == "declined"
    assert statuses["touch made"] == ("completed" if "danger" in sandbox else "declined")
    assert len(told_to_the_model(thread)) == len(wishes)
