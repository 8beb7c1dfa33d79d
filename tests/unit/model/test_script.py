from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from msgspec.structs import replace
from pydantic_core import to_json

from codex_rpc.errors import (
    ContextWindowExceededError,
    ModelError,
    ModelStreamError,
    ModelUnexpectedStatusError,
    ScriptError,
)
from codex_rpc.model.events import (
    ModelEvent,
    OutputItemDone,
    OutputItemStarted,
    RateLimitsReported,
    ReasoningDelta,
    ReasoningSummaryDelta,
    ReasoningSummaryPartStarted,
    ResponseCompleted,
    ResponseStarted,
    TextDelta,
)
from codex_rpc.model.port import ModelRequest, RateLimits, RateWindow, TokenUsage
from codex_rpc.model.script import ScriptClient
from codex_rpc.protocol.response_items import (
    CustomToolCallItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    MessageItem,
    OutputText,
    ReasoningItem,
    ReasoningText,
    SummaryText,
    user_message,
)

NO_COST = {"inputTokens": 0, "outputTokens": 0}


def client_for(folder: Path, *steps: dict[str, Any]) -> ScriptClient:
    path = folder / "model.jsonl"
    path.write_bytes(b"\n".join(to_json({"usage": NO_COST, **step}) for step in steps))
    return ScriptClient(path, idle_timeout=0.01)


def asking(text: str) -> ModelRequest:
    return ModelRequest(thread_id="t", model="m", instructions="", input=[user_message(text)])


async def play(client: ScriptClient, text: str = "hi") -> list[ModelEvent]:
    async with client.stream(asking(text)) as batches:
        return [event async for batch in batches for event in batch]


async def play_one(folder: Path, *output: dict[str, Any]) -> Sequence[ModelEvent]:
    """Play a step of this output and return what comes between start and completion."""
    start, *events, end = await play(client_for(folder, {"output": output}))
    assert start == ResponseStarted("resp_script_1")
    assert end == ResponseCompleted("resp_script_1", TokenUsage())
    return events


def said(text: str, item_id: str, phase: str | None = None) -> MessageItem:
    content = OutputText(text=text)
    return MessageItem(role="assistant", content=[content], id=item_id, phase=phase)


async def test_text_comes_in_chunks(tmp_path: Path) -> None:
    output = {"type": "text", "text": "hello", "chunkSize": 2, "phase": "final_answer"}
    opened = MessageItem(role="assistant", content=[], id="msg_script_1", phase="final_answer")
    assert await play_one(tmp_path, output) == [
        OutputItemStarted(opened),
        TextDelta("he"),
        TextDelta("ll"),
        TextDelta("o"),
        OutputItemDone(said("hello", "msg_script_1", "final_answer")),
    ]


async def test_reasoning_comes_by_section_and_then_raw(tmp_path: Path) -> None:
    output = {"type": "reasoning", "summary": ["ab", "c"], "content": ["raw"], "chunkSize": 1}
    assert await play_one(tmp_path, {**output, "delayMs": 1}) == [
        OutputItemStarted(ReasoningItem(id="rs_script_1")),
        ReasoningSummaryPartStarted(0),
        ReasoningSummaryDelta("a", 0),
        ReasoningSummaryDelta("b", 0),
        ReasoningSummaryPartStarted(1),
        ReasoningSummaryDelta("c", 1),
        ReasoningDelta("r", 0),
        ReasoningDelta("a", 0),
        ReasoningDelta("w", 0),
        OutputItemDone(
            ReasoningItem(
                id="rs_script_1",
                summary=[SummaryText(text="ab"), SummaryText(text="c")],
                content=[ReasoningText(text="raw")],
            )
        ),
    ]


async def test_tool_calls_have_ids_made_up_unless_given(tmp_path: Path) -> None:
    assert await play_one(
        tmp_path,
        {"type": "functionCall", "name": "shell", "arguments": {"command": ["ls"]}},
        {"type": "wait", "ms": 1},
        {"type": "customToolCall", "name": "apply_patch", "input": "*** x", "callId": "mine"},
    ) == [
        OutputItemDone(
            FunctionCallItem(name="shell", arguments='{"command":["ls"]}', call_id="call_script_1")
        ),
        OutputItemDone(CustomToolCallItem(name="apply_patch", input="*** x", call_id="mine")),
    ]


async def test_rate_limits_are_reported(tmp_path: Path) -> None:
    output = {"type": "rateLimits", "primaryUsedPercent": 50.0, "primaryWindowMinutes": 300}
    both = {**output, "secondaryUsedPercent": 1.5, "planType": "plus"}
    assert await play_one(tmp_path, output, both) == [
        RateLimitsReported(RateLimits(RateWindow(50.0, 300))),
        RateLimitsReported(RateLimits(RateWindow(50.0, 300), RateWindow(1.5), None, "plus")),
    ]


async def collect(batches: AsyncIterator[Sequence[ModelEvent]], into: list[ModelEvent]) -> None:
    async for batch in batches:
        into += batch


async def failure_after_text(folder: Path, end: dict[str, Any]) -> ModelError:
    got: list[ModelEvent] = []
    client = client_for(folder, {"output": [{"type": "text", "text": "hi"}, end]})
    async with client.stream(asking("")) as batches:
        with pytest.raises(ModelError) as caught:
            await collect(batches, got)
    assert got[-1] == OutputItemDone(said("hi", "msg_script_1"))
    return caught.value


async def test_a_cut_stream_fails_like_a_real_one(tmp_path: Path) -> None:
    error = await failure_after_text(tmp_path, {"type": "cut"})
    assert type(error) is ModelStreamError
    assert str(error) == "stream closed before response.completed"


async def test_a_stall_ends_with_the_idle_timeout(tmp_path: Path) -> None:
    error = await failure_after_text(tmp_path, {"type": "stall"})
    assert type(error) is ModelStreamError
    assert str(error) == "idle timeout waiting for SSE"


async def test_a_stall_can_be_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "model.jsonl"
    path.write_text('{"output": [{"type": "stall"}]}')
    async with ScriptClient(path).stream(asking("")) as batches:
        assert await anext(batches) == [ResponseStarted("resp_script_1")]
        with anyio.move_on_after(0.01) as scope:
            await anext(batches)
    assert scope.cancelled_caught


async def test_an_error_breaks_off_what_was_begun(tmp_path: Path) -> None:
    code = "context_length_exceeded"
    error = await failure_after_text(tmp_path, {"type": "error", "message": "no", "code": code})
    assert type(error) is ContextWindowExceededError


async def test_an_error_alone_refuses_the_request_like_the_status_would(tmp_path: Path) -> None:
    refusal = {"type": "error", "status": 503, "message": "busy", "retryAfterMs": 250}
    client = client_for(tmp_path, {"output": [refusal]})
    with pytest.raises(ModelUnexpectedStatusError) as caught:
        await client.stream(asking("")).__aenter__()
    assert str(caught.value) == "unexpected status 503 Service Unavailable: busy"
    assert caught.value.retry_after == 0.25


@pytest.mark.parametrize(
    ("status", "code", "info"),
    [
        (400, None, "other"),
        (401, None, "httpConnectionFailed"),
        (429, "usage_limit_reached", "usageLimitExceeded"),
        (500, None, "internalServerError"),
        (400, "context_length_exceeded", "contextWindowExceeded"),
    ],
)
async def test_errors_have_the_wire_s_names(
    tmp_path: Path, status: int, code: str | None, info: str
) -> None:
    refusal = {"type": "error", "status": status, "message": "no", "code": code}
    with pytest.raises(ModelError) as caught:
        await play(client_for(tmp_path, {"output": [refusal]}))
    assert caught.value.info == info
    assert "no" in str(caught.value)


def text_step(text: str, **more: Any) -> dict[str, Any]:
    return {"output": [{"type": "text", "text": text}], **more}


async def answer(client: ScriptClient, text: str) -> str:
    return "".join(e.delta for e in await play(client, text) if isinstance(e, TextDelta))


async def test_the_first_step_left_that_fits_is_played(tmp_path: Path) -> None:
    client = client_for(
        tmp_path, text_step("A", when="apple"), text_step("any"), text_step("B", when="apple")
    )
    assert await answer(client, "pears") == "any"
    assert await answer(client, "an apple") == "A"
    assert await answer(client, "an apple") == "B"


async def test_the_last_user_message_decides(tmp_path: Path) -> None:
    client = client_for(tmp_path, text_step("old", when="one"), text_step("new", when="two"))
    items = [user_message("one"), said("ok", "m"), user_message("two"), said("well", "m")]
    async with client.stream(replace(asking(""), input=items)) as batches:
        events = [event async for batch in batches for event in batch]
    assert TextDelta("new") in events


async def test_a_request_without_a_step_says_what_was_played(tmp_path: Path) -> None:
    client = client_for(tmp_path, text_step("A"), text_step("B", when="apple"))
    await play(client)
    with pytest.raises(ScriptError) as caught:
        await play(client, "p" * 200)
    assert str(caught.value) == (
        f"the model script {tmp_path / 'model.jsonl'} has no step for this request: "
        f"1 of 2 steps were played, and the last user input is '{'p' * 80}…'"
    )


async def test_ids_count_on_over_requests_and_over_what_was_there_before(tmp_path: Path) -> None:
    call: dict[str, Any] = {"type": "functionCall", "name": "f", "arguments": {}}
    client = client_for(tmp_path, {"output": [call]}, {"output": [call]}, text_step("x"))
    before = [
        FunctionCallItem(name="f", arguments="{}", call_id="call_script_1"),
        FunctionCallOutputItem(call_id="call_script_1", output="ok"),
        said("old", "msg_script_1"),
    ]
    ids: list[str | None] = []
    for _ in range(3):
        async with client.stream(replace(asking(""), input=before)) as batches:
            for event in [event async for batch in batches for event in batch]:
                if isinstance(event, OutputItemDone):
                    item = event.item
                    ids.append(item.call_id if isinstance(item, FunctionCallItem) else None)
                    if isinstance(item, MessageItem):
                        ids.append(item.id)
    assert ids == ["call_script_2", "call_script_3", None, "msg_script_2"]


async def test_usage_is_as_given(tmp_path: Path) -> None:
    usage = {
        "inputTokens": 9,
        "cachedInputTokens": 4,
        "outputTokens": 5,
        "reasoningOutputTokens": 2,
    }
    events = await play(client_for(tmp_path, text_step("x", usage=usage)))
    assert events[-1] == ResponseCompleted("resp_script_1", TokenUsage(9, 4, 5, 2, 14))


async def test_usage_that_is_not_given_is_estimated_from_lengths(tmp_path: Path) -> None:
    thought = {"type": "reasoning", "summary": ["1234"], "content": ["5678"]}
    call = {"type": "functionCall", "name": "shell", "arguments": {"a": 1}}
    step = {"output": [thought, {"type": "text", "text": "äöü!"}, call], "usage": None}
    request = replace(
        asking("12345678"),
        instructions="1234",
        input=[user_message("12345678"), FunctionCallOutputItem(call_id="c", output="123")],
    )
    async with client_for(tmp_path, step).stream(request) as batches:
        *_, end = [event async for batch in batches for event in batch]
    # heard 4 + 8 + 3 bytes; thought 8, said 7 + 12
    assert end == ResponseCompleted("resp_script_1", TokenUsage(4, 0, 7, 2, 11))


async def test_a_delayed_chunk_is_not_held_back(tmp_path: Path) -> None:
    output = {"type": "text", "chunks": ["a", "b"], "delayMs": 1}
    client = client_for(tmp_path, {"output": [output]})
    async with client.stream(asking("")) as batches:
        texts = [[e.delta for e in batch if isinstance(e, TextDelta)] async for batch in batches]
    assert texts == [[], ["a"], ["b"]]


async def test_events_without_pauses_come_in_batches_that_are_bounded(tmp_path: Path) -> None:
    output = {"type": "text", "text": "x" * 1000, "chunkSize": 1}
    client = client_for(tmp_path, {"output": [output]})
    async with client.stream(asking("")) as batches:
        sizes = [len(batch) async for batch in batches]
    assert sum(sizes) == 1004
    assert 10 < len(sizes) < 30
