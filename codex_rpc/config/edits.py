"""Single changes of a configuration table, as clients ask for them."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

from msgspec import Struct

from codex_rpc.config.key_path import split_key_path
from codex_rpc.config.layers import KeyPath
from codex_rpc.errors import ConfigWriteError

_SELECTORS = ("profile", "profiles")
"""Keys that the `codex` command no longer reads its whole file with."""

DEEPEST = 64
"""How many tables and arrays a value may have inside each other."""

_INTEGERS = range(-(2**63), 2**63)
"""What TOML has."""


class Edit(Struct, frozen=True):
    """One change: `value` at `path`, or nothing there if it is `None`.

    A table replaces the one that is there, or with `upsert` is merged into it.
    """

    path: KeyPath
    value: Any
    strategy: Literal["replace", "upsert"] = "replace"

    def applied(self, table: Mapping[str, Any]) -> Mapping[str, Any]:
        """The table after this edit."""
        return _edited(table, self.path, self.value, self.strategy)

    def values(self) -> Iterator[tuple[KeyPath, Any]]:
        """The single values that are set, without those that are removed."""
        if self.value is not None:
            yield from _values(self.path, self.value)


def edit_of(key_path: str, value: Any, strategy: Literal["replace", "upsert"]) -> Edit:
    """The edit that a client asks for.

    Raises:
        ConfigWriteError: if the key is none, may not be written, or TOML has no such value.
    """
    path = split_key_path(key_path)
    if path[0] in _SELECTORS:
        raise refused(
            f"`{path[0]}` is a legacy config selector and can no longer be written; keep the "
            "profile in `<name>.config.toml` instead"
        )
    if value is not None:
        _check_value(value)
    return Edit(path, value, strategy)


def refused(message: str) -> ConfigWriteError:
    """The error for a change that would make no usable configuration."""
    return ConfigWriteError(message, "configValidationError")


def _values(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, Any]]:
    if not isinstance(value, Mapping):
        yield path, value
        return
    for name, entry in cast("Mapping[str, Any]", value).items():
        yield from _values((*path, name), entry)


def _check_value(value: object, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise refused("invalid value: nested too deeply")
    match value:
        case None:
            raise refused("invalid value: invalid type: null, expected any valid TOML value")
        case bool() | float() | str():
            pass
        case int() if value not in _INTEGERS:
            raise refused(f"invalid value: integer `{value}` is out of range")
        case Mapping():
            for entry in cast("Mapping[str, object]", value).values():
                _check_value(entry, depth + 1)
        case list():
            for entry in cast("list[object]", value):
                _check_value(entry, depth + 1)
        case _:
            pass


def _edited(
    table: Mapping[str, Any], path: KeyPath, value: Any, strategy: str
) -> Mapping[str, Any]:
    """The table after one edit."""
    name, *rest = path
    below = table.get(name)
    inner = cast("Mapping[str, Any]", below) if isinstance(below, Mapping) else None
    if rest:
        if value is None and inner is None:
            return table
        return {**table, name: _edited(inner or {}, tuple(rest), value, strategy)}
    if value is None:
        return {key: entry for key, entry in table.items() if key != name}
    if strategy == "upsert" and inner is not None and isinstance(value, Mapping):
        merged = inner
        for key, entry in cast("Mapping[str, Any]", value).items():
            merged = _edited(merged, (key,), entry, strategy)
        value = merged
    return {**table, name: value}
