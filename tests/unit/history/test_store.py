from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.history.compaction import replacement_history
from codex_rpc.history.fragments import (
    developer_instructions,
    environment_context,
    is_user_message,
    turn_aborted,
)
from codex_rpc.history.store import HistoryStore
from codex_rpc.history.truncation import TruncationPolicy
from codex_rpc.protocol.response_items import (
    FunctionCallItem,
    FunctionCallOutputItem,
    InputText,
    MessageItem,
    OtherItem,
    OutputText,
    ResponseItem,
    user_message,
)
from tests.unit.history.conversations import IMAGE, conversations

PREFIX: list[ResponseItem] = [developer_instructions("Be brief."), environment_context(shell="sh")]
CALL = FunctionCallItem(name="shell", arguments="{}", call_id="a")
OUTPUT = FunctionCallOutputItem(call_id="a", output="ok")
TIGHT = TruncationPolicy("bytes", 150)


def answer(text: str) -> MessageItem:
    return MessageItem(role="assistant", content=[OutputText(text=text)])


def turn(number: int) -> list[ResponseItem]:
    return [user_message(f"question {number}"), answer(f"answer {number}")]


def test_what_belongs_in_no_conversation_is_not_kept():
    store = HistoryStore()
    system = MessageItem(role="system", content=[InputText(text="x")])
    kept = store.record([system, OtherItem(type="ghost_snapshot"), user_message("Hi")])
    assert kept == [user_message("Hi")]
    assert store.snapshot() == (user_message("Hi"),)
    assert len(store) == 1


def test_long_outputs_are_kept_shortened_and_returned_as_kept():
    store = HistoryStore()
    kept = store.record([CALL, OUTPUT.model_copy(update={"output": "x" * 1_000})], TIGHT)
    assert store.snapshot() == tuple(kept)
    assert isinstance(kept[1], FunctionCallOutputItem)
    assert isinstance(kept[1].output, str)
    assert len(kept[1].output) < 200


@given(conversations)
def test_what_was_recorded_is_the_same_when_it_is_read_back(items: list[ResponseItem]):
    """A rollout holds items as they were kept, and reading it records them again."""
    live, reread = HistoryStore(), HistoryStore()
    reread.record(live.record(items, TIGHT), TIGHT)
    assert reread.snapshot() == live.snapshot()


def test_a_snapshot_does_not_change():
    store = HistoryStore(turn(1))
    snapshot = store.snapshot()
    store.record(turn(2))
    store.drop_last_n_user_turns(2)
    assert snapshot == tuple(turn(1))


def test_only_rewrites_count_as_versions():
    store = HistoryStore([*turn(1), *turn(2)])
    assert store.version == 0
    store.record(turn(3))
    assert store.version == 0
    store.replace(turn(1))
    store.drop_last_n_user_turns(1)
    assert store.version == 2
    assert not store.drop_last_n_user_turns(1)
    assert not store.remove_first_item()
    assert not store.name_invalid_image()
    assert store.version == 2


def test_a_compacted_history_takes_the_place_of_the_old_one():
    store = HistoryStore(turn(1))
    store.replace([*turn(2), OtherItem(type="ghost_snapshot")])
    assert store.snapshot() == tuple(turn(2))


def test_the_last_turns_are_taken_back():
    store = HistoryStore([*PREFIX, *turn(1), *turn(2), CALL, OUTPUT, *turn(3)])
    assert store.drop_last_n_user_turns(2)
    assert store.snapshot() == (*PREFIX, *turn(1))


def test_taking_back_all_turns_leaves_what_came_before_them():
    for count in (1, 2, 99):
        store = HistoryStore([*PREFIX, *turn(1)])
        assert store.drop_last_n_user_turns(count)
        assert store.snapshot() == tuple(PREFIX)


def test_nothing_is_taken_back_where_there_is_no_turn():
    store = HistoryStore(PREFIX)
    assert not store.drop_last_n_user_turns(1)
    assert not store.drop_last_n_user_turns(0)
    assert not HistoryStore(turn(1)).drop_last_n_user_turns(0)
    assert not HistoryStore(turn(1)).drop_last_n_user_turns(-1)
    assert store.snapshot() == tuple(PREFIX)


def test_changed_settings_go_with_the_turn_they_were_told_for():
    store = HistoryStore([*PREFIX, *turn(1), *PREFIX, *turn(2)])
    store.drop_last_n_user_turns(1)
    assert store.snapshot() == (*PREFIX, *turn(1))


def test_reports_stay_with_the_turn_they_report_on():
    store = HistoryStore([*turn(1), turn_aborted(), *PREFIX, *turn(2)])
    store.drop_last_n_user_turns(1)
    assert store.snapshot() == (*turn(1), turn_aborted())


def test_a_summary_counts_as_a_turn():
    compacted = replacement_history(turn(1), "All done.")
    store = HistoryStore([*compacted, *turn(2)])
    store.drop_last_n_user_turns(2)
    assert store.snapshot() == tuple(compacted[:-1])


def test_the_oldest_call_goes_with_its_output():
    store = HistoryStore([CALL, *turn(1), OUTPUT])
    assert store.remove_first_item()
    assert store.snapshot() == tuple(turn(1))


def test_a_refused_image_is_forgotten():
    store = HistoryStore([CALL, OUTPUT.model_copy(update={"output": [IMAGE]})])
    assert store.name_invalid_image()
    (_, output) = store.snapshot()
    assert isinstance(output, FunctionCallOutputItem)
    assert output.output == [InputText(text="Invalid image")]


@given(conversations, st.integers(min_value=0, max_value=5))
def test_taking_back_one_by_one_is_taking_back_at_once(items: list[ResponseItem], count: int):
    one_by_one, at_once = HistoryStore(items), HistoryStore(items)
    for _ in range(count):
        one_by_one.drop_last_n_user_turns(1)
    at_once.drop_last_n_user_turns(count)
    assert one_by_one.snapshot() == at_once.snapshot()
    left = at_once.snapshot()
    assert left == HistoryStore(items).snapshot()[: len(left)]
    turns = sum(map(is_user_message, items))
    assert sum(map(is_user_message, left)) == max(0, turns - count)
