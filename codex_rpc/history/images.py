"""Images that a model cannot see or a provider does not take, replaced by words."""

from collections.abc import Sequence

from codex_rpc.protocol.response_items import (
    ContentPart,
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputImage,
    InputText,
    LocalShellCallItem,
    MessageItem,
    ResponseItem,
)

UNSEEN_IMAGE = "[An image is left out here: this model reads only text.]"
INVALID_IMAGE = "Invalid image"


def without_images(item: ResponseItem) -> ResponseItem:
    """The item for a model that has no vision."""
    return _with_images_as(item, UNSEEN_IMAGE)


def with_invalid_image_named(items: Sequence[ResponseItem]) -> list[ResponseItem] | None:
    """The items after a provider has refused an image: the newest that a tool returned is gone.

    Only outputs that the model has not heard yet are considered. What the user showed stays: a
    conversation cannot go on as if that had not been said. `None` if there is nothing to replace.
    """
    for index in range(len(items) - 1, -1, -1):
        item = items[index]
        match item:
            case FunctionCallOutputItem() | CustomToolCallOutputItem():
                replaced = _with_images_as(item, INVALID_IMAGE)
                if replaced is not item:
                    return [*items[:index], replaced, *items[index + 1 :]]
            case FunctionCallItem() | CustomToolCallItem() | LocalShellCallItem():
                pass  # may stand between the outputs of one response's calls
            case _:
                return None
    return None


def _with_images_as(item: ResponseItem, text: str) -> ResponseItem:
    match item:
        case MessageItem(content=parts) if _has_image(parts):
            return item.model_copy(update={"content": _replaced(parts, text)})
        case FunctionCallOutputItem(output=[*parts]) | CustomToolCallOutputItem(output=[*parts]):
            if _has_image(parts):
                return item.model_copy(update={"output": _replaced(parts, text)})
            return item
        case _:
            return item


def _has_image(parts: Sequence[ContentPart]) -> bool:
    return any(isinstance(part, InputImage) for part in parts)


def _replaced(parts: Sequence[ContentPart], text: str) -> list[ContentPart]:
    return [InputText(text=text) if isinstance(part, InputImage) else part for part in parts]
