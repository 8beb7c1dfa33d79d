"""Reading single values of a configuration table, each checked and named if it is wrong."""

from collections.abc import Mapping
from typing import Any, cast

from codex_rpc.errors import ConfigValueError

Table = Mapping[str, Any]


def text_at(table: Table, key: str, *where: str) -> str | None:
    """The string at `key`; `where` are the tables that lead to `table`, for the error.

    Raises:
        ConfigValueError: if it is something else.
    """
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise ConfigValueError((*where, key), "expected a string")
    return value


def boolean_at(table: Table, key: str, *where: str) -> bool | None:
    value = table.get(key)
    if value is not None and not isinstance(value, bool):
        raise ConfigValueError((*where, key), "expected true or false")
    return value


def integer_at(table: Table, key: str, *where: str) -> int | None:
    value = table.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise ConfigValueError((*where, key), "expected an integer")
    return value


def size_at(table: Table, key: str, *where: str, least: int = 0) -> int | None:
    """The integer at `key`, which may not be less than `least`."""
    value = integer_at(table, key, *where)
    if value is not None and value < least:
        raise ConfigValueError((*where, key), f"expected an integer of at least {least}")
    return value


def texts_at(table: Table, key: str, *where: str) -> tuple[str, ...] | None:
    value = table.get(key)
    if value is None:
        return None
    if not (
        isinstance(value, list)
        and all(isinstance(part, str) for part in cast("list[object]", value))
    ):
        raise ConfigValueError((*where, key), "expected an array of strings")
    return tuple(cast("list[str]", value))


def table_at(table: Table, key: str, *where: str) -> Table:
    """The table at `key`, empty if there is none."""
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigValueError((*where, key), "expected a table")
    return cast("Table", value)


def choice_at(table: Table, key: str, choices: tuple[str, ...], *where: str) -> str | None:
    value = text_at(table, key, *where)
    if value is not None and value not in choices:
        raise ConfigValueError(
            (*where, key), f"unknown value `{value}`, expected one of {', '.join(choices)}"
        )
    return value
