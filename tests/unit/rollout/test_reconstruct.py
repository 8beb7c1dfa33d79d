"""Reconstructing what the recorder has written gives back what the thread had in memory."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from codex_rpc.history.compaction import is_summary, summary_message
from codex_rpc.history.fragments import turn_aborted
from codex_rpc.history.truncation import TruncationPolicy
from codex_rpc.model.port import Credits, RateLimits, RateWindow
from codex_rpc.protocol.policies import GranularApproval, GranularRules, ReadOnlyPolicy
from codex_rpc.protocol.response_items import (
    RESPONSE_ITEM,
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputImage,
    InputText,
    user_message,
)
from codex_rpc.protocol.response_items import ReasoningItem as ModelReasoning
from codex_rpc.protocol.turn import TurnError, error_info_of
from codex_rpc.protocol.usage import CreditsSnapshot, RateLimitSnapshot, RateLimitWindow
from codex_rpc.rollout.reconstruct import Reconstructed, load_rollout
from tests.unit.rollout.files import line, meta, write_lines
from tests.unit.rollout.live_thread import META, SETTINGS, LiveThread, developer
from tests.unit.rollout.shown_items import ITEMS


async def reloaded(live: LiveThread) -> Reconstructed:
    await live.write()
    return load_rollout(live.path)


async def assert_same(live: LiveThread) -> Reconstructed:
    loaded = await reloaded(live)
    assert loaded.history.snapshot() == live.history.snapshot()
    assert [turn.turn() for turn in loaded.turns] == live.turns
    assert (loaded.counts.malformed, loaded.counts.foreign) == (0, 0)
    return loaded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the examples of a property, which each write their files anew."""
    return tmp_path_factory.mktemp("rollout")


@pytest.fixture
def live(tmp_path: Path) -> LiveThread:
    return LiveThread(tmp_path / "r.jsonl")


# --- history -----------------------------------------------------------------------------------


async def test_every_kind_of_item_comes_back_as_it_was(live: LiveThread) -> None:
    live.begin_turn()
    live.hear("do it")
    live.record(
        developer("a rule"),
        ModelReasoning.model_validate({"id": "rs_1", "encrypted_content": "x", "unknown": [1]}),
        FunctionCallItem(name="shell", arguments="{}", call_id="c1", id="fc_1"),
        FunctionCallOutputItem(call_id="c1", output="done"),
        CustomToolCallItem(name="apply_patch", input="*** Begin", call_id="c2", status="completed"),
        CustomToolCallOutputItem(
            call_id="c2", output=[InputText(text="see"), InputImage(image_url="data:,")]
        ),
        RESPONSE_ITEM.validate_python({"type": "ghost_snapshot", "id": 3}),
        RESPONSE_ITEM.validate_python(
            {"type": "message", "role": "user", "content": [{"type": "input_audio", "data": "x"}]}
        ),
    )
    live.end_turn()
    await assert_same(live)


@pytest.mark.parametrize("limit", [10, 100_000])
async def test_an_output_comes_back_as_the_models_own_limit_has_left_it(
    live: LiveThread, limit: int
) -> None:
    live.begin_turn()
    live.hear("print much")
    live.record(
        FunctionCallItem(name="shell", arguments="{}", call_id="c1"),
        FunctionCallOutputItem(call_id="c1", output="line of text\n" * 20_000),
        policy=TruncationPolicy("tokens", limit),
    )
    live.end_turn()
    await assert_same(live)


async def test_an_interrupted_turn_comes_back_with_what_the_model_was_told(
    live: LiveThread,
) -> None:
    live.begin_turn()
    live.hear("wait")
    live.record(turn_aborted())
    live.end_turn(interrupted=True)
    loaded = await assert_same(live)
    assert loaded.open_turn is None


async def test_a_compacted_history_comes_back_with_its_summary_marked(live: LiveThread) -> None:
    live.talk("first", "one")
    summary = summary_message("They said hello.")
    live.history.replace([user_message("first"), summary])
    live.recorder.record_compaction(summary.text, live.history.snapshot())
    loaded = await assert_same(live)
    assert loaded.history.snapshot()[-1] == summary
    assert is_summary(loaded.history.snapshot()[-1], prefixes=())


async def test_the_model_has_to_be_told_its_surroundings_again_after_a_compaction(
    live: LiveThread,
) -> None:
    live.talk("first", "one")
    before = await reloaded(live)
    assert before.context_recorded
    assert before.baseline is not None
    live.compact("all so far")
    after = await assert_same(live)
    assert not after.context_recorded
    assert after.baseline is None
    assert after.settings == before.settings


async def test_a_rollback_takes_the_same_from_history_and_turns(live: LiveThread) -> None:
    live.talk("first", "one")
    live.talk("second", "two")
    live.talk("third", "three")
    live.roll_back(2)
    del live.turns[1:]
    loaded = await assert_same(live)
    assert loaded.preview == "first"
    live.talk("other second", "other two")
    await assert_same(live)


async def test_a_rollback_of_more_than_there_is_leaves_the_context(live: LiveThread) -> None:
    live.talk("first", "one")
    live.roll_back(7)
    live.turns.clear()
    loaded = await assert_same(live)
    assert len(loaded.history) == 1
    assert loaded.context_recorded


async def test_a_turn_without_a_word_of_the_user_can_be_taken_back(live: LiveThread) -> None:
    live.talk("first", "one")
    live.begin_turn()
    live.say("by myself")
    live.end_turn()
    live.revert(1)
    del live.turns[1:]
    loaded = await assert_same(live)
    assert loaded.baseline is not None
    assert loaded.baseline.turn_id == "turn-1"


async def test_a_rollback_into_a_steered_turn_takes_its_end_only(live: LiveThread) -> None:
    live.begin_turn()
    live.hear("first")
    live.say("one")
    kept = live.turns[-1].items
    live.hear("steered")
    live.say("two")
    live.end_turn()
    live.roll_back(1)
    loaded = await reloaded(live)
    assert loaded.history.snapshot() == live.history.snapshot()
    assert loaded.turns[0].items() == kept


ACTION = st.one_of(
    st.tuples(st.just("talk"), st.text(max_size=5)),
    st.tuples(st.just("steer"), st.text(max_size=5)),
    st.tuples(st.just("compact"), st.text(min_size=1, max_size=5)),
    st.tuples(st.just("roll back"), st.integers(0, 3)),
    st.tuples(st.just("say nothing"), st.just(0)),
    st.tuples(st.just("revert"), st.integers(1, 3)),
    st.tuples(st.just("crash"), st.just(0)),
)


@settings(deadline=None)
@given(st.lists(ACTION, max_size=8))
async def test_whatever_a_thread_does_its_history_comes_back(
    folder: Path, actions: list[tuple[str, Any]]
) -> None:
    """The invariant that resume, fork and compaction stand on."""
    path = folder / "random.jsonl"
    path.unlink(missing_ok=True)
    live = LiveThread(path)
    live.talk("begin", "begun")
    for action, value in actions:
        match action:
            case "talk":
                live.talk(f"question {value}", value)
            case "steer":
                live.begin_turn()
                live.hear("one")
                live.hear(value)
                live.end_turn()
            case "compact":
                live.compact(value, live.history.snapshot()[:2])
            case "roll back":
                live.roll_back(value)
            case "say nothing":
                live.begin_turn()
                live.say("by myself")
                live.end_turn()
            case "revert":
                live.revert(-min(value, len(live.begun))) if live.begun else None
            case _:
                live = await crashed(live)
    loaded = await reloaded(live)
    assert loaded.history.snapshot() == live.history.snapshot()
    assert [turn.turn_id for turn in loaded.turns] == [turn.turn_id for turn in live.begun]
    assert loaded.counts.malformed == 0


async def crashed(live: LiveThread) -> LiveThread:
    live.begin_turn()
    live.hear("never answered")
    await live.write()
    return live.after_crash()


# --- turns -------------------------------------------------------------------------------------


async def test_items_come_back_whole_and_once(live: LiveThread) -> None:
    live.begin_turn()
    for item in ITEMS:
        live.show(item)
        live.show(item.model_copy(update={"id": f"{item.id}-2"}))
    live.end_turn()
    await assert_same(live)


async def test_items_are_left_out_for_those_who_do_not_want_them(live: LiveThread) -> None:
    live.begin_turn()
    for item in ITEMS:
        live.show(item)
    live.hear("more")
    live.end_turn()
    live.roll_back(1)
    await live.write()
    lean = load_rollout(live.path, items=False)
    assert lean.history.snapshot() == live.history.snapshot()
    assert [turn.turn_id for turn in lean.turns] == [turn.id for turn in live.turns]
    assert {item.type for item in lean.turns[0].items()} <= {"userMessage"}


async def test_a_failed_turn_comes_back_with_its_error(live: LiveThread) -> None:
    live.begin_turn()
    live.hear("hello")
    live.end_turn(TurnError(message="no", codex_error_info=error_info_of("usageLimitExceeded")))
    live.begin_turn()
    info = error_info_of("httpConnectionFailed", 503)
    live.end_turn(TurnError(message="down", codex_error_info=info, additional_details="why"))
    await assert_same(live)


async def test_a_turn_without_an_end_is_reported_as_open(live: LiveThread) -> None:
    live.talk("first", "one")
    turn = live.begin_turn()
    live.hear("second")
    loaded = await assert_same(live)
    assert loaded.open_turn is not None
    assert loaded.open_turn.turn_id == turn.id
    assert loaded.open_turn.status == "inProgress"


async def test_an_open_turn_that_was_taken_back_is_no_longer_open(live: LiveThread) -> None:
    live.talk("first", "one")
    live.begin_turn()
    live.hear("second")
    live.roll_back(1)
    live.turns.pop()
    loaded = await assert_same(live)
    assert loaded.open_turn is None


async def test_a_turn_that_another_one_followed_was_interrupted(live: LiveThread) -> None:
    live.begin_turn()
    live.hear("first")
    live = await crashed(live)
    live.talk("second", "two")
    loaded = await reloaded(live)
    assert [turn.status for turn in loaded.turns] == ["interrupted", "interrupted", "completed"]


async def test_an_item_that_ends_after_its_turn_belongs_to_it(live: LiveThread) -> None:
    first = live.begin_turn()
    live.end_turn()
    live.begin_turn()
    late = ITEMS[3]
    live.turns[-1], running = first, live.turns[-1]
    live.show(late)
    live.turns[-1] = running
    loaded = await reloaded(live)
    assert [turn.items() for turn in loaded.turns] == [[late], []]


async def test_a_turn_knows_where_it_begins_in_the_file(live: LiveThread) -> None:
    live.talk("first", "one")
    live.talk("second", "two")
    loaded = await reloaded(live)
    content = live.path.read_bytes()
    starts = [content[turn.start :].splitlines()[0] for turn in loaded.turns]
    assert all(b"task_started" in start for start in starts)


# --- settings and usage ------------------------------------------------------------------------


async def test_settings_come_back(live: LiveThread) -> None:
    live.begin_turn()
    live.end_turn()
    loaded = await reloaded(live)
    other = replace(SETTINGS, model="m", cwd=Path("/"), effort=None, service_tier=None)
    other = replace(other, approval_policy="never", sandbox_policy=ReadOnlyPolicy())
    assert loaded.settings is not None
    assert loaded.settings.applied_to(other) == SETTINGS
    assert loaded.baseline == loaded.settings


async def test_the_last_settings_win_and_granular_ones_survive(live: LiveThread) -> None:
    rules = GranularRules(sandbox_approval=True, rules=False, mcp_elicitations=True)
    last = replace(SETTINGS, approval_policy=GranularApproval(granular=rules), effort=None)
    live.begin_turn()
    live.end_turn()
    live.recorder.record_turn_context(None, last)
    loaded = await reloaded(live)
    assert loaded.settings is not None
    assert loaded.settings.applied_to(SETTINGS) == last
    assert loaded.baseline is not None
    assert loaded.baseline.applied_to(last) == SETTINGS


def test_nonsense_in_settings_leaves_those_parts_alone(tmp_path: Path) -> None:
    stored: dict[str, Any] = {
        "cwd": 3,
        "model": "m",
        "approval_policy": "on-failure",
        "sandbox_policy": {"type": "unheard-of"},
        "effort": [],
        "summary": "florid",
    }
    loaded = load_rollout(write_lines(tmp_path / "r", meta(), line("turn_context", stored)))
    assert loaded.settings is not None
    applied = loaded.settings.applied_to(SETTINGS)
    expected = replace(SETTINGS, model="m", approval_policy="on-request", effort=None)
    assert applied == replace(expected, service_tier=None)


async def test_usage_and_rate_limits_come_back(live: LiveThread) -> None:
    live.begin_turn()
    limits = RateLimitSnapshot(
        primary=RateLimitWindow(used_percent=12, window_duration_mins=300, resets_at=1000),
        credits=CreditsSnapshot(has_credits=True, unlimited=False, balance="3"),
        plan_type="pro",
    )
    live.use(10, 10, limits)
    live.use(30, 20, RateLimitSnapshot(secondary=RateLimitWindow(used_percent=1)))
    live.use(60, 30)
    live.end_turn()
    loaded = await reloaded(live)
    assert (loaded.total_usage.total_tokens, loaded.last_usage.total_tokens) == (60, 30)
    assert loaded.last_usage.input_tokens == 29
    assert loaded.rate_limits == RateLimits(
        secondary=RateWindow(1.0), credits=Credits(True, False, "3"), plan_type="pro"
    )


async def test_the_thread_itself_comes_back(live: LiveThread) -> None:
    meta = replace(
        META,
        source={"subagent": "review"},
        base_instructions="Be kind.",
        forked_from_id="t-0",
        agent_nickname="Ada",
        agent_role="reviewer",
    )
    live.recorder.meta = meta
    live.talk("first", "one")
    assert (await reloaded(live)).meta == meta


def test_the_first_thread_named_in_a_file_is_its_own(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "r", meta(""), meta("fork"), meta("parent"))
    loaded = load_rollout(path)
    assert loaded.meta.thread_id == "fork"
    assert loaded.counts.malformed == 1
