"""The envelope of a rollout line: a stamp, a kind, a payload. What payloads say is elsewhere."""

import json
from datetime import UTC, datetime
from typing import Any

from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

Payload = dict[str, Any]


def utc_millis(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as every line is stamped."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(stamp: object) -> datetime | None:
    """The moment that `utc_millis` wrote, or another program; `None` if it is no such thing."""
    try:
        moment = datetime.fromisoformat(stamp) if isinstance(stamp, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def line(kind: str, payload: object, moment: datetime, ordinal: int | None = None) -> bytes:
    """One line of a rollout file, newline included. Text that is no Unicode becomes `?`."""
    stamped: Payload = {"timestamp": utc_millis(moment)}
    if ordinal is not None:
        stamped["ordinal"] = ordinal
    stamped |= {"type": kind, "payload": payload}
    try:
        return to_json(stamped, inf_nan_mode="null") + b"\n"
    except PydanticSerializationError:
        text = json.dumps(to_jsonable_python(stamped), ensure_ascii=False, separators=(",", ":"))
        return text.encode(errors="replace") + b"\n"
