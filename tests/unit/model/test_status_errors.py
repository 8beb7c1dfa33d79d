from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from codex_rpc.errors import (
    ContextWindowExceededError,
    ModelBadRequestError,
    ModelError,
    ModelRateLimitError,
    ModelServerError,
    ModelUnauthorizedError,
    ModelUnexpectedStatusError,
    UsageLimitError,
)
from codex_rpc.model.status_errors import error_from_status, retry_after_seconds


def refused(status: int, body: Any = "", **headers: str) -> ModelError:
    text = body if isinstance(body, str) else to_json(body).decode()
    return error_from_status(status, {key.replace("_", "-"): headers[key] for key in headers}, text)


@pytest.mark.parametrize(
    ("status", "kind", "info", "retryable"),
    [
        (400, ModelBadRequestError, "other", False),
        (401, ModelUnauthorizedError, "httpConnectionFailed", False),
        (403, ModelUnexpectedStatusError, "httpConnectionFailed", False),
        (404, ModelUnexpectedStatusError, "httpConnectionFailed", False),
        (408, ModelUnexpectedStatusError, "httpConnectionFailed", True),
        (429, ModelRateLimitError, "usageLimitExceeded", False),
        (500, ModelServerError, "internalServerError", True),
        (503, ModelUnexpectedStatusError, "httpConnectionFailed", True),
        (799, ModelUnexpectedStatusError, "httpConnectionFailed", True),
    ],
)
def test_a_status_becomes_a_typed_error(
    status: int, kind: type[ModelError], info: str, retryable: bool
) -> None:
    error = refused(status)
    assert (type(error), error.info, error.retryable) == (kind, info, retryable)
    assert error.http_status == status
    assert str(error)


def test_the_message_of_a_bad_request_is_the_raw_body() -> None:
    assert str(refused(400, '{"error": {"message": "no"}}')) == '{"error": {"message": "no"}}'


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "wait"}},
        {"error": "wait"},
        {"message": "wait"},
        {"detail": "wait"},
        "wait",
    ],
)
def test_the_provider_s_words_are_found_in_any_form(body: Any) -> None:
    assert str(refused(503, body)) == "unexpected status 503 Service Unavailable: wait"


def test_a_usage_limit_names_plan_and_time() -> None:
    failure = {"type": "usage_limit_reached", "message": "The usage limit has been reached"}
    error = refused(429, {"error": {**failure, "plan_type": "plus", "resets_at": 1700000000}})
    assert type(error) is UsageLimitError
    assert not error.retryable
    assert str(error) == (
        "The usage limit has been reached (plan: plus); it resets at 2023-11-14 22:13 UTC"
    )


def test_an_overlong_conversation_is_recognised_by_its_code() -> None:
    error = refused(400, {"error": {"code": "context_length_exceeded", "message": "too long"}})
    assert type(error) is ContextWindowExceededError
    assert str(error) == "too long"


def test_a_rate_limit_that_says_when_to_come_back_may_be_retried() -> None:
    error = refused(429, retry_after="7")
    assert error.retryable
    assert error.retry_after == 7.0


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_nobody_would_sit_through_is_not_retried(status: int) -> None:
    assert not refused(status, retry_after="86400").retryable


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}, 0.0),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


def test_retry_after_may_be_a_date() -> None:
    hence = datetime.now(UTC) + timedelta(hours=1)
    seconds = retry_after_seconds({"retry-after": format_datetime(hence, usegmt=True)})
    assert seconds is not None
    assert 3000 < seconds <= 3600


def test_credentials_that_the_provider_echoes_are_taken_out() -> None:
    body = '{"error": {"message": "bad key sk-12345678 for Bearer sk-12345678"}}'
    for status in (400, 401, 429, 500, 503):
        error = error_from_status(status, {}, body, {"Bearer sk-12345678", "sk-12345678", "a"})
        assert "12345678" not in str(error)
        assert "bad" in str(error)


def test_long_words_are_cut() -> None:
    assert len(str(refused(400, "x" * 100_000))) < 5000


@given(
    st.integers(300, 999),
    st.text(),
    st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text()),
)
def test_any_answer_becomes_an_error(status: int, body: str, headers: dict[str, str]) -> None:
    assert str(error_from_status(status, headers, body))
