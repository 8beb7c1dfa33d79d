"""The Responses API's stream events as `ModelEvent`s. Pure.

Deltas are the hot path and are read straight from the decoded JSON; whole items are validated.
Events of other kinds mean nothing here and are skipped, and so is what cannot be read, which is
logged without its content.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import from_json

from codex_rpc.errors import ModelError
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
from codex_rpc.model.port import TokenUsage
from codex_rpc.model.rate_limits import rate_limits_from_event
from codex_rpc.model.status_errors import error_from_failure
from codex_rpc.protocol.response_items import RESPONSE_ITEM

_log = logging.getLogger(__name__)

_Event = Mapping[str, Any]


def event_from_data(data: bytes) -> ModelEvent | None:
    """Read the data of one server-sent event; `None` if there is nothing to tell.

    Raises:
        ModelError: if the event says that the response failed.
    """
    try:
        event = from_json(data)
        read = _READERS.get(event["type"])
        return None if read is None else read(event)
    except ValidationError as error:
        _log.warning("skipped an item that cannot be read: %s", _places(error))
    except (ValueError, TypeError, KeyError) as error:
        _log.debug("skipped an event that cannot be read: %s", type(error).__name__)
    return None


def _places(error: ValidationError) -> str:
    """Where an item is wrong, without what it says."""
    places = {".".join(map(str, part["loc"])): part["type"] for part in error.errors()}
    return ", ".join(f"{place} ({problem})" for place, problem in places.items())


def _text(event: _Event) -> str:
    delta = event["delta"]
    if type(delta) is not str:
        raise TypeError
    return delta


def _index(event: _Event, name: str) -> int:
    index = event[name]
    if type(index) is not int:
        raise TypeError
    return index


def _table(event: _Event, name: str) -> _Event:
    table = event[name]
    if not isinstance(table, dict):
        raise TypeError
    return cast("_Event", table)


def _started(event: _Event) -> ModelEvent:
    return ResponseStarted(_response_id(_table(event, "response")))


def _item_started(event: _Event) -> ModelEvent:
    return OutputItemStarted(RESPONSE_ITEM.validate_python(event["item"]))


def _item_done(event: _Event) -> ModelEvent:
    return OutputItemDone(RESPONSE_ITEM.validate_python(event["item"]))


def _text_delta(event: _Event) -> ModelEvent:
    return TextDelta(_text(event))


def _summary_part_started(event: _Event) -> ModelEvent:
    return ReasoningSummaryPartStarted(_index(event, "summary_index"))


def _summary_delta(event: _Event) -> ModelEvent:
    return ReasoningSummaryDelta(_text(event), _index(event, "summary_index"))


def _reasoning_delta(event: _Event) -> ModelEvent:
    return ReasoningDelta(_text(event), _index(event, "content_index"))


def _rate_limits(event: _Event) -> ModelEvent | None:
    limits = rate_limits_from_event(event)
    return None if limits is None else RateLimitsReported(limits)


def _completed(event: _Event) -> ModelEvent:
    response = _table(event, "response")
    return ResponseCompleted(_response_id(response), _usage(response.get("usage")))


def _failed(event: _Event) -> ModelEvent | None:
    response = event.get("response")
    raise error_from_failure(_part(_as_table(response), "error"))


def _error(event: _Event) -> ModelEvent | None:
    raise error_from_failure(_part(event, "error") or event)


def _incomplete(event: _Event) -> ModelEvent | None:
    """The items so far were delivered; asking again would end the same way, so it is final."""
    details = _part(_as_table(event.get("response")), "incomplete_details")
    reason = details.get("reason")
    raise ModelError(
        "the model's response is incomplete: "
        + (reason if isinstance(reason, str) else "no reason given")
    )


def _response_id(response: _Event) -> str:
    response_id = response.get("id")
    return response_id if isinstance(response_id, str) else ""


def _usage(value: object) -> TokenUsage | None:
    usage = _as_table(value)
    if not usage:
        return None
    input_tokens, output_tokens = _count(usage, "input_tokens"), _count(usage, "output_tokens")
    return TokenUsage(
        input_tokens=input_tokens,
        cached_input_tokens=_count(_part(usage, "input_tokens_details"), "cached_tokens"),
        output_tokens=output_tokens,
        reasoning_output_tokens=_count(_part(usage, "output_tokens_details"), "reasoning_tokens"),
        total_tokens=_count(usage, "total_tokens") or input_tokens + output_tokens,
    )


def _count(table: _Event, name: str) -> int:
    count = table.get(name)
    return count if type(count) is int and count > 0 else 0


def _part(table: _Event, name: str) -> _Event:
    return _as_table(table.get(name))


def _as_table(value: object) -> _Event:
    return cast("_Event", value) if isinstance(value, dict) else {}


_READERS: Mapping[str, Callable[[_Event], ModelEvent | None]] = {
    "response.created": _started,
    "response.output_item.added": _item_started,
    "response.output_item.done": _item_done,
    "response.output_text.delta": _text_delta,
    "response.reasoning_summary_part.added": _summary_part_started,
    "response.reasoning_summary_text.delta": _summary_delta,
    "response.reasoning_text.delta": _reasoning_delta,
    "codex.rate_limits": _rate_limits,
    "response.completed": _completed,
    "response.failed": _failed,
    "response.incomplete": _incomplete,
    "error": _error,
}
