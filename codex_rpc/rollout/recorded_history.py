"""RecordedHistory: the conversation with the model, as the lines of a rollout build and rewrite it.

Items were recorded as history kept them, so they are not shortened again. They are parsed when they
are needed, which those before the last compaction never are.
"""

import sys
from collections.abc import Iterable
from typing import cast

from pydantic import ValidationError

from codex_rpc.history.compaction import is_summary, replacement_history
from codex_rpc.history.fragments import ENVIRONMENT_CONTEXT, is_user_message
from codex_rpc.history.store import HistoryStore
from codex_rpc.history.truncation import TruncationPolicy
from codex_rpc.protocol.response_items import (
    RESPONSE_ITEM,
    MessageItem,
    ResponseItem,
    user_message,
)
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import text

_AS_RECORDED = TruncationPolicy("bytes", sys.maxsize)


class RecordedHistory:
    """Fed with what was recorded, in order; `invalid` counts what made no sense."""

    def __init__(self) -> None:
        self._store = HistoryStore()
        self._unread: list[object] = []
        self.invalid = 0

    def record(self, payload: Payload) -> None:
        self._unread.append(payload)

    def compact(self, payload: Payload) -> None:
        """Carry out a `compacted` line. The oldest ones give a summary and leave the rest open."""
        replacement = payload.get("replacement_history")
        if isinstance(replacement, list):
            self._store = HistoryStore()
            self._unread = list(cast(list[object], replacement))
        else:
            summary = text(payload, "message") or ""
            rebuilt = replacement_history(self.store().snapshot(), summary)
            if is_summary(as_written := user_message(summary)):
                rebuilt[-1] = as_written
            self._store.replace(rebuilt)

    def drop_last_user_turns(self, num_turns: int) -> None:
        self.store().drop_last_n_user_turns(num_turns)

    def store(self) -> HistoryStore:
        """The conversation as it now stands."""
        unread, self._unread = self._unread, []
        parsed = [parsed_item(payload) for payload in unread]
        items = [item for item in parsed if item is not None]
        self.invalid += len(parsed) - len(items)
        self._store.record(items, _AS_RECORDED)
        return self._store


def parsed_item(payload: object) -> ResponseItem | None:
    try:
        return RESPONSE_ITEM.validate_python(payload)
    except ValidationError:
        return None


def is_spoken(payload: Payload) -> bool:
    """Whether a response item is something that the user said."""
    return _spoken(payload) is not None


def spoken_text(payload: Payload) -> str:
    """What the user says in a response item; empty if it is nothing that a user said."""
    message = _spoken(payload)
    return message.text if message else ""


def _spoken(payload: Payload) -> MessageItem | None:
    if payload.get("role") != "user":
        return None
    item = parsed_item(payload)
    return item if isinstance(item, MessageItem) and is_user_message(item) else None


def has_context(history: Iterable[ResponseItem]) -> bool:
    """Whether the model has been told where it works, and has not forgotten."""
    return any(
        isinstance(item, MessageItem)
        and item.role == "user"
        and any(ENVIRONMENT_CONTEXT.matches(getattr(part, "text", "")) for part in item.content)
        for item in history
    )
