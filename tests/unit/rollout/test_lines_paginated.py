"""Going on with files of the other program's newest generation."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.inputs import MentionInput
from codex_rpc.protocol.items import (
    CommandExecutionItem,
    DynamicToolCallItem,
    ThreadItem,
    UserMessageItem,
)
from codex_rpc.rollout.lines_paginated import paginated_item
from codex_rpc.rollout.reconstruct import load_log, load_rollout
from codex_rpc.rollout.stored_items import thread_item
from codex_rpc.rollout.thread_log import open_log
from codex_rpc.rollout.truncation import before_turn
from tests.unit.rollout.files import meta, write_lines
from tests.unit.rollout.live_thread import META, THREAD_ID, LiveThread
from tests.unit.rollout.shown_items import ITEMS

NUMBERED = replace(META, history_mode="paginated")
ODD: list[ThreadItem] = [
    CommandExecutionItem(
        id=ItemId("c1"),
        command="echo 'not closed",
        cwd="/tmp",
        command_actions=[],
        status="declined",
    ),
    DynamicToolCallItem(id=ItemId("d"), tool="t", arguments={"aB": 1}, status="completed"),
    UserMessageItem(id=ItemId("m"), content=[MentionInput(name="n", path="/tmp/n")]),
]


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def live(tmp_path: Path) -> LiveThread:
    """A thread that another program has begun, with three numbered lines."""
    first = {"ordinal": 0, **meta(THREAD_ID, history_mode="paginated")}
    first = {"timestamp": first.pop("timestamp"), **first}
    rest = [{**first, "ordinal": number, "type": "world_state"} for number in (1, 41)]
    path = write_lines(tmp_path / "r.jsonl", first, *rest)
    live = LiveThread(path, resumed=True)
    live.recorder.meta = NUMBERED
    return live


async def test_lines_go_on_counting(live: LiveThread) -> None:
    live.talk("one", "two")
    await live.write()
    live.talk("three", "four")
    await live.write()
    ordinals = [line["ordinal"] for line in lines_of(live.path)]
    assert ordinals == [0, 1, *range(41, 41 + len(ordinals) - 2)]


async def test_items_are_spelt_as_the_other_program_does_and_come_back_whole(
    live: LiveThread,
) -> None:
    live.begin_turn()
    for item in [*ITEMS, *ODD]:
        live.show(item)
    live.end_turn()
    await live.write()
    loaded = load_rollout(live.path)
    assert [turn.turn() for turn in loaded.turns] == live.turns
    assert loaded.history.snapshot() == live.history.snapshot()
    payloads = [line["payload"] for line in lines_of(live.path)]
    items = [payload["item"] for payload in payloads if payload.get("type") == "item_completed"]
    assert [item["type"] for item in items][:5] == [
        "UserMessage",
        "AgentMessage",
        "Reasoning",
        "CommandExecution",
        "FileChange",
    ]
    assert not any(payload.get("type") == "user_message" for payload in payloads)


async def test_a_new_numbered_file_begins_at_zero(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "new.jsonl")
    live.recorder.meta = NUMBERED
    live.talk("one", "two")
    await live.write()
    lines = lines_of(live.path)
    assert [line["ordinal"] for line in lines] == list(range(len(lines)))
    assert load_rollout(live.path).meta == NUMBERED


def test_a_command_is_spelt_in_full() -> None:
    command = ITEMS[3]
    assert paginated_item(command) == {
        "type": "CommandExecution",
        "id": "c",
        "process_id": "7",
        "command": ["cat", "a"],
        "cwd": "file:///tmp",
        "parsed_cmd": [{"type": "read", "name": "a", "path": "/tmp/a", "cmd": "cat a"}],
        "source": "agent",
        "status": "failed",
        "aggregated_output": "no\n",
        "exit_code": 1,
        "duration": {"secs": 0, "nanos": 5_000_000},
    }
    assert thread_item(paginated_item(command)) == command


async def test_turns_are_taken_back_whether_items_are_read_or_not(live: LiveThread) -> None:
    live.talk("one", "first")
    live.talk("two", "second")
    live.roll_back(1)
    live.talk("three", "third")
    await live.write()
    log = open_log(live.path.parent, live.path)
    whole, lean = load_log(log), load_log(log, items=False)
    assert [turn.turn_id for turn in whole.turns] == ["turn-1", "turn-3"]
    assert [turn.turn_id for turn in lean.turns] == ["turn-1", "turn-3"]
    assert before_turn(log, "turn-3") == whole.turns[1].start
    assert before_turn(log, "turn-2") is None
