"""What a provider's refusal means: HTTP answers and failure codes become `ModelError`s. All pure.

Texts are for users. They repeat what the provider said, bounded, and never the credentials that the
request carried, should the provider echo them.
"""

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from math import isfinite
from typing import Any, cast

from pydantic_core import from_json

from codex_rpc.errors import (
    ContextWindowExceededError,
    ModelBadRequestError,
    ModelError,
    ModelRateLimitError,
    ModelServerError,
    ModelStreamError,
    ModelUnauthorizedError,
    ModelUnexpectedStatusError,
    UsageLimitError,
)
from codex_rpc.model.retry import LONGEST_REQUESTED_DELAY

LONGEST_MESSAGE = 4096
"""Characters of a provider's own words that an error repeats."""

SHORTEST_SECRET = 8
"""Shorter strings are not taken out of a text: they would match by chance."""

_USAGE_LIMIT_CODES = frozenset({"usage_limit_reached", "usage_not_included", "insufficient_quota"})
_CONTEXT_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error"})
_PASSING_CLIENT_STATUSES = frozenset({408, 409, 425})

_TRY_AGAIN_IN = re.compile(r"try again in\s*(\d+(?:\.\d+)?)\s*(ms|s|seconds?)\b", re.IGNORECASE)


def error_from_status(
    status: int, headers: Mapping[str, str], body: str, secrets: Collection[str] = ()
) -> ModelError:
    """The error that an HTTP answer other than 2xx stands for. `headers` ignores case."""
    body = redact(body, secrets)
    failure = _failure_in(body)
    retry_after = retry_after_seconds(headers)
    if _codes(failure) & _CONTEXT_CODES:
        return ContextWindowExceededError(_message(failure, body), http_status=status)
    match status:
        case 400:
            return ModelBadRequestError(
                _cut(body) or "the provider refused the request (HTTP 400)", http_status=400
            )
        case 401:
            return ModelUnauthorizedError(_unexpected(status, failure, body), http_status=status)
        case 429:
            return _too_many(failure, body, retry_after)
        case 500:
            return ModelServerError(
                _unexpected(status, failure, body), http_status=status, retry_after=retry_after
            )
        case _:
            return _unexpected_status(status, failure, body, retry_after)


def error_from_failure(failure: Mapping[str, Any]) -> ModelError:
    """The error that a stream's failure object (`code`, `message`) stands for."""
    code = failure.get("code")
    message = _message(failure, "the response failed")
    if code in _CONTEXT_CODES:
        return ContextWindowExceededError(message)
    if code in _USAGE_LIMIT_CODES:
        return UsageLimitError(message)
    if code == "invalid_prompt":
        return ModelBadRequestError(message)
    if code == "rate_limit_exceeded":
        return ModelStreamError(message, retry_after=_delay_in(message))
    return ModelStreamError(message)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The seconds to wait that `Retry-After` (RFC 9110, 10.2.3) or `retry-after-ms` asks for."""
    millis = _seconds(headers.get("retry-after-ms"))
    if millis is not None:
        return millis / 1000
    value = headers.get("retry-after")
    seconds = _seconds(value)
    if seconds is not None or value is None:
        return seconds
    from email.utils import parsedate_to_datetime

    with suppress(ValueError, OverflowError):
        date = parsedate_to_datetime(value)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, (date - datetime.now(UTC)).total_seconds())
    return None


def redact(text: str, secrets: Collection[str]) -> str:
    """The text without any of these strings."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "[redacted]")
    return text


def _too_many(failure: Mapping[str, Any], body: str, retry_after: float | None) -> ModelError:
    if _codes(failure) & _USAGE_LIMIT_CODES:
        return UsageLimitError(_usage_limit_text(failure, body), http_status=429)
    message = _message(failure, body) or "the provider refuses requests for now"
    error = ModelRateLimitError(
        f"too many requests (HTTP 429): {message}", http_status=429, retry_after=retry_after
    )
    error.retryable = retry_after is not None and retry_after <= LONGEST_REQUESTED_DELAY
    return error


def _usage_limit_text(failure: Mapping[str, Any], body: str) -> str:
    text = _message(failure, body) or "the usage limit has been reached"
    plan, resets_at = failure.get("plan_type"), failure.get("resets_at")
    if isinstance(plan, str):
        text += f" (plan: {plan})"
    if isinstance(resets_at, int | float):
        with suppress(ValueError, OverflowError, OSError):
            text += f"; it resets at {datetime.fromtimestamp(resets_at, UTC):%Y-%m-%d %H:%M} UTC"
    return text


def _unexpected_status(
    status: int, failure: Mapping[str, Any], body: str, retry_after: float | None
) -> ModelError:
    error = ModelUnexpectedStatusError(
        _unexpected(status, failure, body), http_status=status, retry_after=retry_after
    )
    passing = status >= 500 or status in _PASSING_CLIENT_STATUSES
    error.retryable = passing and (retry_after or 0) <= LONGEST_REQUESTED_DELAY
    return error


def _unexpected(status: int, failure: Mapping[str, Any], body: str) -> str:
    phrase = ""
    with suppress(ValueError):
        phrase = f" {HTTPStatus(status).phrase}"
    detail = _message(failure, body)
    return f"unexpected status {status}{phrase}" + (f": {detail}" if detail else "")


def _failure_in(body: str) -> Mapping[str, Any]:
    """The failure object of a JSON body, in any of the forms that providers use."""
    try:
        answer = from_json(body)
    except ValueError:
        return {}
    if not isinstance(answer, dict):
        return {}
    table = cast("dict[str, Any]", answer)
    inner = table.get("error")
    if isinstance(inner, dict):
        return cast("dict[str, Any]", inner)
    return {**table, "message": table.get("message", inner or table.get("detail"))}


def _codes(failure: Mapping[str, Any]) -> set[str]:
    named = (failure.get("code"), failure.get("type"))
    return {name for name in named if isinstance(name, str)}


def _message(failure: Mapping[str, Any], otherwise: str) -> str:
    message = failure.get("message")
    return _cut(message if isinstance(message, str) and message.strip() else otherwise)


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "…"


def _delay_in(message: str) -> float | None:
    found = _TRY_AGAIN_IN.search(message)
    if found is None:
        return None
    number, unit = float(found[1]), found[2].lower()
    return number / 1000 if unit == "ms" else number


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value) if value is not None else None
    except ValueError:
        return None
    return seconds if seconds is not None and isfinite(seconds) and seconds >= 0 else None
