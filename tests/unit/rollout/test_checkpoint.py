"""Reading no more than what the newest compaction has left gives the same thread."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_rpc.protocol.usage import CreditsSnapshot, RateLimitSnapshot, RateLimitWindow
from codex_rpc.rollout.reconstruct import Reconstructed, load_log, load_rollout
from codex_rpc.rollout.thread_log import open_log
from tests.unit.rollout.files import event, line, message, meta, write_lines
from tests.unit.rollout.live_thread import SETTINGS, LiveThread


def assert_same_state(path: Path) -> Reconstructed:
    newest, whole = load_log(open_log(path.parent, path), items=False), load_rollout(path)
    assert newest.history.snapshot() == whole.history.snapshot()
    assert newest.settings == whole.settings
    assert newest.baseline == whole.baseline
    assert newest.context_recorded == whole.context_recorded
    assert (newest.total_usage, newest.last_usage) == (whole.total_usage, whole.last_usage)
    assert newest.rate_limits == whole.rate_limits
    assert newest.preview == whole.preview
    assert newest.meta == whole.meta
    assert (newest.open_turn is None) == (whole.open_turn is None)
    if newest.open_turn is not None and whole.open_turn is not None:
        assert newest.open_turn.turn_id == whole.open_turn.turn_id
    shown = [turn.turn_id for turn in whole.turns]
    assert [turn.turn_id for turn in newest.turns] == shown[len(shown) - len(newest.turns) :]
    return newest


async def test_what_was_replaced_long_ago_is_not_read(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "r.jsonl")
    for number in range(20):
        live.talk(f"question {number}", "answer")
    live.compact("all so far", live.history.snapshot()[:2])
    live.talk("after", "that")
    await live.write()
    newest = assert_same_state(live.path)
    assert len(newest.turns) < 4
    assert newest.counts.lines < load_rollout(live.path).counts.lines / 4
    assert newest.preview == "question 0"


async def test_a_compaction_that_was_taken_back_is_not_begun_with(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "r.jsonl")
    live.talk("one", "first")
    live.talk("two", "second")
    live.compact("both")
    live.talk("three", "third")
    live.roll_back(2)
    await live.write()
    newest = assert_same_state(live.path)
    assert newest.history.snapshot() == live.history.snapshot()
    assert len(newest.turns) == 1


async def test_a_turn_that_was_taken_back_may_lie_before_what_is_read(tmp_path: Path) -> None:
    live = LiveThread(tmp_path / "r.jsonl")
    live.talk("one", "first")
    for _ in range(4):
        live.begin_turn()
        live.say("by myself")
        live.end_turn()
    live.revert(1)
    await live.write()
    assert [turn.turn_id for turn in assert_same_state(live.path).turns] == ["turn-1"]


async def test_what_holds_is_found_however_long_ago_it_was_said(tmp_path: Path) -> None:
    """A turn without settings of its own, and more than could be looked through in passing."""
    path = tmp_path / "r.jsonl"
    live = LiveThread(path)
    live.begin_turn()
    live.hear("one")
    live.use(70, 20)
    live.end_turn()
    await live.write()
    said = message("assistant", "word " * 200_000)
    turn = [event("task_started", turn_id="t"), said, event("task_complete", turn_id="t")]
    compacted = line("compacted", {"message": "all", "replacement_history": []})
    more = write_lines(tmp_path / "more", *turn * 7, compacted)
    path.write_bytes(path.read_bytes() + more.read_bytes())
    newest = assert_same_state(path)
    assert newest.settings is not None
    assert (newest.total_usage.total_tokens, newest.last_usage.total_tokens) == (70, 20)


def test_a_compaction_without_a_replacement_needs_what_was_before(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "r.jsonl",
        meta(),
        event("task_started", turn_id="t1"),
        message("user", "one"),
        event("task_complete", turn_id="t1"),
        event("task_started", turn_id="t2"),
        line("compacted", {"message": "Summary."}),
        event("task_started", turn_id="t3"),
        message("user", "two"),
    )
    assert len(assert_same_state(path).history) == 3


def test_files_that_say_nothing_of_turns_are_read_whole(tmp_path: Path) -> None:
    replaced = [message("user", "all")["payload"]]
    path = write_lines(
        tmp_path / "r.jsonl",
        meta(),
        event("user_message", message="one"),
        line("compacted", {"message": "all", "replacement_history": replaced}),
        event("user_message", message="two"),
    )
    assert len(assert_same_state(path).turns) == 2


LIMITS = st.builds(
    RateLimitSnapshot,
    primary=st.none() | st.just(RateLimitWindow(used_percent=3)),
    credits=st.none() | st.just(CreditsSnapshot(has_credits=True, unlimited=False, balance="3")),
    plan_type=st.none() | st.just("pro"),
)
ACTION = st.one_of(
    st.tuples(st.just("talk"), st.text(max_size=5)),
    st.tuples(st.just("steer"), st.text(max_size=5)),
    st.tuples(st.just("use"), LIMITS),
    st.tuples(st.just("settings"), st.just(0)),
    st.tuples(st.just("compact"), st.text(min_size=1, max_size=5)),
    st.tuples(st.just("compact in a turn"), st.text(min_size=1, max_size=5)),
    st.tuples(st.just("roll back"), st.integers(0, 3)),
    st.tuples(st.just("say nothing"), st.just(0)),
    st.tuples(st.just("revert"), st.integers(1, 3)),
    st.tuples(st.just("crash"), st.just(0)),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the examples of a property, which each write their files anew."""
    return tmp_path_factory.mktemp("rollout")


@settings(deadline=None)
@given(st.lists(ACTION, max_size=12))
async def test_whatever_a_thread_does_its_newest_state_is_the_same(
    folder: Path, actions: list[tuple[str, Any]]
) -> None:
    path = folder / "random.jsonl"
    path.unlink(missing_ok=True)
    live = LiveThread(path)
    live.talk("begin", "begun")
    for number, (action, value) in enumerate(actions):
        live = await act(live, number, action, value)
    await live.write()
    newest = assert_same_state(path)
    assert newest.history.snapshot() == live.history.snapshot()


async def act(live: LiveThread, number: int, action: str, value: Any) -> LiveThread:
    match action:
        case "talk":
            live.talk(f"question {value}", value)
        case "steer":
            live.begin_turn()
            live.hear("one")
            live.hear(value)
            live.end_turn()
        case "use":
            live.use(10 * number + 10, 10, value)
        case "settings":
            live.recorder.record_turn_context(None, SETTINGS)
        case "compact":
            live.compact(value, live.history.snapshot()[:2])
        case "compact in a turn":
            live.begin_turn()
            live.hear("long")
            live.compact(value, live.history.snapshot()[:2])
            live.say("short")
            live.end_turn()
        case "roll back":
            live.roll_back(value)
        case "say nothing":
            live.begin_turn()
            live.say("by myself")
            live.end_turn()
        case "revert":
            live.revert(-min(value, len(live.begun))) if live.begun else None
        case _:
            live.begin_turn()
            live.hear("never answered")
            await live.write()
            return live.after_crash()
    return live
