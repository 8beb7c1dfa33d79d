"""Turns of the real process with a real HTTP server that speaks the Responses API."""

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.e2e.server_process import (
    AppServer,
    Message,
    Place,
    app_server,
    completed_items,
    named,
)
from tests.responses_server import (
    Drop,
    Refusal,
    Reply,
    ResponsesServer,
    Stream,
    completed,
    created,
    failed,
    function_call,
    item_added,
    item_done,
    text_events,
)

KEY = "sk-very-secret-0123456789"
MODEL = "gpt-6-sol"
ADD_FILE = "*** Begin Patch\n*** Add File: made.txt\n+hello\n*** End Patch\n"
USAGE = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}


def calling(item: Mapping[str, Any]) -> Stream:
    """A response that calls a tool."""
    return Stream([created(), item_done(item), completed(usage=USAGE)])


def shell(script: str, call_id: str = "call_1") -> Stream:
    arguments = {"command": script, "login": False}
    return calling(function_call("shell_command", arguments, call_id))


def settings(model: ResponsesServer, **more: Any) -> list[str]:
    """The command line that makes `model` the provider."""
    provider = {"base_url": f'"{model.url}"', "env_key": "LOCAL_KEY", **more}
    values = [f"model_providers.local.{key}={value}" for key, value in provider.items()]
    values += ["model_provider=local", f"model={MODEL}"]
    return [word for value in values for word in ("-c", value)]


@asynccontextmanager
async def thread_with(
    place: Place, replies: Sequence[Reply], key: str | None = KEY, **more: Any
) -> AsyncGenerator[tuple[AppServer, ResponsesServer]]:
    """A thread whose model gives these replies; the most talkative log level."""
    environ = {"CODEX_RPC_LOG": "debug"} | ({} if key is None else {"LOCAL_KEY": key})
    with ResponsesServer(replies) as model:
        async with app_server(place, environ=environ, arguments=settings(model, **more)) as server:
            await server.initialize()
            await server.start_thread(place)
            yield server, model


async def failing_turn(place: Place, replies: Sequence[Reply], **more: Any) -> Message:
    """How a turn failed. The same error is announced once, and the turn is on record as failed."""
    async with thread_with(place, replies, **more) as (server, _):
        turn = await server.turn()
    assert turn["status"] == "failed"
    (announced,) = [params for params in named(server.seen, "error") if not params["willRetry"]]
    assert announced["error"] == turn["error"]
    statuses = [params["status"]["type"] for params in named(server.seen, "thread/status/changed")]
    assert statuses[-1] == "systemError"
    assert place.rollout_lines()[-1]["payload"]["error"] == turn["error"]
    return turn["error"]


async def test_text_and_reasoning_are_streamed(place: Place) -> None:
    reasoning: Message = {"type": "reasoning", "id": "rs_1", "summary": []}
    thought = [{"type": "summary_text", "text": "Think."}]
    events = [
        created(),
        item_added(reasoning),
        {"type": "response.reasoning_summary_part.added", "item_id": "rs_1", "summary_index": 0},
        {
            "type": "response.reasoning_summary_text.delta",
            "item_id": "rs_1",
            "summary_index": 0,
            "delta": "Think.",
        },
        item_done({**reasoning, "summary": thought, "encrypted_content": "opaque"}),
        *text_events("Hel", "lo")[1:-1],
        completed(usage=USAGE),
    ]
    async with thread_with(place, [Stream(events)]) as (server, _):
        turn = await server.turn()
    (thinking,) = completed_items(server.seen, "reasoning")
    assert thinking["summary"] == ["Think."]
    summaries = named(server.seen, "item/reasoning/summaryTextDelta")
    assert [params["delta"] for params in summaries] == ["Think."]
    deltas = named(server.seen, "item/agentMessage/delta")
    assert [params["delta"] for params in deltas] == ["Hel", "lo"]
    assert (turn["status"], turn["items"][0]["text"]) == ("completed", "Hello")
    (usage,) = named(server.seen, "thread/tokenUsage/updated")
    assert usage["tokenUsage"]["total"]["totalTokens"] == 18


async def test_a_request_holds_what_the_api_needs(place: Place) -> None:
    """The Responses API: tools, instructions, input in pairs, one cache key per thread."""
    replies = [shell("echo ran; exit 3"), Stream(text_events("Done."))]
    async with thread_with(place, replies) as (server, model):
        await server.turn("Run it")
    first, second = (request.body for request in model.requests)
    assert (model.requests[0].method, model.requests[0].path) == ("POST", "/v1/responses")
    assert first["model"] == MODEL
    assert first["instructions"].startswith("You are")
    assert (first["stream"], first["store"]) == (True, False)
    names = {tool.get("name", tool["type"]) for tool in first["tools"]}
    assert {"exec_command", "write_stdin", "apply_patch", "update_plan"} <= names
    assert first["prompt_cache_key"] == second["prompt_cache_key"] == server.thread_id
    assert first["input"][-1]["content"] == [{"type": "input_text", "text": "Run it"}]
    call, output = second["input"][len(first["input"]) :]
    assert (call["type"], output["type"]) == ("function_call", "function_call_output")
    assert call["call_id"] == output["call_id"] == "call_1"
    assert "ran" in output["output"]
    assert "3" in output["output"]
    # What was sent before is sent again to the letter, or the provider's cache would miss.
    assert second["input"][: len(first["input"])] == first["input"]
    assert {**second, "input": None} == {**first, "input": None}


async def test_a_patch_from_the_model_is_applied(place: Place) -> None:
    call = {
        "type": "custom_tool_call",
        "name": "apply_patch",
        "input": ADD_FILE,
        "call_id": "call_1",
    }
    async with thread_with(place, [calling(call), Stream(text_events("Ok."))]) as (server, model):
        await server.turn()
    assert (place.project / "made.txt").read_text() == "hello\n"
    assert model.requests[1].body["input"][-1]["type"] == "custom_tool_call_output"
    (diff,) = named(server.seen, "turn/diff/updated")
    assert "+hello" in diff["diff"]


async def test_a_stream_that_breaks_off_is_asked_for_again(place: Place) -> None:
    """The protocol: `error` with `willRetry`, and the turn completes all the same."""
    replies = [Stream(text_events("Half")[:3], cut=True), Stream(text_events("Whole."))]
    async with thread_with(place, replies) as (server, model):
        turn = await server.turn()
    assert len(model.requests) == 2
    (error,) = named(server.seen, "error")
    assert error["willRetry"] is True
    assert error["error"]["message"] == "Reconnecting... 1/5"
    assert "responseStreamDisconnected" in error["error"]["codexErrorInfo"]
    assert (turn["status"], turn["error"]) == ("completed", None)
    assert turn["items"][0]["text"] == "Whole."


async def test_a_refused_connection_is_tried_again_in_silence(place: Place) -> None:
    async with thread_with(place, [Drop(), Stream(text_events("Here."))]) as (server, model):
        turn = await server.turn()
    assert turn["status"] == "completed"
    assert len(model.requests) == 2
    assert named(server.seen, "error") == []


@pytest.mark.parametrize(
    ("status", "body", "info"),
    [
        (400, "no such thing", "other"),
        (401, {"error": {"message": "bad key"}}, {"httpConnectionFailed": {"httpStatusCode": 401}}),
        (429, {"error": {"message": "slow down"}}, "usageLimitExceeded"),
        (500, {"error": {"message": "it broke"}}, "internalServerError"),
        (503, "", {"httpConnectionFailed": {"httpStatusCode": 503}}),
    ],
)
async def test_a_refusal_fails_the_turn_with_its_reason(
    place: Place, status: int, body: str | Message, info: str | Message
) -> None:
    """The reference's mapping of statuses, which its clients switch on."""
    quick = {"request_max_retries": 0, "stream_max_retries": 0}
    error = await failing_turn(place, [Refusal(status, body)], **quick)
    assert error["codexErrorInfo"] == info
    said = body if isinstance(body, str) else body["error"]["message"]
    assert said in error["message"]


async def test_a_full_context_window_is_told_as_such(place: Place) -> None:
    """When even the request for a summary does not fit."""
    reply = Stream([created(), failed("context_length_exceeded", "Too many tokens.")])
    error = await failing_turn(place, [reply] * 5)
    assert error["codexErrorInfo"] == "contextWindowExceeded"
    assert "Too many tokens." in error["message"]


async def test_a_missing_key_is_an_error_that_says_what_to_do(place: Place) -> None:
    """Users' first minute: no key must not look like a hang or a bug."""
    error = await failing_turn(place, [], key=None)
    assert "LOCAL_KEY" in error["message"]
    assert "httpConnectionFailed" in error["codexErrorInfo"]


async def test_without_any_provider_the_error_says_what_to_do(place: Place) -> None:
    async with app_server(place, arguments=[]) as server:
        await server.initialize()
        await server.start_thread(place)
        turn = await server.turn()
    assert turn["status"] == "failed"
    assert "OPENAI_API_KEY" in turn["error"]["message"]


async def test_a_failed_turn_does_not_keep_the_next_one_from_working(place: Place) -> None:
    replies = [Refusal(400, "no"), Stream(text_events("Better."))]
    async with thread_with(place, replies) as (server, _):
        assert (await server.turn())["status"] == "failed"
        assert (await server.turn())["status"] == "completed"


async def test_the_key_stays_in_the_request_header(place: Place) -> None:
    """Credentials never reach rollouts, logs, messages or child environments."""
    replies = [
        shell("env; cat /proc/self/environ"),
        shell("true", "call_2"),
        Refusal(401, {"error": {"message": f"Incorrect API key: {KEY}"}}),
    ]
    async with thread_with(place, replies) as (server, model):
        await server.turn()
        await server.close_stdin()
        await server.rest()
    assert {request.headers["authorization"] for request in model.requests} == {f"Bearer {KEY}"}
    (environment, _) = completed_items(server.seen, "commandExecution")
    assert "CODEX_HOME=" in environment["aggregatedOutput"]
    assert not re.search("LOCAL_KEY|very-secret", str(server.seen))
    written = [path for path in place.root.rglob("*") if path.is_file()]
    assert place.stderr in written
    assert [path for path in written if KEY.encode() in path.read_bytes()] == []
