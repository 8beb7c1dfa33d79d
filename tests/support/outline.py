"""Message sequences in a form that tests can spell out and people can read."""

from collections.abc import Sequence
from typing import Any

from tests.support.peer import Message


def outline(messages: Sequence[Message]) -> list[str]:
    """One short line per message; what differs between good runs (ids, times) is left out."""
    return [_line(message) for message in messages]


def of_turn(messages: Sequence[Message]) -> list[str]:
    """The outline without usage reports and deltas, which say nothing about the order of things."""
    return [
        line
        for line in outline(messages)
        if not line.startswith(("thread/tokenUsage", "account/rateLimits")) and "elta" not in line
    ]


def _line(message: Message) -> str:
    method = message.get("method")
    if method is None:
        return "refusal" if "error" in message else "response"
    params = message["params"]
    match method:
        case "thread/status/changed":
            return " ".join([method, _status(params["status"])])
        case "item/started" | "item/completed":
            return " ".join([method, _item(params["item"])])
        case "turn/completed":
            return f"{method} {params['turn']['status']}"
        case "error":
            return f"{method} willRetry={params['willRetry']}"
        case _ if "delta" in params:
            return f"{method} {params['delta']!r}"
        case _:
            return f"? {method}" if "id" in message else method


def _status(status: dict[str, Any]) -> str:
    return ",".join([status["type"], *status.get("activeFlags", ())])


def _item(item: dict[str, Any]) -> str:
    return " ".join([item["type"], *([item["status"]] if "status" in item else [])])


def items(messages: Sequence[Message], kind: str) -> list[dict[str, Any]]:
    """The completed items of that type."""
    done = (m["params"]["item"] for m in messages if m.get("method") == "item/completed")
    return [item for item in done if item["type"] == kind]


def texts(messages: Sequence[Message]) -> list[str]:
    """What the agent said, message by message."""
    return [item["text"] for item in items(messages, "agentMessage")]


def ends(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The turns that ended, as they were then."""
    return [m["params"]["turn"] for m in messages if m.get("method") == "turn/completed"]
