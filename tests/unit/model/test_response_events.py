import logging
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from codex_rpc.errors import (
    ContextWindowExceededError,
    ModelBadRequestError,
    ModelError,
    ModelStreamError,
    UsageLimitError,
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
from codex_rpc.model.port import Credits, RateLimits, RateWindow, TokenUsage
from codex_rpc.model.response_events import event_from_data
from codex_rpc.protocol.response_items import FunctionCallItem, MessageItem, OtherItem


def read(event: dict[str, Any]) -> ModelEvent | None:
    return event_from_data(to_json(event))


def failure(code: str, message: str = "no") -> ModelError:
    with pytest.raises(ModelError) as caught:
        read({"type": "response.failed", "response": {"error": {"code": code, "message": message}}})
    return caught.value


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"type": "response.created", "response": {"id": "r"}}, ResponseStarted("r")),
        ({"type": "response.output_text.delta", "delta": "hé"}, TextDelta("hé")),
        (
            {"type": "response.reasoning_summary_part.added", "summary_index": 1},
            ReasoningSummaryPartStarted(1),
        ),
        (
            {"type": "response.reasoning_summary_text.delta", "delta": "s", "summary_index": 2},
            ReasoningSummaryDelta("s", 2),
        ),
        (
            {"type": "response.reasoning_text.delta", "delta": "r", "content_index": 3},
            ReasoningDelta("r", 3),
        ),
        ({"type": "response.completed", "response": {"id": "r"}}, ResponseCompleted("r")),
        (
            {"type": "response.output_item.done", "item": {"type": "novelty", "x": 1}},
            OutputItemDone(OtherItem.model_validate({"type": "novelty", "x": 1})),
        ),
    ],
)
def test_an_event_is_read(event: dict[str, Any], expected: ModelEvent) -> None:
    assert read(event) == expected


def test_items_are_validated_and_keep_unknown_fields() -> None:
    item: dict[str, Any] = {"type": "message", "role": "assistant", "content": [], "novelty": 1}
    started = read({"type": "response.output_item.added", "item": item})
    assert isinstance(started, OutputItemStarted)
    assert isinstance(started.item, MessageItem)
    assert started.item.model_extra == {"novelty": 1}

    call = {"type": "function_call", "name": "f", "arguments": "{", "call_id": "c"}
    done = read({"type": "response.output_item.done", "item": call})
    assert done == OutputItemDone(FunctionCallItem(name="f", arguments="{", call_id="c"))


def test_usage_is_read_with_its_details() -> None:
    usage = {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 15,
    }
    done = read({"type": "response.completed", "response": {"id": "r", "usage": usage}})
    assert done == ResponseCompleted("r", TokenUsage(10, 4, 5, 2, 15))


def test_a_missing_total_is_summed() -> None:
    usage = {"input_tokens": 10, "input_tokens_details": None, "output_tokens": 5}
    done = read({"type": "response.completed", "response": {"usage": usage}})
    assert done == ResponseCompleted("", TokenUsage(10, 0, 5, 0, 15))


def test_rate_limits_come_as_an_event_too() -> None:
    event = {
        "type": "codex.rate_limits",
        "plan_type": "plus",
        "rate_limits": {
            "primary": {"used_percent": 42, "window_minutes": 300, "reset_at": 1700000000},
            "secondary": None,
        },
        "credits": {"has_credits": True, "unlimited": False, "balance": "7"},
    }
    limits = RateLimits(RateWindow(42.0, 300, 1700000000), None, Credits(True, False, "7"), "plus")
    assert read(event) == RateLimitsReported(limits)


def test_failure_codes_become_typed_errors() -> None:
    assert type(failure("context_length_exceeded")) is ContextWindowExceededError
    assert type(failure("insufficient_quota")) is UsageLimitError
    assert type(failure("invalid_prompt")) is ModelBadRequestError
    other = failure("server_error", "it broke")
    assert type(other) is ModelStreamError
    assert str(other) == "it broke"
    assert other.retryable


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please try again in 11.054s.", 11.054),
        ("Try again in 35 seconds", 35.0),
        ("try again in 250ms", 0.25),
        ("try again later", None),
    ],
)
def test_a_rate_limit_failure_says_how_long_to_wait(words: str, seconds: float | None) -> None:
    error = failure("rate_limit_exceeded", words)
    assert error.retryable
    assert error.retry_after == seconds


def test_an_error_event_fails_the_stream_in_both_of_its_forms() -> None:
    for event in (
        {"type": "error", "code": "context_length_exceeded", "message": "too long"},
        {"type": "error", "error": {"code": "context_length_exceeded", "message": "too long"}},
    ):
        with pytest.raises(ContextWindowExceededError, match="too long"):
            read(event)


def test_an_incomplete_response_is_final_and_says_why() -> None:
    details = {"incomplete_details": {"reason": "max_output_tokens"}}
    with pytest.raises(ModelError, match="incomplete: max_output_tokens") as caught:
        read({"type": "response.incomplete", "response": details})
    assert not caught.value.retryable


@pytest.mark.parametrize(
    "data",
    [
        b"[DONE]",
        b"",
        b"\xff",
        b"null",
        b"[]",
        b"{}",
        b'{"type": 3}',
        b'{"type": []}',
        b'{"type": "response.in_progress"}',
        b'{"type": "response.output_text.delta"}',
        b'{"type": "response.output_text.delta", "delta": 3}',
        b'{"type": "response.reasoning_text.delta", "delta": "", "content_index": "0"}',
        b'{"type": "response.completed", "response": null}',
        b'{"type": "codex.rate_limits"}',
    ],
)
def test_what_cannot_be_read_is_skipped(data: bytes) -> None:
    assert event_from_data(data) is None


def test_a_broken_item_is_reported_without_its_content(caplog: pytest.LogCaptureFixture) -> None:
    item = {"type": "function_call", "name": "secret plan"}
    with caplog.at_level(logging.DEBUG):
        assert read({"type": "response.output_item.done", "item": item}) is None
    assert "function_call.call_id (missing)" in caplog.text
    assert "secret" not in caplog.text


STRANGE: list[Any] = [None, True, 0, -1, 10**30, 1e300, "", "x", [], [1], {}]
ODD = st.sampled_from(STRANGE)
NESTED = st.dictionaries(
    st.sampled_from(["id", "type", "error", "code", "usage", "primary", "incomplete_details"]),
    ODD | st.dictionaries(st.sampled_from(["reason", "used_percent", "input_tokens"]), ODD),
)
KINDS = st.sampled_from(
    [
        "response.created",
        "response.output_item.done",
        "response.reasoning_summary_text.delta",
        "codex.rate_limits",
        "response.completed",
        "response.failed",
        "response.incomplete",
        "error",
    ]
)
FIELDS = st.sampled_from(["response", "item", "delta", "summary_index", "rate_limits", "error"])


@given(KINDS, st.dictionaries(FIELDS, ODD | NESTED))
def test_no_event_makes_the_reader_fail_otherwise_than_with_a_model_error(
    kind: str, fields: dict[str, Any]
) -> None:
    with suppress(ModelError):
        event = read({"type": kind, **fields})
        assert event is None or isinstance(event, ModelEvent)
