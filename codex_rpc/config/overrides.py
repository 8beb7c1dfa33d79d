"""Overrides of single configuration keys: `-c key=value` and a request's `config` map.

A key is dotted (`model_providers.local.base_url`), with TOML's quoting for parts that hold dots
themselves (`projects."/a.b".trust_level`).
"""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, cast

from codex_rpc.errors import ConfigError


def parse_override(text: str) -> tuple[str, Any]:
    """Split `key=value`; the value is TOML, or else the literal text.

    Raises:
        ConfigError: if there is no `=`, or no usable key before it.
    """
    key, separator, value = text.partition("=")
    if not separator or not key.strip():
        raise ConfigError(f"expected key=value, got: {text}")
    _key_parts(key)
    return key.strip(), _toml_value(value.strip())


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def merge_overrides(
    base: Mapping[str, Any], overrides: Iterable[tuple[str, Any]]
) -> dict[str, Any]:
    """Return a copy of `base` with each dotted key set, later ones winning.

    A mapping given for a key that holds a table is merged into it, part by part.

    Raises:
        ConfigError: if a key is malformed or leads through something that is not a table.
    """
    merged = dict(base)
    for key, value in overrides:
        _set(merged, _key_parts(key), value, key)
    return merged


def _key_parts(key: str) -> list[str]:
    try:
        nested: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not a configuration key: {key}") from error
    parts: list[str] = []
    while isinstance(nested, dict):
        ((part, nested),) = cast("dict[str, Any]", nested).items()
        parts.append(part)
    return parts


def _set(table: dict[str, Any], parts: list[str], value: Any, key: str) -> None:
    *parents, last = parts
    for part in parents:
        child = table.get(part, {})
        if not isinstance(child, Mapping):
            raise ConfigError(f"{key}: `{part}` is not a table")
        inner = dict(cast("Mapping[str, Any]", child))
        table[part] = inner
        table = inner
    if isinstance(value, Mapping) and isinstance(table.get(last), Mapping):
        names = cast("Mapping[str, Any]", value).items()
        table[last] = merge_overrides(table[last], ((_quoted(name), part) for name, part in names))
    else:
        table[last] = value


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
