"""The events of a model's response, as every provider tells them (`model.port`)."""

from dataclasses import dataclass

from codex_rpc.model.port import RateLimits, TokenUsage
from codex_rpc.protocol.response_items import ResponseItem


@dataclass(frozen=True, slots=True)
class ResponseStarted:
    response_id: str


@dataclass(frozen=True, slots=True)
class OutputItemStarted:
    """The model opened an item; its content follows in deltas."""

    item: ResponseItem


@dataclass(frozen=True, slots=True)
class TextDelta:
    delta: str


@dataclass(frozen=True, slots=True)
class ReasoningSummaryPartStarted:
    summary_index: int


@dataclass(frozen=True, slots=True)
class ReasoningSummaryDelta:
    delta: str
    summary_index: int


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    delta: str
    content_index: int


@dataclass(frozen=True, slots=True)
class OutputItemDone:
    """An item is complete; this is its authoritative content."""

    item: ResponseItem


@dataclass(frozen=True, slots=True)
class RateLimitsReported:
    rate_limits: RateLimits


@dataclass(frozen=True, slots=True)
class ResponseCompleted:
    """The model is done. Nothing follows; a stream that ends without this was cut off."""

    response_id: str
    usage: TokenUsage | None = None


ModelEvent = (
    ResponseStarted
    | OutputItemStarted
    | TextDelta
    | ReasoningSummaryPartStarted
    | ReasoningSummaryDelta
    | ReasoningDelta
    | OutputItemDone
    | RateLimitsReported
    | ResponseCompleted
)
