import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.history.compaction import (
    NO_SUMMARY,
    SUMMARY_PREFIX,
    SUMMARY_PROMPT,
    compaction_input,
    is_summary,
    replacement_history,
    summary_message,
    without_oldest,
)
from codex_rpc.history.fragments import environment_context, is_context, is_user_message
from codex_rpc.history.pairing import answers_of
from codex_rpc.history.settings_changes import model_switch
from codex_rpc.history.tokens import estimate_item, estimate_items, estimate_part, estimate_text
from codex_rpc.history.truncation import TextPart
from codex_rpc.protocol.response_items import (
    RESPONSE_ITEM,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputText,
    MessageItem,
    OutputText,
    ResponseItem,
    user_message,
)
from tests.unit.history.conversations import CONTEXT, IMAGE, conversations

ANSWER = MessageItem(role="assistant", content=[OutputText(text="Done.")])
CALL = FunctionCallItem(name="shell", arguments="{}", call_id="a")
OUTPUT = FunctionCallOutputItem(call_id="a", output="ok")


def said(*texts: str) -> list[ResponseItem]:
    return [user_message(text) for text in texts]


def test_what_is_left_is_what_the_user_said_and_the_summary():
    items = [*CONTEXT, *said("one"), ANSWER, CALL, OUTPUT, *CONTEXT, *said("two"), ANSWER]
    assert replacement_history(items, "All done.") == [
        *said("one", "two"),
        summary_message("All done."),
    ]


def test_an_older_summary_makes_way_for_the_new_one():
    once = replacement_history(said("one"), "first")
    twice = replacement_history([*once, ANSWER, *said("two")], "second")
    assert twice == [*said("one", "two"), summary_message("second")]


def test_the_newest_messages_are_kept_and_the_first_that_is_too_much_is_cut():
    items = said("old", "b" * 4_000, "c" * 2_000)
    old, new, summary = replacement_history(items, "s", budget_tokens=600)
    assert new == user_message("c" * 2_000)
    assert is_summary(summary)
    assert isinstance(old, MessageItem)
    assert old.text.startswith("bbb")
    assert "tokens truncated" in old.text
    assert estimate_text(old.text) == 600 - estimate_item(new)


def test_a_message_is_left_out_rather_than_cut_to_scraps():
    items = said("b" * 4_000, "c" * 2_000)
    assert replacement_history(items, "s", budget_tokens=510) == [
        *said("c" * 2_000),
        summary_message("s"),
    ]


def test_images_count_and_stay_or_go_with_their_message():
    message = MessageItem(role="user", content=[InputText(text="Look:"), IMAGE])
    assert replacement_history([message], "s")[0] == message
    assert replacement_history([message], "s", budget_tokens=500)[0] == user_message("Look:")
    bare = MessageItem(role="user", content=[IMAGE])
    assert replacement_history([bare], "s", budget_tokens=500) == [summary_message("s")]


def test_context_given_mid_turn_stands_above_the_users_last_message():
    context = [environment_context(shell="bash")]
    assert replacement_history(said("one", "two"), "s", context_items=context) == [
        *said("one"),
        *context,
        *said("two"),
        summary_message("s"),
    ]
    assert replacement_history([], "s", context_items=context) == [*context, summary_message("s")]


def test_a_model_that_says_nothing_leaves_a_note():
    assert summary_message(" \n").text == f"{SUMMARY_PREFIX}\n{NO_SUMMARY}"


def test_a_summary_is_recognised_when_it_is_read_back():
    stored = summary_message("All done.").model_dump(mode="json", exclude_none=True)
    read = RESPONSE_ITEM.validate_python(stored)
    assert read == summary_message("All done.")
    assert is_summary(read, prefixes=())


@pytest.mark.parametrize(
    "item",
    [
        user_message(summary_message("All done.").text),
        user_message(
            "Another language model started to solve this problem and produced a summary of it"
        ),
        user_message("Whatever").model_copy(
            update={
                "internal_chat_message_metadata_passthrough": {
                    "content_item_kinds": ["compaction.summary"]
                }
            }
        ),
    ],
)
def test_summaries_of_other_programs_are_recognised(item: MessageItem):
    assert is_summary(item)


@pytest.mark.parametrize(
    "item",
    [
        user_message("A summary, please"),
        MessageItem(role="assistant", content=[OutputText(text=SUMMARY_PREFIX)]),
        CALL,
        user_message("Hi").model_copy(update={"codex_rpc": "odd"}),
        user_message("Hi").model_copy(
            update={"internal_chat_message_metadata_passthrough": {"content_item_kinds": None}}
        ),
    ],
)
def test_nothing_else_is_a_summary(item: ResponseItem):
    assert not is_summary(item)


def test_which_texts_begin_a_summary_can_be_chosen():
    assert is_summary(user_message("Zusammenfassung: ..."), prefixes=("Zusammenfassung:",))
    assert not is_summary(user_message(SUMMARY_PREFIX), prefixes=())


def test_the_model_is_asked_at_the_end_of_the_conversation():
    items = [*said("one"), ANSWER]
    assert compaction_input(items) == [*items, user_message(SUMMARY_PROMPT)]
    assert compaction_input(items, "Sum up.")[-1] == user_message("Sum up.")


def test_a_last_switch_of_models_is_not_put_to_the_model_that_sums_up():
    switch = model_switch("one", "two")
    assert compaction_input([ANSWER, switch])[:-1] == [ANSWER]
    assert compaction_input([switch, ANSWER])[:-1] == [switch, ANSWER]


def test_the_oldest_item_goes_first_and_a_call_with_its_output():
    items: list[ResponseItem] = [*said("one"), CALL, ANSWER, OUTPUT]
    assert without_oldest(items) == items[1:]
    assert without_oldest(items[1:]) == [ANSWER]
    assert without_oldest([ANSWER]) == []
    assert without_oldest([]) == []


def test_as_many_items_go_as_are_too_many():
    items = said(*["x" * 400] * 10)
    assert without_oldest(items, estimate_items(items[:3])) == items[3:]
    assert without_oldest(items, 10**9) == []


@given(conversations, st.integers(min_value=0, max_value=2_000))
def test_trimming_frees_what_was_asked_and_breaks_no_pair(items: list[ResponseItem], tokens: int):
    left = without_oldest(items, tokens)
    assert not left or estimate_items(items) - estimate_items(left) >= tokens
    kept = {id(item) for item in left}
    pairs = {
        (id(items[call]), id(items[output]))
        for call, output in answers_of(items).items()
        if id(items[call]) in kept
    }
    assert {(id(left[c]), id(left[o])) for c, o in answers_of(left).items()} >= pairs
    assert len(answers_of(left)) == len(pairs)


@given(conversations, st.text(), st.integers(min_value=0, max_value=400))
def test_a_compacted_history_fits_and_is_not_compacted_further(
    items: list[ResponseItem], summary: str, budget: int
):
    compacted = replacement_history(items, summary, budget_tokens=budget)
    *messages, last = compacted
    assert is_summary(last)
    assert not any(is_context(item) or is_summary(item) for item in messages)
    assert all(is_user_message(item) for item in messages)
    parts = [p for item in messages if isinstance(item, MessageItem) for p in item.content]
    cost = sum(
        estimate_text(p.text) if isinstance(p, TextPart) else estimate_part(p) for p in parts
    )
    assert cost <= budget
    assert replacement_history(compacted, summary, budget_tokens=budget) == compacted
