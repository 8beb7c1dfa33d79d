"""Handing out a list page by page. A cursor is the key of the last entry of the page before."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from codex_rpc.errors import InvalidParamsError

T = TypeVar("T")


def page(
    entries: Sequence[T], key: Callable[[T], str], cursor: str | None, limit: int | None
) -> tuple[list[T], str | None]:
    """The entries after `cursor`, at most `limit`, and the cursor of the next page if there is one.

    Raises:
        InvalidParamsError: if no entry has that cursor.
    """
    start = 0
    if cursor is not None:
        keys = [key(entry) for entry in entries]
        if cursor not in keys:
            raise InvalidParamsError(f"invalid cursor: {cursor[:200]}", path=("cursor",))
        start = keys.index(cursor) + 1
    data = list(entries[start:] if not limit else entries[start : start + limit])
    more = start + len(data) < len(entries)
    return data, key(data[-1]) if data and more else None
