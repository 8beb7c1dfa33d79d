"""Where threads are cut."""

from pathlib import Path

import pytest

from codex_rpc.history.fragments import environment_context
from codex_rpc.protocol.response_items import (
    FunctionCallItem,
    MessageItem,
    OutputText,
    ReasoningItem,
    ResponseItem,
    user_message,
)
from codex_rpc.rollout.reconstruct import load_log
from codex_rpc.rollout.thread_log import ThreadLog, open_log
from codex_rpc.rollout.truncation import (
    KEEP_ALL,
    after_turn,
    before_turn,
    before_user_message,
    truncate_before_user_message,
)
from tests.unit.rollout.files import Line, event, line, message, meta, write_lines
from tests.unit.rollout.live_thread import LiveThread, said

ITEMS: list[ResponseItem] = [
    user_message("u1"),
    said("a1"),
    said("a2"),
    MessageItem(role="user", content=[OutputText(text="u2")]),
    said("a3"),
    ReasoningItem(id="r1"),
    FunctionCallItem(call_id="c1", name="tool", arguments="{}"),
    said("a4"),
]
PREFIX: list[ResponseItem] = [
    environment_context(cwd=Path("/tmp")),
    user_message("# AGENTS.md instructions for /tmp\n\n<INSTRUCTIONS>\nx\n</INSTRUCTIONS>"),
]


# --- items -------------------------------------------------------------------------------------


def test_items_are_cut_strictly_before_a_user_message() -> None:
    assert truncate_before_user_message(ITEMS, 1) == ITEMS[:3]
    assert truncate_before_user_message(ITEMS, 0) == []
    assert list(truncate_before_user_message(ITEMS, 2)) == []
    assert truncate_before_user_message(ITEMS, KEEP_ALL) == ITEMS


def test_what_comes_before_the_first_message_is_kept_and_not_counted() -> None:
    items = PREFIX + ITEMS
    assert truncate_before_user_message(items, 0) == PREFIX
    assert truncate_before_user_message(items, 1) == items[:5]


# --- logs --------------------------------------------------------------------------------------


def log_of(tmp_path: Path, *lines: Line) -> ThreadLog:
    return open_log(tmp_path, write_lines(tmp_path / "r.jsonl", meta(), *lines))


def texts(log: ThreadLog, end: int | None) -> list[str] | None:
    """What is said in the log before a cut."""
    if end is None:
        return None
    items = load_log(log.slice(0, end)).history.snapshot()
    return [item.text for item in items if isinstance(item, MessageItem)]


def test_a_log_without_turns_is_cut_as_items_are(tmp_path: Path) -> None:
    items = [line("response_item", one.model_dump(mode="json")) for one in PREFIX + ITEMS]
    log = log_of(tmp_path, *items)
    cut = before_user_message(log, 1)
    assert cut is not None
    assert load_log(log.slice(0, cut)).history.snapshot() == tuple(PREFIX + ITEMS[:3])
    first = before_user_message(log, 0)
    assert first is not None
    assert load_log(log.slice(0, first)).history.snapshot() == tuple(PREFIX)
    assert before_user_message(log, 2) is None
    assert before_user_message(log, KEEP_ALL) == log.end


def test_what_was_taken_back_does_not_count(tmp_path: Path) -> None:
    log = log_of(
        tmp_path,
        message("user", "one"),
        message("user", "two"),
        message("user", "three"),
        event("thread_rolled_back", num_turns=2),
        message("user", "four"),
        event("thread_rolled_back", num_turns=9),
        message("user", "five"),
        message("user", "six"),
    )
    assert texts(log, before_user_message(log, 0)) == []
    assert texts(log, before_user_message(log, 1)) == ["five"]
    assert before_user_message(log, 2) is None


@pytest.fixture
async def live(tmp_path: Path) -> LiveThread:
    """Two turns, of which the first was steered; two more that were taken back; a last one."""
    live = LiveThread(tmp_path / "r.jsonl")
    live.begin_turn()
    live.hear("one")
    live.hear("steered")
    live.end_turn()
    live.talk("two", "second")
    live.talk("three", "third")
    live.talk("four", "fourth")
    live.roll_back(2)
    live.talk("five", "fifth")
    await live.write()
    return live


def cut_texts(live: LiveThread, end: int | None) -> list[str] | None:
    return texts(open_log(live.path.parent, live.path), end)


async def test_a_turn_goes_with_its_first_message(live: LiveThread) -> None:
    log = open_log(live.path.parent, live.path)
    turns = load_log(log).turns
    cuts = [before_user_message(log, number) for number in range(4)]
    assert cuts[0] == turns[0].start
    assert cuts[2] == turns[1].start
    assert cuts[3] == turns[2].start
    assert before_user_message(log, 4) is None


async def test_a_steered_turn_is_cut_in_its_middle(live: LiveThread) -> None:
    log = open_log(live.path.parent, live.path)
    cut = before_user_message(log, 1)
    assert cut is not None
    loaded = load_log(log.slice(0, cut))
    assert (texts(log, cut) or [])[-1] == "one"
    assert loaded.open_turn is not None


async def test_a_cut_before_a_turn_keeps_the_turns_before_it(live: LiveThread) -> None:
    log = open_log(live.path.parent, live.path)
    assert (texts(log, before_turn(log, "turn-2")) or [])[1:] == ["one", "steered"]
    assert (texts(log, before_turn(log, "turn-5")) or [])[-2:] == ["two", "second"]
    assert before_turn(log, "turn-1") == load_log(log).turns[0].start
    assert before_turn(log, "turn-3") is None
    assert before_turn(log, "unheard-of") is None


async def test_a_cut_after_a_turn_keeps_it(live: LiveThread) -> None:
    log = open_log(live.path.parent, live.path)
    assert (texts(log, after_turn(log, "turn-1")) or [])[1:] == ["one", "steered"]
    assert (texts(log, after_turn(log, "turn-2")) or [])[-2:] == ["two", "second"]
    assert after_turn(log, "turn-5") == log.end
    assert after_turn(log, "turn-4") is None


async def test_a_cut_after_a_turn_that_lost_its_end_keeps_it_lost(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "r.jsonl")
    live.begin_turn()
    live.hear("one")
    live.hear("steered")
    live.end_turn()
    live.roll_back(1)
    live.talk("two", "second")
    await live.write()
    log = open_log(tmp_path, live.path)
    assert (texts(log, after_turn(log, "turn-1")) or [])[1:] == ["one"]


async def test_a_cut_after_a_turn_without_an_end_is_where_the_next_begins(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "r.jsonl")
    live.begin_turn()
    live.hear("one")
    live.talk("two", "second")
    await live.write()
    log = open_log(tmp_path, live.path)
    assert after_turn(log, "turn-1") == before_turn(log, "turn-2")
