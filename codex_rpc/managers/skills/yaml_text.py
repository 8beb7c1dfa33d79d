"""Reading YAML that a person wrote: every scalar as text, nothing executed, nothing unbounded."""

from collections.abc import Mapping
from typing import Any, cast

MAX_BYTES = 64 * 1024
"""A skill says what it is in less than this."""


def yaml_table(text: str) -> Mapping[str, Any]:
    """The mapping that `text` is.

    Raises:
        ValueError: if it is no YAML, or no mapping, in words for the author.
    """
    # Slow to import, and needed by few.
    import yaml

    # The base loaders make text, lists and mappings, nothing else.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        value = yaml.load(text, loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = "" if mark is None else f" at line {mark.line + 1} column {mark.column + 1}"
        raise ValueError(f"{error.problem or 'malformed'}{where}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error) or "malformed") from None
    match value:
        case None:
            return {}
        case dict():
            return cast("Mapping[str, Any]", value)
        case _:
            raise ValueError("expected a mapping")


def line_at(table: Mapping[str, Any], key: str) -> str | None:
    """The text at `key`, on one line; `None` if there is none.

    Raises:
        ValueError: if something else than text stands there.
    """
    match table.get(key):
        case None:
            return None
        case str(text):
            return " ".join(text.split()) or None
        case list():
            raise ValueError(f"{key}: invalid type: sequence, expected a string")
        case _:
            raise ValueError(f"{key}: invalid type: map, expected a string")


def table_in(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The mapping at `key`; empty if there is none."""
    value = table.get(key)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
