"""`review/start`: a reviewer's own conversation inside a turn, and what is left of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App
from tests.support.listening_model import answering, listening_model
from tests.support.model_script import (
    STALL,
    Step,
    adds_file,
    fails,
    runs,
    says,
    speaks_slowly,
    thinks,
)
from tests.support.outline import ends, items, of_turn, outline, texts
from tests.support.peer import ASKING, Message, Peer, RefusedError
from tests.support.rollout import assert_turns_are_closed, read_rollout, response_items, said

UNCOMMITTED = {"type": "uncommittedChanges"}
FINDING: dict[str, Any] = {
    "title": "Stop the loop",
    "body": "It never ends.",
    "confidence_score": 0.9,
    "priority": 0,
    "code_location": {
        "absolute_file_path": "/w/a.py",
        "line_range": {"start": 3, "end": 5},
    },
}
ANSWER = json.dumps(
    {
        "findings": [FINDING],
        "overall_correctness": "patch is incorrect",
        "overall_explanation": "It hangs.",
        "overall_confidence_score": 0.8,
    }
)
RESULTS = "It hangs.\n\nReview comment:\n\n- Stop the loop — /w/a.py:3-5\n  It never ends."
INTERRUPTED = "The review was interrupted."
FAILED = "The review failed before it had a result."
USAGE = "thread/tokenUsage/updated"


async def review(peer: Peer, thread: Message, target: Any = UNCOMMITTED) -> Message:
    return await peer.call("review/start", {"threadId": thread["id"], "target": target})


def assert_left_once(told: list[Message], results: str) -> None:
    """The review mode was entered and left once, with these results."""
    lines = outline(told)
    for kind in ("enteredReviewMode", "exitedReviewMode"):
        assert lines.count(f"item/started {kind}") == 1
        assert lines.count(f"item/completed {kind}") == 1
    [item] = items(told, "exitedReviewMode")
    assert item["review"] == results


def talk(told: list[Message]) -> list[Message]:
    """All messages that show something an agent said."""
    return [
        m
        for m in told
        if m.get("method") == "item/agentMessage/delta"
        or m.get("params", {}).get("item", {}).get("type") == "agentMessage"
    ]


async def test_a_review_shows_what_is_run_and_in_the_end_what_was_found(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread(
        [[thinks("Hm"), says("Let me look."), runs("ls")], [says("So. ", ANSWER)]]
    )
    started = await review(peer, thread)
    assert started["reviewThreadId"] == thread["id"]
    assert started["turn"]["status"] == "inProgress"
    told = await peer.until("turn/completed")
    assert [line for line in of_turn(told) if "easoning" not in line] == [
        "response",
        "thread/status/changed active",
        "turn/started",
        "item/started enteredReviewMode",
        "item/completed enteredReviewMode",
        "item/started commandExecution inProgress",
        "item/completed commandExecution completed",
        "item/started exitedReviewMode",
        "item/completed exitedReviewMode",
        "item/started agentMessage",
        "item/completed agentMessage",
        "thread/status/changed idle",
        "turn/completed completed",
    ]
    assert_left_once(told, RESULTS)
    assert texts(told) == [RESULTS]
    assert len(talk(told)) == 2
    [turn] = ends(told)
    assert (turn["id"], turn["items"][0]["text"]) == (started["turn"]["id"], RESULTS)


@pytest.mark.parametrize(
    ("target", "asked", "hint"),
    [
        (UNCOMMITTED, "git status", "current changes"),
        ({"type": "baseBranch", "branch": "main"}, "`main`", "changes against 'main'"),
        ({"type": "commit", "sha": "0123456789"}, "git show 0123456789", "commit 0123456"),
        (
            {"type": "commit", "sha": "0123456789", "title": "Mend it"},
            "0123456789",
            "commit 0123456: Mend it",
        ),
        ({"type": "custom", "instructions": " Look hard "}, " Look hard ", "Look hard"),
    ],
    ids=str,
)
async def test_the_reviewer_is_asked_for_the_target(
    app: App, target: Any, asked: str, hint: str
) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([{"when": asked, "output": [says("Fine.")]}])
    await review(peer, thread, target)
    told = await peer.until("turn/completed")
    assert [item["review"] for item in items(told, "enteredReviewMode")] == [hint]
    assert_left_once(told, "Fine.")


@pytest.mark.parametrize(
    ("target", "message", "path"),
    [
        ({"type": "baseBranch", "branch": " "}, "branch must not be empty", "target.branch"),
        ({"type": "commit", "sha": ""}, "sha must not be empty", "target.sha"),
        (
            {"type": "custom", "instructions": "\n"},
            "instructions must not be empty",
            "target.instructions",
        ),
    ],
    ids=str,
)
async def test_a_target_that_says_nothing_is_refused_and_stops_nothing(
    app: App, target: Any, message: str, path: str
) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "x")], [says("Done")]], **ASKING)
    await peer.say(thread)
    question = await peer.next("item/commandExecution/requestApproval")
    with pytest.raises(RefusedError) as refused:
        await review(peer, thread, target)
    assert (refused.value.code, refused.value.message) == (-32600, message)
    assert refused.value.data == {"kind": "invalidParams", "path": path}
    await peer.answer(question, "accept")
    assert texts(await peer.until("turn/completed")) == ["Done"]


@pytest.mark.parametrize(
    ("answer", "results"),
    [
        ("Looks good to me.", "Looks good to me."),
        ("", "Reviewer failed to output a response."),
        ('{"findings": []}', "Reviewer failed to output a response."),
        ('{"findings": 3}', '{"findings": 3}'),
    ],
)
async def test_any_answer_ends_the_review_in_good_order(
    app: App, answer: str, results: str
) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says(answer)]])
    await review(peer, thread)
    told = await peer.until("turn/completed")
    assert_left_once(told, results)
    assert ends(told)[0]["status"] == "completed"


@pytest.mark.parametrize(
    "step",
    [[STALL], [speaks_slowly("blah " * 2000)], [runs("sleep", "600")], [runs("touch", "x")]],
    ids=["silent", "talking", "running", "asking"],
)
async def test_an_interrupted_review_is_left_once_and_says_nothing(app: App, step: Step) -> None:
    peer = await app.connect()
    policy: dict[str, Any] = ASKING if step == [runs("touch", "x")] else {}
    thread = await peer.start_thread([step, [says("Next")]], **policy)
    await review(peer, thread)
    seen = await peer.until("item/completed")
    if "functionCall" in str(step):
        seen += await peer.until("item/started")
    await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": ""})
    told = seen + await peer.until("turn/completed")
    assert_left_once(told, INTERRUPTED)
    assert talk(told) == []
    assert ends(told)[0]["status"] == "interrupted"
    assert ends(told)[0]["items"] == []
    lines = read_rollout(Path(thread["path"]))
    assert "There are no results." in said(lines, "user")[0]
    assert_turns_are_closed(lines)
    assert texts(await peer.turn(thread)) == ["Next"]


@pytest.mark.parametrize(
    "steps",
    [
        [[fails(400, "no")]],
        [[says("Half"), fails(None, "no", "invalid_prompt")]],
        [[runs("ls")], [fails(400, "no")]],
    ],
    ids=["at once", "midway", "later"],
)
async def test_a_review_whose_model_fails_is_left_once_and_fails(
    app: App, steps: list[Step]
) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([*steps, [says("Next")]])
    await review(peer, thread)
    told = await peer.until("turn/completed")
    assert_left_once(told, FAILED)
    assert talk(told) == []
    [turn] = ends(told)
    assert (turn["status"], turn["items"], turn["error"]["message"]) == ("failed", [], "no")
    assert texts(await peer.turn(thread)) == ["Next"]


async def test_the_thread_remembers_the_results_and_nothing_else_of_the_review(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("ls"), says("Hm.")], [says(ANSWER)]])
    await review(peer, thread)
    await peer.until("turn/completed")
    told, answered = response_items(read_rollout(Path(thread["path"])))
    assert (told["role"], answered["role"]) == ("user", "assistant")
    assert told["content"][0]["text"].startswith("<review_results>")
    assert RESULTS in told["content"][0]["text"]
    assert answered["content"][0]["text"] == RESULTS


async def test_reviewer_and_agent_do_not_hear_each_other(app: App) -> None:
    peer = await app.connect()
    with listening_model(*(answering(text) for text in ("Yes", ANSWER, "Right"))) as model:
        thread = await model.start_thread(peer, developerInstructions="Be kind.")
        await peer.turn(thread, "First")
        await review(peer, thread, {"type": "custom", "instructions": "Look hard"})
        await peer.until("turn/completed")
        await peer.turn(thread, "Second")
    before, during, after = (model.heard(number) for number in range(3))
    assert during[-1] == ("user", "Look hard")
    reviewer = "\n".join(text for _, text in during)
    assert "First" not in reviewer
    assert "Be kind." not in reviewer
    assert f"<cwd>{app.project}</cwd>" in reviewer, "it has to know where to look"
    assert after[: len(before)] == before
    assert "Look hard" not in "\n".join(text for _, text in after)
    results = after[-3:]
    assert RESULTS in results[0][1]
    assert results[1:] == [("assistant", RESULTS), ("user", "Second")]
    instructions = [body["instructions"] for body in model.bodies()]
    assert instructions[0] == instructions[2] != instructions[1]


async def test_the_reviewer_cannot_patch(app: App) -> None:
    """It is not offered the tool, and a call of it is refused."""
    peer = await app.connect()
    thread = await peer.start_thread([[adds_file("new.txt", "x")], [says("Fine.")]])
    await review(peer, thread)
    told = await peer.until("turn/completed")
    assert items(told, "fileChange") == []
    assert not (app.project / "new.txt").exists()
    assert_left_once(told, "Fine.")
    with listening_model(answering()) as model:
        other = await model.start_thread(peer, model="gpt-6-sol")
        await review(peer, other)
        await peer.until("turn/completed")
    assert "apply_patch" not in json.dumps(model.bodies()[0]["tools"])


async def test_what_the_reviewer_runs_is_asked_about_as_usual(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "x")], [says("Fine.")]], **ASKING)
    await review(peer, thread)
    await peer.answer(await peer.next("item/commandExecution/requestApproval"), "decline")
    told = await peer.until("turn/completed")
    assert [item["status"] for item in items(told, "commandExecution")] == ["declined"]
    assert items(told, "exitedReviewMode")[0]["review"] == "Fine."


async def test_a_review_takes_the_place_of_a_running_turn(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "x")], [says("Fine.")]], **ASKING)
    turn = await peer.say(thread)
    await peer.next("item/commandExecution/requestApproval")
    started = await review(peer, thread)
    first, second = await peer.until("turn/completed"), await peer.until("turn/completed")
    assert [(end["id"], end["status"]) for end in ends(first + second)] == [
        (turn["id"], "interrupted"),
        (started["turn"]["id"], "completed"),
    ]
    assert not (app.project / "x").exists()
    assert_left_once(second, "Fine.")


async def test_a_review_is_on_the_threads_bill_but_not_in_its_window(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread(
        [
            {"output": [says("Hello")], "usage": {"inputTokens": 100}},
            {"output": [runs("ls")], "usage": {"inputTokens": 20}},
            {"output": [says("Fine.")], "usage": {"inputTokens": 40}},
        ]
    )
    told = await peer.turn(thread)
    await review(peer, thread)
    told += await peer.until("turn/completed")
    usages = [m["params"]["tokenUsage"] for m in told if m.get("method") == USAGE]
    counts = [(usage["total"]["totalTokens"], usage["last"]["totalTokens"]) for usage in usages]
    assert counts == [(100, 100), (160, 100)]


async def test_what_is_said_during_a_review_is_answered_after_it(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread(
        [[runs("touch", "x")], [says("Fine.")], {"when": "More", "output": [says("Hello")]}],
        **ASKING,
    )
    started = await review(peer, thread)
    question = await peer.next("item/commandExecution/requestApproval")
    text = [{"type": "text", "text": "More"}]
    request = await peer.request("turn/start", {"threadId": thread["id"], "input": text})
    await peer.answer(question, "accept")
    assert (await peer.response(request))["turn"]["id"] != started["turn"]["id"]
    first, second = await peer.until("turn/completed"), await peer.until("turn/completed")
    assert (texts(first), texts(second)) == (["Fine."], ["Hello"])
