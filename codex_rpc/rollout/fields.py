"""Reading fields of payloads that anybody may have written: each is there in its form, or not."""

from math import isfinite
from typing import Any, cast

from codex_rpc.rollout.envelope import Payload


def text(payload: Payload, name: str) -> str | None:
    value = payload.get(name)
    return value if isinstance(value, str) else None


def integer(payload: Payload, name: str) -> int | None:
    value = payload.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(payload: Payload, name: str) -> float | None:
    value = payload.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value)


def table(payload: Payload, name: str) -> Payload:
    """An object; empty if there is none."""
    value = payload.get(name)
    return cast(Payload, value) if isinstance(value, dict) else {}


def tables(payload: Payload, name: str) -> list[Payload]:
    """The objects in an array; empty if there is none."""
    return [cast(Payload, row) for row in rows(payload, name) if isinstance(row, dict)]


def rows(payload: Payload, name: str) -> list[Any]:
    """An array; empty if there is none."""
    value = payload.get(name)
    return cast(list[Any], value) if isinstance(value, list) else []
