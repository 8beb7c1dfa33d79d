"""Marks on items: what a program notes on an item for itself, and what no provider is to see.

Ours is a field of its own name, kept in rollouts and ignored by other programs. The Codex command's
field is read, never written.
"""

from typing import Any, Literal, cast

from codex_rpc.protocol.response_items import MessageItem, ResponseItem

Mark = Literal["compactionSummary"]

_OUR_FIELD = "codex_rpc"
_CODEX_FIELD = "internal_chat_message_metadata_passthrough"

MARK_FIELDS = frozenset({_OUR_FIELD, _CODEX_FIELD})

_CODEX_KINDS: dict[Mark, str] = {"compactionSummary": "compaction.summary"}


def marked(item: MessageItem, mark: Mark) -> MessageItem:
    """A copy of the message that carries `mark`."""
    return item.model_copy(update={_OUR_FIELD: {"kind": mark}})


def has_mark(item: MessageItem, mark: Mark) -> bool:
    """Whether we or the Codex command have marked the message so."""
    extra = item.model_extra or {}
    kinds: object = _mapping(extra.get(_CODEX_FIELD)).get("content_item_kinds")
    return _mapping(extra.get(_OUR_FIELD)).get("kind") == mark or (
        isinstance(kinds, list) and _CODEX_KINDS[mark] in kinds
    )


def without_marks(item: ResponseItem) -> ResponseItem:
    """The item as a provider may see it."""
    if MARK_FIELDS.isdisjoint(item.model_extra or ()):
        return item
    bare = item.model_copy()
    fields = cast(dict[str, Any], bare.model_extra)  # the copy's own
    for name in MARK_FIELDS:
        fields.pop(name, None)
    return bare


def _mapping(value: object) -> dict[str, object]:
    return cast(dict[str, object], value) if isinstance(value, dict) else {}
