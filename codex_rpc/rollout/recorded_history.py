"""RecordedHistory: the conversation with the model, as the lines of a rollout build and rewrite it.

Items were recorded as history kept them, so they are not shortened again. They are parsed when they
are needed, which those before the last compaction rarely are.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import from_json

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
from codex_rpc.rollout.reader import RawLine

_CONTEXT = b"environment_context"
"""Is in each line that tells the model where it works, and in few others."""

_AS_RECORDED = TruncationPolicy("bytes", sys.maxsize)


class Conversation(Protocol):
    """What the model has said and heard, parsed when it is first asked for."""

    @property
    def invalid(self) -> int:
        """How much of it made no sense, as far as it is parsed."""
        ...

    def store(self) -> HistoryStore: ...


@dataclass(slots=True)
class _Stretch:
    """The history from one compaction to the next."""

    store: HistoryStore = field(default_factory=HistoryStore)
    replaced: int = 0
    """Of the items in `store`, those that a compaction has put there."""
    unread: list[RawLine] = field(default_factory=list[RawLine])


class RecordedHistory:
    """Fed with what was recorded, in order; `invalid` counts what made no sense.

    What a compaction replaces is let go, unless it is to be kept (`keep_replaced`) because it will
    be wanted again.
    """

    def __init__(self, *, keep_replaced: bool = False) -> None:
        self._now = _Stretch()
        self._earlier: list[_Stretch] = []
        self._keep_replaced = keep_replaced
        self._compacted = False
        self.invalid = 0
        self.overreached = False
        """Whether a rollback went back beyond a compaction whose past was not kept."""

    def record(self, line: RawLine) -> None:
        self._now.unread.append(line)

    def compact(self, payload: Payload) -> None:
        """Carry out a `compacted` line. The oldest ones give a summary and leave the rest open."""
        replacement = payload.get("replacement_history")
        if isinstance(replacement, list):
            items = self._valid(cast(list[object], replacement))
        else:
            summary = text(payload, "message") or ""
            items = replacement_history(self.store().snapshot(), summary)
            if is_summary(as_written := user_message(summary)):
                items[-1] = as_written
        if self._keep_replaced:
            self._earlier.append(self._now)
        store = HistoryStore()
        store.record(items, _AS_RECORDED)
        self._now = _Stretch(store, replaced=len(store))
        self._compacted = True

    def drop_last_user_turns(self, num_turns: int) -> None:
        """Take back the last turns; a compaction between them is undone.

        What was there before the user said anything always stays.
        """
        said = self._said(self._now)
        while num_turns > said and any(map(self._said, self._earlier)):
            num_turns -= said
            self._now = self._earlier.pop()
            said = self._said(self._now)
        self.overreached |= num_turns > said and self._compacted and not self._keep_replaced
        self._now.store.drop_last_n_user_turns(min(num_turns, said))
        self._now.replaced = min(self._now.replaced, len(self._now.store))

    def _said(self, stretch: _Stretch) -> int:
        """How often the user spoke in a stretch."""
        items = self._settled(stretch).snapshot()
        return sum(map(is_user_message, items[stretch.replaced :]))

    def store(self) -> HistoryStore:
        """The conversation as it now stands."""
        return self._settled(self._now)

    def has_context(self) -> bool:
        """Whether the model has been told where it works, and has not forgotten.

        No more is parsed for it than what may have told so.
        """
        lines = [line for line in self._now.unread if _CONTEXT in line.raw]
        parsed = [parsed_item(payload) for payload in self._payloads(lines)]
        told = [item for item in parsed if item is not None]
        return has_context((*self._now.store.snapshot(), *told))

    def _settled(self, stretch: _Stretch) -> HistoryStore:
        unread, stretch.unread = stretch.unread, []
        stretch.store.record(self._valid(self._payloads(unread)), _AS_RECORDED)
        return stretch.store

    def _payloads(self, lines: Sequence[RawLine]) -> Sequence[object]:
        try:
            parsed = from_json(b"[%b]" % b",".join([line.raw for line in lines]))
            payloads = [line["payload"] for line in parsed]
        except (ValueError, TypeError, KeyError):
            payloads = []
        if len(payloads) == len(lines):
            return payloads
        whole = [line for raw in lines if (line := raw.parsed()) is not None]
        self.invalid += len(lines) - len(whole)
        return [line.payload for line in whole]

    def _valid(self, payloads: Sequence[object]) -> list[ResponseItem]:
        """The items that make sense."""
        try:
            return _items_adapter().validate_python(payloads)
        except ValidationError:
            parsed = [parsed_item(payload) for payload in payloads]
        items = [item for item in parsed if item is not None]
        self.invalid += len(parsed) - len(items)
        return items


@cache
def _items_adapter() -> TypeAdapter[list[ResponseItem]]:
    return TypeAdapter(list[ResponseItem], config=ConfigDict(defer_build=True))


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
