"""LineHead: what a rollout line is, told from its beginning, so that most need not be parsed.

Both programs begin their lines alike. A line that begins otherwise is parsed.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, cast

from msgspec import Struct
from pydantic_core import from_json

from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import rows, table, text

_HEAD = re.compile(
    rb'\{"timestamp":\s?"[^"\\]*",\s?(?:"ordinal":\s?\d+,\s?)?"type":\s?"(\w+)",\s?'
    rb'"payload":\s?\{(?:"type":\s?"(\w+)",?\s?)?'
)
_TURN_ITEM = re.compile(
    rb'"thread_id":\s?"[^"\\]*",\s?"turn_id":\s?"([^"\\]*)",\s?'
    rb'"item":\s?\{(?:"id":\s?"[^"\\]*",\s?)?"type":\s?"(\w+)"'
)
_TURN = re.compile(rb'"turn_id":\s?"([^"\\]*)"')


class LineHead(Struct, frozen=True):
    """`event` is the kind of an `event_msg`; `item` that of its item, as the line spells it."""

    kind: str
    event: str = ""
    turn_id: str | None = None
    item: str = ""


def line_head(raw: bytes) -> LineHead | None:
    """Tell what a line is; `None` if it is nothing."""
    found = _HEAD.match(raw)
    if found is None:
        return _parsed_head(raw)
    kind = found[1].decode()
    if kind != "event_msg":
        return LineHead(kind)
    event = (found[2] or b"").decode()
    if event == "item_completed":
        item = _TURN_ITEM.match(raw, found.end())
        if item is None:
            return _parsed_head(raw)
        return LineHead(kind, event, item[1].decode(), item[2].decode())
    if event in _WITH_TURN:
        turn = _TURN.match(raw, found.end())
        return LineHead(kind, event, turn[1].decode()) if turn else _parsed_head(raw)
    return LineHead(kind, event) if event else _parsed_head(raw)


_WITH_TURN = frozenset({"task_started", "turn_started", "task_complete", "turn_complete"})


def _parsed_head(raw: bytes) -> LineHead | None:
    line = parsed_line(raw)
    if line is None:
        return None
    payload = table(line, "payload")
    return LineHead(
        text(line, "type") or "",
        text(payload, "type") or "" if line.get("type") == "event_msg" else "",
        text(payload, "turn_id"),
        text(table(payload, "item"), "type") or "",
    )


def parsed_line(raw: bytes) -> Payload | None:
    """The whole line, or `None` if it is none."""
    try:
        line: object = from_json(raw)
    except ValueError:
        return None
    match line:
        case {"type": str(), "payload": dict()}:
            return cast(Payload, line)
        case _:
            return None


def whole_lines(file: BinaryIO, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
    """The lines between two offsets, and where each begins; a last one that is cut off is not."""
    file.seek(start)
    while start < stop and (raw := file.readline()).endswith(b"\n"):
        yield start, raw
        start += len(raw)


def spoken(head: LineHead, raw: bytes) -> str | None:
    """What a line says for the user or the agent; `None` if it is no line of a conversation."""
    line = parsed_line(raw) if head.event in _SPOKEN or head.item in _SPOKEN else None
    if line is None:
        return None
    payload = table(line, "payload")
    if head.event != "item_completed":
        message = text(payload, "message") or ""
        return message if message or not payload.get("images") else "[Image]"
    said = [_part_text(part) for part in rows(table(payload, "item"), "content")]
    shown = "".join(said)
    return shown if shown or not said or head.item != "UserMessage" else "[Image]"


def is_user_message(head: LineHead) -> bool:
    """Whether the line is the one by which either program shows what the user said."""
    return head.event == "user_message" or head.item == "UserMessage"


_SPOKEN = frozenset({"user_message", "agent_message", "UserMessage", "AgentMessage"})
"""Lines of one or the other generation; no file has both for the same message."""


def _part_text(part: object) -> str:
    match part:
        case {"text": str(said)}:
            return said
        case _:
            return ""
