"""The layers of the configuration, and what they add up to.

A layer is one table with the place it comes from. Tables of several layers are merged key by key;
of anything else, the highest layer's counts whole. Where layers are found is the business of
`config.loader` and `config.projects`, what their keys mean that of `config.effective`.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from functools import reduce
from pathlib import Path
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.protocol.config import ConfigLayerSource, ProjectLayerSource

DATETIME_KEY = "$__toml_private_datetime"
"""How the `codex` command spells TOML's dates and times in JSON."""

KeyPath = tuple[str, ...]
"""Where a value is: the names of tables, and the indices of arrays in decimal."""


class Layer(Struct, frozen=True):
    """One source of settings. A layer with a `disabled_reason` is shown, and counts for nothing."""

    source: ConfigLayerSource
    table: Mapping[str, Any]
    file: Path | None = None
    """Where to tell the user to look."""
    disabled_reason: str | None = None

    @property
    def version(self) -> str:
        """A digest of what it says, the same for the same settings however they are written."""
        return version_of(self.table)

    @property
    def is_written_over(self) -> bool:
        """Whether what is written to the user's file decides rather than this."""
        source = self.source
        return source.type == "system" or (source.type == "user" and source.profile is None)

    @property
    def is_project(self) -> bool:
        return isinstance(self.source, ProjectLayerSource)


class LayerStack(Struct, frozen=True):
    """All layers, lowest first."""

    layers: Sequence[Layer]

    @property
    def active(self) -> Iterator[Layer]:
        return (layer for layer in self.layers if layer.disabled_reason is None)

    def merged(self) -> dict[str, Any]:
        """What the layers that count add up to."""
        return merge_tables(layer.table for layer in self.active)

    def origin(self, path: KeyPath) -> Layer | None:
        """The highest layer that says something at `path`."""
        found = [layer for layer in self.active if _says(layer.table, path)]
        return found[-1] if found else None

    def origins(self) -> dict[str, Layer]:
        """For each value of the merged table, under its dotted key, where it comes from."""
        paths = _leaves(self.merged(), ())
        owners = ((path, self.origin(path)) for path in paths)
        return {".".join(path): owner for path, owner in owners if owner is not None}

    def without(self, bad: Layer, reason: str) -> "LayerStack":
        """The stack with `bad` disabled."""
        disabled = replace(bad, disabled_reason=reason)
        return LayerStack([disabled if layer is bad else layer for layer in self.layers])


def merge_tables(tables: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    """One table of several, the later ones winning. The originals stay as they are."""
    return reduce(_merged, tables, dict[str, Any]())


def _merged(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(low)
    for key, value in high.items():
        below = result.get(key)
        result[key] = (
            _merged(cast("Mapping[str, Any]", below), cast("Mapping[str, Any]", value))
            if isinstance(value, Mapping) and isinstance(below, Mapping)
            else value
        )
    return result


def version_of(table: Mapping[str, Any]) -> str:
    """The digest of a table: of its JSON with sorted keys and no spaces, as clients compare it."""
    import hashlib  # loads a library that starting a server can do without

    text = json.dumps(
        as_json(table), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


def as_json(value: object) -> Any:
    """A TOML value as JSON: dates become tables, what JSON has no number for becomes `null`."""
    match value:
        case Mapping():
            entries = cast("Mapping[str, object]", value).items()
            return {key: as_json(entry) for key, entry in entries}
        case list():
            return [as_json(entry) for entry in cast("list[object]", value)]
        case datetime() | date() | time():
            return {DATETIME_KEY: value.isoformat().replace("+00:00", "Z")}
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def _leaves(value: object, path: KeyPath) -> Iterator[KeyPath]:
    for name, child in _children(value):
        if isinstance(child, Mapping | list):
            yield from _leaves(cast("object", child), (*path, name))
        else:
            yield (*path, name)


def _children(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from cast("Mapping[str, object]", value).items()
    elif isinstance(value, list):
        for index, entry in enumerate(cast("list[object]", value)):
            yield str(index), entry


def _says(table: object, path: KeyPath) -> bool:
    return value_at(table, path) is not None


def value_at(table: object, path: KeyPath) -> object | None:
    """The value there; `None` if there is none."""
    value = table
    for name in path:
        if isinstance(value, Mapping):
            value = cast("Mapping[str, object]", value).get(name)
        elif isinstance(value, list):
            entries = cast("list[object]", value)
            value = entries[int(name)] if name.isdecimal() and int(name) < len(entries) else None
        else:
            return None
    return value
