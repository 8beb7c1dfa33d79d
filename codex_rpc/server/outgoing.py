"""How events look on the wire: notifications with their time stamp, deltas that can be merged."""

import time
from collections.abc import Hashable, Sequence
from typing import Self

from msgspec import Struct

from codex_rpc.protocol.notifications import (
    AgentMessageDeltaNotification,
    CommandExecutionOutputDeltaNotification,
    Notification,
    ReasoningSummaryTextDeltaNotification,
    ReasoningTextDeltaNotification,
)
from codex_rpc.rpc.messages import encode_notification

DeltaNotification = (
    AgentMessageDeltaNotification
    | CommandExecutionOutputDeltaNotification
    | ReasoningSummaryTextDeltaNotification
    | ReasoningTextDeltaNotification
)
DELTA_TYPES = (
    AgentMessageDeltaNotification,
    CommandExecutionOutputDeltaNotification,
    ReasoningSummaryTextDeltaNotification,
    ReasoningTextDeltaNotification,
)

_ENVELOPE_BYTES = 256
"""About how much a delta's message is longer than its text."""


def encode_event(event: Notification) -> bytes:
    """The message for `event`, stamped with the present time."""
    return encode_notification(
        event.METHOD, event.__pydantic_serializer__.to_json(event), time.time_ns() // 1_000_000
    )


class QueuedDelta(Struct, frozen=True):
    """A delta in a connection's queue: pieces of the same text join while the client is slow."""

    event: DeltaNotification

    @property
    def group(self) -> Hashable:
        return self.event.thread_id

    @property
    def merge_key(self) -> Hashable:
        match self.event:
            case ReasoningSummaryTextDeltaNotification(item_id=item, summary_index=index):
                return ("summary", item, index)
            case ReasoningTextDeltaNotification(item_id=item, content_index=index):
                return ("content", item, index)
            case _:
                return (type(self.event), self.event.item_id)

    @property
    def size(self) -> int:
        return len(self.event.delta) + _ENVELOPE_BYTES

    def encode(self) -> bytes:
        return encode_event(self.event)

    def merged(self, later: Sequence[Self]) -> Self:
        text = "".join([self.event.delta, *(piece.event.delta for piece in later)])
        return type(self)(self.event.model_copy(update={"delta": text}))
