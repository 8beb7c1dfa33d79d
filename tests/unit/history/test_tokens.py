import pytest
from hypothesis import given

from codex_rpc.history.tokens import (
    IMAGE_BYTES,
    estimate_item,
    estimate_items,
    estimate_text,
    tokens_in_use,
)
from codex_rpc.protocol.response_items import (
    FunctionCallItem,
    FunctionCallOutputItem,
    InputImage,
    MessageItem,
    OutputText,
    ReasoningItem,
    ResponseItem,
    user_message,
)
from tests.unit.history.conversations import conversations

CALL = FunctionCallItem(name="shell", arguments="{}", call_id="a")
OUTPUT = FunctionCallOutputItem(call_id="a", output="x" * 4_000)
ANSWER = MessageItem(role="assistant", content=[OutputText(text="Done.")])


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("é" * 2, 1), ("😀😀", 2)]
)
def test_four_bytes_are_a_token_rounded_up(text: str, tokens: int):
    assert estimate_text(text) == tokens


def test_text_that_is_no_unicode_is_estimated_too():
    plain = estimate_item(user_message("xxx" * 100))
    assert abs(estimate_item(user_message("\ud800" * 100)) - plain) <= 5


def test_an_item_counts_as_its_json():
    short, long = user_message(""), user_message("x" * 400)
    assert estimate_item(long) - estimate_item(short) == 100


def test_encrypted_reasoning_counts_by_what_it_decodes_to():
    assert estimate_item(ReasoningItem(encrypted_content="x" * 4_000)) == (3_000 - 650 + 3) // 4
    assert estimate_item(ReasoningItem(encrypted_content="short")) == 0


@pytest.mark.parametrize("size", [10, 4_000_000])
@pytest.mark.parametrize("scheme", ["data:image/png;base64,", "DATA:image/png;BASE64,"])
def test_an_inline_image_counts_the_same_whatever_its_size(scheme: str, size: int):
    image = InputImage(image_url=scheme + "A" * size)
    bare = InputImage(image_url=scheme)
    output = FunctionCallOutputItem(call_id="a", output=[image])
    bare_output = FunctionCallOutputItem(call_id="a", output=[bare])
    excess = estimate_item(output) - estimate_item(bare_output)
    assert abs(excess - IMAGE_BYTES / 4) <= 1


def test_an_image_elsewhere_counts_as_its_address():
    message = MessageItem(role="user", content=[InputImage(image_url="https://a.b/c.png")])
    assert estimate_item(message) < 50


def test_marks_that_are_not_sent_do_not_count():
    plain = user_message("Hi")
    marked = plain.model_copy(
        update={"internal_chat_message_metadata_passthrough": {"turn_id": "x" * 400}}
    )
    assert estimate_item(marked) == estimate_item(plain)


def test_only_what_came_after_the_models_last_word_is_added_to_its_usage():
    items: list[ResponseItem] = [user_message("x" * 4_000), CALL, OUTPUT]
    assert tokens_in_use(500, items) == 500 + estimate_item(OUTPUT)
    assert tokens_in_use(500, [*items, ANSWER]) == 500
    assert tokens_in_use(0, [user_message("Hi")]) == estimate_item(user_message("Hi"))
    assert tokens_in_use(7, []) == 7


def test_an_output_recorded_while_the_model_spoke_counts_where_the_request_is_known():
    items: list[ResponseItem] = [user_message("Hi"), CALL, OUTPUT, ANSWER]
    assert tokens_in_use(500, items, heard=1) == 500 + estimate_item(OUTPUT)


@given(conversations)
def test_a_longer_conversation_never_counts_less(items: list[ResponseItem]):
    sums = [estimate_items(items[:end]) for end in range(len(items) + 1)]
    assert sums == sorted(sums)
    assert sums[0] == 0
