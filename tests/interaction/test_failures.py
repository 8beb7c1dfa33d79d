"""What goes wrong inside a turn: tools, models, input. The turn says so, and the next one works."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App
from tests.support.model_script import (
    CUT,
    STALL,
    Output,
    Step,
    calls,
    fails,
    patches,
    runs,
    says,
)
from tests.support.outline import ends, items, of_turn, outline, texts
from tests.support.rollout import assert_calls_are_paired, outputs, read_rollout, said


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (calls("no_such_tool"), "unsupported call: no_such_tool"),
        (calls("shell"), "failed to parse function arguments: command: Field required"),
        (calls("shell", command=[]), "failed to parse function arguments: command"),
        (calls("shell", command="ls"), "failed to parse function arguments: command"),
        (calls("shell", command=["ls", 3]), "failed to parse function arguments: command.1"),
        (calls("shell", command=["a\0b"]), "failed to parse function arguments: command contains"),
        (calls("shell", command=["ls"], timeout_ms=-1), "failed to parse function arguments"),
        (calls("shell_command"), "failed to parse function arguments: command"),
        (calls("update_plan", plan="none"), "failed to parse function arguments: plan"),
        (calls("update_plan", plan=[{"step": "a", "status": "x"}]), "failed to parse function"),
        (calls("apply_patch", input=3), "failed to parse function arguments: input"),
        (patches("nonsense\n"), "apply_patch verification failed"),
        ({"type": "customToolCall", "name": "none", "input": "x"}, "unsupported call: none"),
    ],
    ids=str,
)
async def test_a_call_that_makes_no_sense_is_told_to_the_model(
    app: App, call: Output, told: str
) -> None:
    """A tool failure is data for the model, never the end of the turn."""
    peer = await app.connect()
    thread = await peer.start_thread([[call], [says("Sorry")]])
    seen = await peer.turn(thread)
    assert (texts(seen), ends(seen)[0]["status"]) == (["Sorry"], "completed")
    assert items(seen, "commandExecution") == []
    lines = read_rollout(Path(thread["path"]))
    assert_calls_are_paired(lines)
    assert outputs(lines)[0].startswith(told)


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [(runs("false"), 1), (runs("no-such-program-here"), None), (runs("ls", workdir="nope"), None)],
    ids=str,
)
async def test_a_command_that_fails_is_a_failed_item(
    app: App, command: Output, exit_code: int | None
) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[command], [says("Sorry")]])
    seen = await peer.turn(thread)
    [item] = items(seen, "commandExecution")
    assert (item["status"], item["exitCode"]) == ("failed", exit_code)
    assert ends(seen)[0]["status"] == "completed"
    assert_calls_are_paired(read_rollout(Path(thread["path"])))


FATAL: list[tuple[Step, Any, str]] = [
    ([fails(400, "bad body")], "other", "bad body"),
    ([fails(401, "who?")], {"httpConnectionFailed": {"httpStatusCode": 401}}, "401 Unauthorized"),
    ([fails(403, "no")], {"httpConnectionFailed": {"httpStatusCode": 403}}, "403 Forbidden"),
    ([fails(404, "no")], {"httpConnectionFailed": {"httpStatusCode": 404}}, "404 Not Found"),
    ([fails(429, "slow down")], "usageLimitExceeded", "slow down"),
    ([fails(429, "spent", "usage_limit_reached")], "usageLimitExceeded", "spent"),
    ([says("Half"), fails(None, "spent", "insufficient_quota")], "usageLimitExceeded", "spent"),
    ([says("Half"), fails(None, "no", "invalid_prompt")], "other", "no"),
]


@pytest.mark.parametrize(("step", "info", "text"), FATAL, ids=str)
async def test_a_model_that_refuses_fails_the_turn_at_once(
    app: App, step: Step, info: Any, text: str
) -> None:
    """Status `systemError`, `error` with willRetry false, then `turn/completed` failed."""
    peer = await app.connect()
    thread = await peer.start_thread([step, [says("Better")]])
    seen = await peer.turn(thread)
    assert of_turn(seen)[-3:] == [
        "thread/status/changed systemError",
        "error willRetry=False",
        "turn/completed failed",
    ]
    failure = seen[-2]["params"]["error"]
    assert failure["codexErrorInfo"] == info
    assert text in failure["message"]
    assert ends(seen)[0]["error"] == failure
    assert of_turn(await peer.turn(thread))[-2:] == [
        "thread/status/changed idle",
        "turn/completed completed",
    ]


TOO_LONG = [
    [fails(400, "long", "context_length_exceeded")],
    [says("Half"), fails(None, "long", "context_length_exceeded")],
]


@pytest.mark.parametrize("refusal", TOO_LONG, ids=["at once", "midway"])
async def test_a_conversation_that_is_too_long_is_summed_up_and_goes_on(
    app: App, refusal: Step
) -> None:
    peer = await app.connect()
    thread = await peer.start_thread(
        [[says("Earlier")], refusal, [says("The gist")], [says("Answer")]]
    )
    await peer.turn(thread)
    seen = await peer.turn(thread, "Question")
    assert of_turn(seen)[-6:] == [
        "item/started contextCompaction",
        "item/completed contextCompaction",
        "item/started agentMessage",
        "item/completed agentMessage",
        "thread/status/changed idle",
        "turn/completed completed",
    ]
    assert texts(seen)[-1] == "Answer"
    [compaction] = [
        line["payload"]
        for line in read_rollout(Path(thread["path"]))
        if line["type"] == "compacted"
    ]
    heard = ["".join(p["text"] for p in i["content"]) for i in compaction["replacement_history"]]
    assert "Question" in heard
    assert heard[-1].endswith("The gist")


@pytest.mark.parametrize("refusal", TOO_LONG, ids=["at once", "midway"])
async def test_a_conversation_whose_summary_is_too_long_as_well_fails_the_turn(
    app: App, refusal: Step
) -> None:
    peer = await app.connect()
    thread = await peer.start_thread(
        [[says("Earlier")], refusal, [says("The gist")], refusal, [says("Better")]]
    )
    await peer.turn(thread)
    seen = await peer.turn(thread)
    assert outline(seen).count("item/completed contextCompaction") == 1
    assert of_turn(seen)[-3:] == [
        "thread/status/changed systemError",
        "error willRetry=False",
        "turn/completed failed",
    ]
    assert ends(seen)[0]["error"]["codexErrorInfo"] == "contextWindowExceeded"
    assert texts(await peer.turn(thread)) == ["Better"]


PASSING: list[tuple[Output, Any]] = [
    (CUT, {"responseStreamDisconnected": {"httpStatusCode": None}}),
    (fails(500, "oops"), "internalServerError"),
    (fails(503, "busy"), {"httpConnectionFailed": {"httpStatusCode": 503}}),
    (fails(None, "server_error"), {"responseStreamDisconnected": {"httpStatusCode": None}}),
]


@pytest.mark.parametrize(("failure", "info"), PASSING, ids=str)
async def test_a_failure_that_may_pass_is_told_and_tried_again(
    app: App, failure: Output, info: Any
) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Half"), failure], [says("Whole")]])
    seen = await peer.turn(thread)
    assert outline(seen).count("error willRetry=True") == 1
    error = next(m["params"]["error"] for m in seen if m.get("method") == "error")
    assert error["message"] == "Reconnecting... 1/1"
    assert (error["codexErrorInfo"], bool(error["additionalDetails"])) == (info, True)
    assert texts(seen) == ["Half", "Whole"]
    assert of_turn(seen)[-2:] == ["thread/status/changed idle", "turn/completed completed"]


@pytest.mark.parametrize(("failure", "info"), PASSING, ids=str)
async def test_a_failure_that_does_not_pass_fails_the_turn(
    app: App, failure: Output, info: Any
) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[failure], [failure], [says("Better")]])
    seen = await peer.turn(thread)
    assert of_turn(seen)[-4:] == [
        "error willRetry=True",
        "thread/status/changed systemError",
        "error willRetry=False",
        "turn/completed failed",
    ]
    assert ends(seen)[0]["error"]["codexErrorInfo"] == info
    assert texts(await peer.turn(thread)) == ["Better"]


async def test_what_was_done_before_a_stream_broke_is_not_done_again(app: App) -> None:
    """The command's output is on record when the model is asked again."""
    append = runs("bash", "-c", "echo once >> log")
    peer = await app.connect()
    thread = await peer.start_thread([[append, CUT], [says("Done")]])
    seen = await peer.turn(thread)
    assert ends(seen)[0]["status"] == "completed"
    assert (app.project / "log").read_text() == "once\n"
    assert_calls_are_paired(read_rollout(Path(thread["path"])))


async def test_a_script_without_a_fitting_step_says_what_is_missing(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([])
    seen = await peer.turn(thread, "Hello?")
    error = ends(seen)[0]["error"]
    assert error["codexErrorInfo"] == "badRequest"
    assert "no step for this request" in error["message"]
    assert "'Hello?'" in error["message"]


async def test_a_model_that_says_nothing_completes_the_turn(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[]])
    [turn] = ends(await peer.turn(thread))
    assert (turn["status"], turn["items"], turn["itemsView"]) == ("completed", [], "notLoaded")


async def test_a_failed_turn_keeps_its_place_in_the_conversation(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[fails(400, "no")], [says("Yes")]])
    await peer.turn(thread, "First")
    await peer.turn(thread, "Second")
    lines = read_rollout(Path(thread["path"]))
    assert said(lines, "user")[1:] == ["First", "Second"]


async def test_a_model_that_falls_silent_is_asked_again(app: App) -> None:
    peer = await app.connect()
    quickly = {"model_providers.script.stream_idle_timeout_ms": 1}
    thread = await peer.start_thread([[says("Half"), STALL], [says("Whole")]], config=quickly)
    seen = await peer.turn(thread)
    assert outline(seen).count("error willRetry=True") == 1
    assert texts(seen) == ["Half", "Whole"]
