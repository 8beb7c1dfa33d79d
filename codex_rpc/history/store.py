"""The list of response items that a thread's model has said and heard, oldest first."""

from collections.abc import Iterable, Sequence

from codex_rpc.history.images import with_invalid_image_named
from codex_rpc.history.pairing import without_first
from codex_rpc.history.rollback import without_last_turns
from codex_rpc.history.truncation import DEFAULT_POLICY, TruncationPolicy, truncated_output_item
from codex_rpc.protocol.response_items import MessageItem, OtherItem, ResponseItem


class HistoryStore:
    """Append-only between rewrites. Items are immutable, so a snapshot is a shallow copy."""

    __slots__ = ("_items", "_version")

    def __init__(self, items: Iterable[ResponseItem] = ()) -> None:
        self._items: list[ResponseItem] = []
        self._version = 0
        self.record(items)

    def record(
        self, items: Iterable[ResponseItem], policy: TruncationPolicy = DEFAULT_POLICY
    ) -> list[ResponseItem]:
        """Append what belongs in a conversation, long outputs shortened, and return it as kept.

        System messages come from the instructions, and unknown items cannot be sent back. What is
        returned is kept as it is if it is recorded again.
        """
        kept = [truncated_output_item(item, policy) for item in items if _belongs(item)]
        self._items += kept
        return kept

    def replace(self, items: Iterable[ResponseItem]) -> None:
        """Put a compacted history in the place of this one."""
        self._rewrite([item for item in items if _belongs(item)])

    def drop_last_n_user_turns(self, count: int) -> bool:
        """Take back the last turns; whether anything was. What comes before the first one stays.

        What the model was told about changed settings may go with them.
        """
        return self._shorten_to(without_last_turns(self._items, count))

    def remove_first_item(self) -> bool:
        """Remove the oldest item and, if that is a call, its output; whether there was one."""
        return self._shorten_to(without_first(self._items))

    def name_invalid_image(self) -> bool:
        """Replace the newest image that a tool returned by words; whether there was one."""
        replaced = with_invalid_image_named(self._items)
        if replaced is None:
            return False
        self._rewrite(replaced)
        return True

    @property
    def version(self) -> int:
        """How often the history was rewritten; recording does not count."""
        return self._version

    def snapshot(self) -> Sequence[ResponseItem]:
        return tuple(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def _shorten_to(self, items: Sequence[ResponseItem]) -> bool:
        shorter = len(items) < len(self._items)
        if shorter:
            self._rewrite(list(items))
        return shorter

    def _rewrite(self, items: list[ResponseItem]) -> None:
        self._items = items
        self._version += 1


def _belongs(item: ResponseItem) -> bool:
    match item:
        case OtherItem():
            return False
        case MessageItem(role=role):
            return role != "system"
        case _:
            return True
