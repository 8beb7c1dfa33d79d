"""Rollout files as tests read them."""

import json
from pathlib import Path
from typing import Any

Line = dict[str, Any]

CALLS = {"function_call", "custom_tool_call"}
OUTPUTS = {"function_call_output", "custom_tool_call_output"}


def read_rollout(path: Path) -> list[Line]:
    """All lines; fails if one of them is no whole JSON object."""
    content = path.read_bytes()
    assert content.endswith(b"\n"), "the last line is torn"
    return [json.loads(line) for line in content.splitlines()]


def events(lines: list[Line], *kinds: str) -> list[dict[str, Any]]:
    return [
        line["payload"]
        for line in lines
        if line["type"] == "event_msg" and line["payload"]["type"] in kinds
    ]


def response_items(lines: list[Line]) -> list[dict[str, Any]]:
    return [line["payload"] for line in lines if line["type"] == "response_item"]


def said(lines: list[Line], role: str) -> list[str]:
    """The text of each message of that role."""
    return [
        "".join(part["text"] for part in item["content"])
        for item in response_items(lines)
        if item["type"] == "message" and item["role"] == role
    ]


def outputs(lines: list[Line]) -> list[str]:
    """What the model was told of its tool calls, in order."""
    return [item["output"] for item in response_items(lines) if item["type"] in OUTPUTS]


def assert_calls_are_paired(lines: list[Line]) -> None:
    """Every tool call has exactly one output, and outputs come in call order."""
    recorded = response_items(lines)
    called = [item["call_id"] for item in recorded if item["type"] in CALLS]
    answered = [item["call_id"] for item in recorded if item["type"] in OUTPUTS]
    assert called == answered


def assert_turns_are_closed(lines: list[Line]) -> None:
    """Every turn that started has exactly one end on record, before the next one starts."""
    running: list[str] = []
    for event in events(lines, "task_started", "task_complete", "turn_aborted"):
        if event["type"] == "task_started":
            assert not running, "a turn started while another one ran"
            running.append(event["turn_id"])
        else:
            assert running.pop() == event["turn_id"]
    assert not running, "a turn has no end on record"
