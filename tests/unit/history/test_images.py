from codex_rpc.history.images import (
    INVALID_IMAGE,
    UNSEEN_IMAGE,
    with_invalid_image_named,
    without_images,
)
from codex_rpc.protocol.response_items import (
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputText,
    MessageItem,
    ResponseItem,
    user_message,
)
from tests.unit.history.conversations import IMAGE

CALL = FunctionCallItem(name="view_image", arguments="{}", call_id="a")
SHOWN = FunctionCallOutputItem(call_id="a", output=[InputText(text="here"), IMAGE])
REFUSED = FunctionCallOutputItem(
    call_id="a", output=[InputText(text="here"), InputText(text=INVALID_IMAGE)]
)


def test_a_model_without_vision_reads_that_an_image_is_missing():
    message = MessageItem(role="user", content=[InputText(text="Look:"), IMAGE])
    assert without_images(message) == MessageItem(
        role="user", content=[InputText(text="Look:"), InputText(text=UNSEEN_IMAGE)]
    )
    output = CustomToolCallOutputItem(call_id="a", output=[IMAGE])
    assert without_images(output) == CustomToolCallOutputItem(
        call_id="a", output=[InputText(text=UNSEEN_IMAGE)]
    )


def test_items_without_images_stay_the_very_same():
    items: list[ResponseItem] = [
        user_message("Hi"),
        CALL,
        FunctionCallOutputItem(call_id="a", output="ok"),
        FunctionCallOutputItem(call_id="a", output=[InputText(text="ok")]),
    ]
    assert all(without_images(item) is item for item in items)


def test_a_refused_image_of_a_tool_is_replaced_by_words():
    items: list[ResponseItem] = [user_message("Look"), CALL, SHOWN]
    assert with_invalid_image_named(items) == [user_message("Look"), CALL, REFUSED]


def test_refused_images_of_one_response_are_replaced_newest_first():
    items: list[ResponseItem] = [
        CALL,
        SHOWN,
        CustomToolCallItem(name="x", input="", call_id="b"),
        CustomToolCallOutputItem(call_id="b", output=[IMAGE]),
    ]
    once = with_invalid_image_named(items)
    assert once is not None
    assert once[1] == SHOWN
    twice = with_invalid_image_named(once)
    assert twice is not None
    assert twice[1] == REFUSED
    assert with_invalid_image_named(twice) is None


def test_what_the_user_or_an_earlier_answer_stands_behind_is_not_replaced():
    users = MessageItem(role="user", content=[IMAGE])
    assert with_invalid_image_named([CALL, SHOWN, users]) is None
    assert with_invalid_image_named([users]) is None
    assert with_invalid_image_named([]) is None
