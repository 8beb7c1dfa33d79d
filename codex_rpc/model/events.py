"""The events of a model's response, as every provider tells them (`model.port`)."""

from msgspec import Struct

from codex_rpc.model.port import RateLimits, TokenUsage
from codex_rpc.protocol.response_items import ResponseItem


class ResponseStarted(Struct, frozen=True):
    response_id: str


class OutputItemStarted(Struct, frozen=True):
    """The model opened an item; its content follows in deltas."""

    item: ResponseItem


class TextDelta(Struct, frozen=True):
    delta: str


class ReasoningSummaryPartStarted(Struct, frozen=True):
    summary_index: int


class ReasoningSummaryDelta(Struct, frozen=True):
    delta: str
    summary_index: int


class ReasoningDelta(Struct, frozen=True):
    delta: str
    content_index: int


class OutputItemDone(Struct, frozen=True):
    """An item is complete; this is its authoritative content."""

    item: ResponseItem


class RateLimitsReported(Struct, frozen=True):
    rate_limits: RateLimits


class ResponseCompleted(Struct, frozen=True):
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
