"""Where a page of turns or items begins, and how long it is."""

import json
from typing import Self, cast

from msgspec import Struct

from codex_rpc.errors import InvalidCursorError

DEFAULT_LIMIT = 25
MAX_LIMIT = 100


class PageCursor(Struct, frozen=True):
    """A turn or item beside which a page begins, or with which."""

    turn_id: str
    item_id: str | None
    include: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` has made.

        Raises:
            InvalidCursorError: if it is anything else.
        """
        try:
            match cast(object, json.loads(text)):
                case {"turnId": str(turn_id), "itemId": str(item_id), "includeAnchor": bool(with_)}:
                    return cls(turn_id, item_id, with_)
                case {"turnId": str(turn_id), "includeAnchor": bool(with_)}:
                    return cls(turn_id, None, with_)
                case _:
                    raise InvalidCursorError(text)
        except (ValueError, RecursionError):
            raise InvalidCursorError(text) from None

    def __str__(self) -> str:
        item = {} if self.item_id is None else {"itemId": self.item_id}
        fields = {"turnId": self.turn_id, **item, "includeAnchor": self.include}
        return json.dumps(fields, separators=(",", ":"))


def in_range(limit: int | None) -> int:
    """How many entries a page has whose client wants so many."""
    return DEFAULT_LIMIT if limit is None else min(max(limit, 1), MAX_LIMIT)
