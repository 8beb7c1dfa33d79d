"""The last turn is told from the last lines, if it can be."""

import json
from collections.abc import Mapping
from typing import Any

from codex_rpc.rollout.reader import RawLine
from codex_rpc.rollout.turn_lines import TurnLines
from tests.unit.rollout.files import event

GARBLED = RawLine("event_msg", "agent_message", b"{garbled", 0)


def raw(line: Mapping[str, Any]) -> RawLine:
    return RawLine("event_msg", line["payload"]["type"], json.dumps(line).encode(), 0)


def lines_of(*lines: RawLine) -> TurnLines:
    told = TurnLines()
    for line in lines:
        told.add(line)
    return told


def turn(turn_id: str | None) -> list[RawLine]:
    return [raw(event("task_started", turn_id=turn_id)), raw(event("task_complete"))]


def names(told: TurnLines) -> list[str]:
    return [each.turn_id for each in told.newest().turns]


def test_lines_of_earlier_turns_are_not_parsed() -> None:
    told = lines_of(*turn("a"), GARBLED, *turn("b"), *turn("c"))
    assert names(told) == ["b", "c"]
    assert told.malformed == 0
    assert [each.turn_id for each in told.all().turns] == ["a", "b", "c"]
    assert told.malformed == 1


def test_turns_without_names_are_counted_from_the_first() -> None:
    assert names(lines_of(*turn("a"), *turn("b"), *turn(None))) == ["a", "b", "turn-3"]


def test_turns_without_a_beginning_need_all_lines() -> None:
    said = raw(event("user_message", message="Hi"))
    assert names(lines_of(*turn("a"), *turn("b"), *turn("c"), said)) == ["a", "b", "c", "turn-4"]
