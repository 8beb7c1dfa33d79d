from pathlib import Path

import pytest

from codex_rpc.rollout.reconstruct import load_rollout
from codex_rpc.rollout.recorder import RolloutRecorder
from tests.support.rollout import events, read_rollout
from tests.unit.rollout.live_thread import META, SETTINGS, THREAD_ID, LiveThread
from tests.unit.rollout.shown_items import ITEMS


async def test_no_file_is_made_before_the_first_turn(tmp_path: Path) -> None:
    recorder = RolloutRecorder(tmp_path / "r.jsonl", META)
    recorder.record_turn_context(None, SETTINGS)
    await recorder.write_pending()
    assert not recorder.path.exists()


async def test_a_new_file_begins_with_its_thread(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "deep" / "er" / "r.jsonl")
    live.talk("hello", "hi")
    await live.write()
    lines = read_rollout(live.path)
    assert [line["type"] for line in lines].count("session_meta") == 1
    assert lines[0]["payload"]["id"] == THREAD_ID


async def test_a_file_that_exists_is_continued_without_naming_its_thread_again(
    tmp_path: Path,
) -> None:
    first = LiveThread(tmp_path / "r.jsonl")
    first.talk("hello", "hi")
    await first.write()
    before = first.path.read_bytes()
    second = LiveThread(first.path, resumed=True, history=first.history, turns=first.turns)
    second.talk("again", "yes")
    await second.write()
    after = second.path.read_bytes()
    assert after.startswith(before)
    assert after.count(b'"session_meta"') == 1
    assert load_rollout(first.path).history.snapshot() == second.history.snapshot()


async def test_what_happens_between_turns_of_a_resumed_thread_is_written(tmp_path: Path) -> None:
    first = LiveThread(tmp_path / "r.jsonl")
    first.talk("hello", "hi")
    await first.write()
    second = LiveThread(first.path, resumed=True, history=first.history)
    second.roll_back(1)
    await second.write()
    assert load_rollout(first.path).turns == []


@pytest.mark.parametrize("lost", [1, 2, 40])
async def test_a_line_torn_by_a_crash_does_not_take_the_next_one_with_it(
    tmp_path: Path, lost: int
) -> None:
    crashed = LiveThread(tmp_path / "r.jsonl")
    crashed.talk("hello", "hi")
    await crashed.write()
    crashed.path.write_bytes(crashed.path.read_bytes()[:-lost])
    resumed = LiveThread(crashed.path, resumed=True)
    resumed.begin_turn()
    resumed.hear("again")
    await resumed.write()
    loaded = load_rollout(crashed.path)
    assert loaded.turns[-1].items() == resumed.turns[-1].items
    assert loaded.counts.malformed == (0 if lost == 1 else 1)
    assert not loaded.counts.torn


async def test_a_file_that_vanished_is_begun_anew_with_its_thread(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "r.jsonl")
    live.talk("hello", "hi")
    await live.write()
    live.path.unlink()
    live.talk("again", "yes")
    await live.write()
    assert read_rollout(live.path)[0]["payload"]["id"] == THREAD_ID


async def test_a_file_that_a_crash_left_empty_is_begun_with_its_thread(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "r.jsonl", resumed=True)
    live.path.touch()
    live.talk("hello", "hi")
    await live.write()
    assert read_rollout(live.path)[0]["payload"]["id"] == THREAD_ID


async def test_what_cannot_be_written_is_written_later(tmp_path: Path) -> None:
    blocked = tmp_path / "folder"
    blocked.write_bytes(b"in the way")
    live = LiveThread(blocked / "r.jsonl")
    live.talk("hello", "hi")
    with pytest.raises(OSError, match="Not a directory"):
        await live.write()
    blocked.unlink()
    live.talk("again", "yes")
    await live.write()
    assert load_rollout(live.path).history.snapshot() == live.history.snapshot()


async def test_items_are_also_told_in_the_events_that_the_other_program_reads(
    tmp_path: Path,
) -> None:
    live = LiveThread(tmp_path / "r.jsonl")
    live.begin_turn()
    for item in ITEMS:
        live.show(item)
    await live.write()
    kinds = [line["payload"].get("type") for line in read_rollout(live.path)]
    told = [kind for kind in kinds if kind not in (None, "message", "item_completed")]
    assert told == [
        "task_started",
        "user_message",
        "agent_message",
        "agent_reasoning",
        "agent_reasoning",
        "agent_reasoning_raw_content",
        "patch_apply_end",
        "context_compacted",
    ]


async def test_rate_limits_that_say_nothing_leave_no_line(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "r.jsonl")
    live.begin_turn()
    live.use(10, 10)
    await live.write()
    lines = read_rollout(live.path)
    assert [count["info"] is None for count in events(lines, "token_count")] == [False]


# --- where the next line will begin --------------------------------------------------------------


async def assert_next_line_at_position(live: LiveThread) -> None:
    """The next line begins where the recorder says, whenever it is asked."""
    live.say("before")
    position = live.recorder.position
    live.say("here")
    await live.write()
    assert position is not None
    content = content_of(live.path)
    assert content[:position].endswith(b"\n")
    assert b"here" in content[position:].splitlines()[0]
    assert live.recorder.position == len(content)


def content_of(path: Path) -> bytes:
    return path.read_bytes()


async def test_a_thread_with_nothing_to_keep_has_no_position(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "r.jsonl")
    assert live.recorder.position is None
    live.begin_turn()
    assert live.recorder.position is not None


async def test_the_position_in_a_new_file_counts_its_first_line(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "r.jsonl")
    live.begin_turn()
    await assert_next_line_at_position(live)
    await assert_next_line_at_position(live)


@pytest.mark.parametrize("lost", [0, 1, 40])
async def test_the_position_in_a_resumed_file_counts_what_is_there(
    tmp_path: Path, lost: int
) -> None:
    first = LiveThread(tmp_path / "r.jsonl")
    first.talk("hello", "hi")
    await first.write()
    first.path.write_bytes(content_of(first.path)[: -lost or None])
    live = LiveThread(first.path, resumed=True)
    await live.recorder.acquire()
    live.begin_turn()
    await assert_next_line_at_position(live)
    await assert_next_line_at_position(live)


async def test_the_position_is_right_after_a_file_has_vanished(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "r.jsonl")
    live.begin_turn()
    await assert_next_line_at_position(live)
    live.path.unlink()
    live.say("anew")
    await live.write()
    await assert_next_line_at_position(live)
