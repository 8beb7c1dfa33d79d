import re
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.history.tokens import byte_size
from codex_rpc.history.truncation import (
    SMALLEST_BYTES,
    TextPart,
    TruncationPolicy,
    truncated_output,
    truncated_output_item,
    truncated_parts,
    truncated_text,
)
from codex_rpc.protocol.response_items import (
    ContentPart,
    CustomToolCallOutputItem,
    FunctionCallOutputItem,
    InputText,
    user_message,
)
from tests.unit.history.conversations import IMAGE, parts

policies = st.builds(
    TruncationPolicy, st.sampled_from(["bytes", "tokens"]), st.integers(min_value=-5, max_value=400)
)
long_texts = st.text(alphabet="aé€😀\ud800\udc00\n", min_size=50) | st.text(min_size=1).map(
    lambda text: text * 200
)


def test_a_text_that_fits_is_left_alone():
    text = "é" * 100
    assert truncated_text(text, TruncationPolicy("bytes", 200)) == text


@pytest.mark.parametrize(
    ("mode", "limit", "expected"),
    [
        ("bytes", 200, "a" * 87 + "…826 chars truncated…" + "z" * 87),
        ("tokens", 50, "a" * 87 + "…207 tokens truncated…" + "z" * 87),
    ],
)
def test_the_middle_goes_and_a_note_says_how_much(
    mode: Literal["bytes", "tokens"], limit: int, expected: str
):
    text = "a" * 500 + "z" * 500
    cut = truncated_text(text, TruncationPolicy(mode, limit))
    assert cut == expected
    assert 197 < byte_size(cut) <= 200


def test_characters_are_never_split():
    cut = truncated_text("😀" * 1_000, TruncationPolicy("bytes", 203))
    assert re.fullmatch(r"😀+…\d+ chars truncated…😀+", cut)


@given(long_texts, policies)
def test_a_shortened_text_fits_says_truly_what_is_gone_and_is_shortened_once(
    text: str, policy: TruncationPolicy
):
    cut = truncated_text(text, policy)
    assert byte_size(cut) <= policy.byte_budget
    assert truncated_text(cut, policy) == cut
    if cut == text:
        return
    assert byte_size(text) > policy.byte_budget
    found = next(
        match
        for match in re.finditer(r"…(\d+) (tokens|chars) truncated…", cut)
        if text.startswith(cut[: match.start()]) and text.endswith(cut[match.end() :])
    )
    gone = text[found.start() : len(text) - (len(cut) - found.end())]
    expected = len(gone) if policy.mode == "bytes" else -(-byte_size(gone) // 4)
    assert int(found[1]) == expected


def test_a_shortened_command_output_begins_with_its_number_of_lines():
    text = "line\n" * 1_000
    policy = TruncationPolicy("tokens", 100)
    cut = truncated_output(text, policy)
    assert cut.startswith("Total output lines: 1000\n\nline\n")
    assert byte_size(cut) <= policy.with_allowance().byte_budget
    assert truncated_output("short\n", policy) == "short\n"
    assert truncated_output(text + "end", policy).startswith("Total output lines: 1001\n")


def test_the_limit_is_spent_part_by_part_and_images_stay():
    given_parts: list[ContentPart] = [
        InputText(text="first"),
        IMAGE,
        InputText(text="x" * 5_000),
        InputText(text="third"),
        IMAGE,
        InputText(text="fourth"),
    ]
    policy = TruncationPolicy("bytes", 300)
    kept = truncated_parts(given_parts, policy)
    assert [*kept[:2], *kept[3:]] == [
        InputText(text="first"),
        IMAGE,
        IMAGE,
        InputText(text="[omitted 2 text items ...]"),
    ]
    assert isinstance(kept[2], InputText)
    assert "chars truncated" in kept[2].text
    assert sum(byte_size(part.text) for part in kept if isinstance(part, TextPart)) <= 300
    assert truncated_parts(kept, policy) == kept


def test_parts_that_fit_are_left_alone():
    given_parts: list[ContentPart] = [InputText(text="a" * 100), IMAGE, InputText(text="b" * 100)]
    assert truncated_parts(given_parts, TruncationPolicy("bytes", 200)) == given_parts


@given(parts, policies)
def test_shortened_parts_fit_keep_their_images_and_are_shortened_once(
    given_parts: list[ContentPart], policy: TruncationPolicy
):
    kept = truncated_parts(given_parts, policy)
    size = sum(byte_size(part.text) for part in kept if isinstance(part, TextPart))
    assert size <= policy.byte_budget
    assert kept.count(IMAGE) == given_parts.count(IMAGE)
    assert truncated_parts(kept, policy) == kept


def test_recording_allows_a_fifth_more_than_the_policy():
    policy = TruncationPolicy("bytes", 1_000)
    fits = FunctionCallOutputItem(call_id="a", output="x" * 1_200)
    assert truncated_output_item(fits, policy) is fits
    too_long = FunctionCallOutputItem(call_id="a", output="x" * 1_201)
    cut = truncated_output_item(too_long, policy)
    assert isinstance(cut, FunctionCallOutputItem)
    assert isinstance(cut.output, str)
    assert 1_190 < len(cut.output.encode()) <= 1_200


def test_only_outputs_are_shortened_and_keep_their_other_fields():
    policy = TruncationPolicy("bytes", 0)
    message = user_message("x" * 1_000)
    assert truncated_output_item(message, policy) is message
    item = CustomToolCallOutputItem(call_id="a", id="i", output=[InputText(text="x" * 1_000)])
    cut = truncated_output_item(item, policy)
    assert isinstance(cut, CustomToolCallOutputItem)
    assert (cut.call_id, cut.id) == ("a", "i")
    assert isinstance(cut.output, list)
    assert isinstance(cut.output[0], InputText)
    assert len(cut.output[0].text.encode()) <= SMALLEST_BYTES


def test_an_allowance_is_rounded_up():
    assert TruncationPolicy("tokens", 10_000).with_allowance().limit == 12_000
    assert TruncationPolicy("bytes", 1).with_allowance().limit == 2
