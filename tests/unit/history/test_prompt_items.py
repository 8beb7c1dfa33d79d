from hypothesis import given

from codex_rpc.history.compaction import summary_message
from codex_rpc.history.pairing import paired
from codex_rpc.history.prompt_items import prompt_items
from codex_rpc.protocol.response_items import MessageItem, ResponseItem, user_message
from tests.unit.history.conversations import IMAGE, conversations


def test_marks_are_not_sent_and_stay_in_history():
    summary = summary_message("All done.")
    imported = user_message("Hi").model_copy(
        update={"internal_chat_message_metadata_passthrough": {"turn_id": "t"}}
    )
    history: list[ResponseItem] = [summary, imported]
    prompt = prompt_items(history)
    assert [set(item.model_dump(exclude_none=True)) for item in prompt] == [
        {"type", "role", "content"}
    ] * 2
    assert history[0].model_extra
    assert history[1].model_extra


def test_fields_that_came_from_the_model_are_sent_back():
    item = user_message("Hi").model_copy(update={"annotations": []})
    assert prompt_items([item]) == [item]


def test_images_go_only_to_those_who_see():
    message = MessageItem(role="user", content=[IMAGE])
    assert prompt_items([message]) == [message]
    assert IMAGE not in [
        part
        for item in prompt_items([message], images=False)
        if isinstance(item, MessageItem)
        for part in item.content
    ]


@given(conversations, conversations)
def test_a_prompt_keeps_its_beginning_while_the_conversation_grows(
    items: list[ResponseItem], more: list[ResponseItem]
):
    settled = paired(items)
    before = prompt_items(settled, images=False)
    assert prompt_items([*settled, *more], images=False)[: len(before)] == before
