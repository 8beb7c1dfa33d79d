"""What the Responses API asks of a request's input, checked on the JSON that is sent."""

from collections.abc import Mapping, Sequence
from typing import Any

OUTPUT_OF = {
    "function_call": "function_call_output",
    "local_shell_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
}
PARTS_OF = {
    "user": {"input_text", "input_image"},
    "developer": {"input_text"},
    "assistant": {"output_text"},
}


def broken_rules(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with an input, one sentence each; nothing if the API would take it."""
    return [*_wrong_messages(items), *_unpaired(items)]


def _wrong_messages(items: Sequence[Mapping[str, Any]]) -> list[str]:
    wrong: list[str] = []
    for index, item in enumerate(items):
        if item["type"] != "message":
            continue
        allowed = PARTS_OF.get(item["role"])
        if allowed is None:
            wrong.append(f"item {index} has the role {item['role']}")
        elif odd := {part["type"] for part in item["content"]} - allowed:
            wrong.append(f"item {index}, said by {item['role']}, has parts {sorted(odd)}")
    return wrong


def _unpaired(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each call needs one output behind it, of its kind, and no output may stand alone."""
    wrong: list[str] = []
    waiting: list[tuple[str, str]] = []
    for index, item in enumerate(items):
        kind = item["type"]
        if kind in OUTPUT_OF:
            waiting.append((OUTPUT_OF[kind], item["call_id"]))
        elif kind in OUTPUT_OF.values():
            if (kind, item["call_id"]) in waiting:
                waiting.remove((kind, item["call_id"]))
            else:
                wrong.append(f"item {index}, a {kind} for {item['call_id']}, answers no call")
    return [*wrong, *(f"the call {call_id} has no output" for _, call_id in waiting)]
