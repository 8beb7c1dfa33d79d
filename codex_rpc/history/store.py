"""The list of response items that a thread's model has said and heard, oldest first."""

from collections.abc import Iterable, Sequence

from codex_rpc.protocol.response_items import MessageItem, OtherItem, ResponseItem


class HistoryStore:
    """Append-only between rewrites. Items are immutable, so a snapshot is a shallow copy."""

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[ResponseItem] = ()) -> None:
        self._items: list[ResponseItem] = []
        self.record(items)

    def record(self, items: Iterable[ResponseItem]) -> list[ResponseItem]:
        """Append what belongs in a conversation, and return it.

        System messages come from the instructions, and unknown items cannot be sent back.
        """
        kept = [item for item in items if _belongs(item)]
        self._items += kept
        return kept

    def snapshot(self) -> Sequence[ResponseItem]:
        return tuple(self._items)

    def __len__(self) -> int:
        return len(self._items)


def _belongs(item: ResponseItem) -> bool:
    match item:
        case OtherItem():
            return False
        case MessageItem(role=role):
            return role != "system"
        case _:
            return True
