from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.history.pairing import (
    ABORTED_OUTPUT,
    answers_of,
    call_id_of,
    output_for,
    paired,
    without_first,
)
from codex_rpc.protocol.response_items import (
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    LocalShellAction,
    LocalShellCallItem,
    ResponseItem,
    ToolOutputItem,
    user_message,
)
from tests.unit.history.conversations import conversations

HELLO = user_message("Hello")


def call(call_id: str) -> FunctionCallItem:
    return FunctionCallItem(name="shell", arguments="{}", call_id=call_id)


def output(call_id: str, text: str = "ok") -> FunctionCallOutputItem:
    return FunctionCallOutputItem(call_id=call_id, output=text)


def test_a_call_without_output_gets_a_stand_in_right_behind_it():
    prompt = paired([call("a"), HELLO])
    assert prompt == [call("a"), prompt[1], HELLO]
    assert isinstance(prompt[1], FunctionCallOutputItem)
    assert (prompt[1].call_id, prompt[1].output) == ("a", ABORTED_OUTPUT)


def test_a_stand_in_is_the_same_in_every_prompt():
    assert paired([call("a"), HELLO]) == paired([call("a"), HELLO])
    ids = [item.id for item in paired([call("a"), call("b")]) if isinstance(item, ToolOutputItem)]
    assert len(set(ids)) == 2


def test_custom_and_local_shell_calls_get_outputs_of_their_kind():
    custom = CustomToolCallItem(name="apply_patch", input="", call_id="a")
    shell = LocalShellCallItem(action=LocalShellAction(command=["ls"]), call_id="b")
    kinds = [item.type for item in paired([custom, shell])]
    assert kinds == [
        "custom_tool_call",
        "custom_tool_call_output",
        "local_shell_call",
        "function_call_output",
    ]


def test_a_call_that_nothing_can_answer_is_left_out():
    shell = LocalShellCallItem(action=LocalShellAction(command=["ls"]), id="x")
    assert paired([shell, HELLO]) == [HELLO]


def test_an_output_without_call_is_left_out():
    assert paired([output("a"), HELLO, call("b"), output("b"), output("b")]) == [
        HELLO,
        call("b"),
        output("b"),
    ]


def test_an_output_of_another_kind_is_no_answer():
    other = CustomToolCallOutputItem(call_id="a", output="ok")
    prompt = paired([call("a"), other])
    assert [item.type for item in prompt] == ["function_call", "function_call_output"]


def test_an_id_used_again_is_answered_again():
    """Some local models call each response's first call `call_0`."""
    items = [call("0"), output("0", "first"), HELLO, call("0"), output("0", "second")]
    assert paired(items) == items
    interrupted = paired([call("0"), HELLO, call("0"), output("0", "second")])
    assert interrupted[3:] == [call("0"), output("0", "second")]


@given(conversations)
def test_every_prompt_is_paired(items: list[ResponseItem]):
    prompt = paired(items)
    answered = answers_of(prompt)
    calls = [index for index, item in enumerate(prompt) if call_id_of(item) is not None]
    outputs = [index for index, item in enumerate(prompt) if isinstance(item, ToolOutputItem)]
    assert sorted(answered) == calls
    assert sorted(answered.values()) == outputs
    assert not any(isinstance(i, LocalShellCallItem) and i.call_id is None for i in prompt)
    assert paired(prompt) == prompt


@given(conversations)
def test_a_prompt_changes_no_item_and_no_order(items: list[ResponseItem]):
    known = {id(item) for item in items}
    kept = [item for item in paired(items) if id(item) in known]
    rest = iter(items)
    assert all(any(item is other for other in rest) for item in kept)


@given(conversations, conversations)
def test_recording_more_leaves_the_prompt_so_far_as_it_was(
    items: list[ResponseItem], more: list[ResponseItem]
):
    """Providers cache prompts by their beginning: it changes only where a call is answered late."""
    later = answers_of([*items, *more])
    late = {id(items[call]) for call, answer in later.items() if call < len(items) <= answer}
    expected: list[ResponseItem] = []
    skipping = False
    for item in paired(items):
        if not skipping:
            expected.append(item)
        skipping = id(item) in late
    assert paired([*items, *more])[: len(expected)] == expected


@given(conversations)
def test_removing_the_oldest_item_breaks_no_pair(items: list[ResponseItem]):
    answered = answers_of(items)
    left = without_first(items)
    gone = {0, answered.get(0, 0)} if items else set[int]()
    assert len(left) == len(items) - len(gone)
    pairs = {(id(items[c]), id(items[o])) for c, o in answered.items() if c not in gone}
    assert {(id(left[c]), id(left[o])) for c, o in answers_of(left).items()} == pairs


@given(st.sampled_from(["a", "b"]), st.text())
def test_an_output_carries_the_calls_id(call_id: str, text: str):
    assert output_for(call(call_id), text) == output(call_id, text)
