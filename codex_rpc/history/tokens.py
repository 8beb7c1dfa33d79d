"""How many tokens a conversation takes, by estimate.

Four bytes count as a token, rounded up. What the provider has measured is better wherever there is
a measurement; `tokens_in_use` adds to it only what came after it.
"""

import json
from collections.abc import Iterable, Sequence

from pydantic_core import PydanticSerializationError

from codex_rpc.history.marks import MARK_FIELDS
from codex_rpc.protocol.response_items import (
    ContentPart,
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputImage,
    LocalShellCallItem,
    MessageItem,
    ReasoningItem,
    ResponseItem,
    ResponsePart,
    WebSearchCallItem,
)

BYTES_PER_TOKEN = 4

IMAGE_BYTES = 7_373
"""What an inline image counts for: models are charged by its dimensions, not by its encoding."""

_ENCRYPTION_OVERHEAD_BYTES = 650

_UNSENT = set(MARK_FIELDS)


def tokens_of_bytes(size: int) -> int:
    return -(-size // BYTES_PER_TOKEN)


def byte_size(text: str) -> int:
    """The length of `text` in UTF-8; a lone surrogate counts like any character of its range."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def estimate_text(text: str) -> int:
    return tokens_of_bytes(byte_size(text))


def estimate_part(part: ContentPart) -> int:
    """The tokens of one part of a message's or an output's content."""
    return tokens_of_bytes(_json_size(part) - _inline_image_excess([part]))


def estimate_item(item: ResponseItem) -> int:
    """The tokens of one item as the model is sent it."""
    match item:
        case ReasoningItem(encrypted_content=str(encrypted)):
            decoded = byte_size(encrypted) * 3 // 4
            return tokens_of_bytes(max(0, decoded - _ENCRYPTION_OVERHEAD_BYTES))
        case MessageItem(content=parts):
            pass
        case FunctionCallOutputItem(output=[*parts]) | CustomToolCallOutputItem(output=[*parts]):
            pass
        case _:
            parts = []
    return tokens_of_bytes(_json_size(item) - _inline_image_excess(parts))


def estimate_items(items: Iterable[ResponseItem]) -> int:
    return sum(map(estimate_item, items))


def is_model_generated(item: ResponseItem) -> bool:
    """Whether the model said this, so that the usage of its response covers it."""
    match item:
        case MessageItem(role=role):
            return role == "assistant"
        case (
            ReasoningItem()
            | FunctionCallItem()
            | CustomToolCallItem()
            | LocalShellCallItem()
            | WebSearchCallItem()
        ):
            return True
        case _:
            return False


def tokens_in_use(
    last_total: int, items: Sequence[ResponseItem], *, heard: int | None = None
) -> int:
    """How full the model's window is: the last response's total and what was recorded since.

    `heard` is how many items the request of that response was made of. Where it is not known, only
    what follows the last item of the model counts; this misses the output of a quick tool call that
    was recorded while the model was still speaking.
    """
    if heard is None:
        heard = len(items)
        while heard and not is_model_generated(items[heard - 1]):
            heard -= 1
    unheard = (item for item in items[heard:] if not is_model_generated(item))
    return last_total + estimate_items(unheard)


def _json_size(value: ResponsePart) -> int:
    try:
        return len(value.__pydantic_serializer__.to_json(value, exclude=_UNSENT, exclude_none=True))
    except PydanticSerializationError:  # a lone surrogate
        text = json.dumps(value.model_dump(exclude=_UNSENT, exclude_none=True), ensure_ascii=False)
        return byte_size(text)


def _inline_image_excess(parts: Iterable[ContentPart]) -> int:
    """By how much the encoded images are larger than what they count for; may be negative."""
    return sum(
        payload - IMAGE_BYTES
        for part in parts
        if isinstance(part, InputImage) and (payload := _inline_payload(part.image_url or ""))
    )


def _inline_payload(url: str) -> int:
    """The length of a base64 data URL's data; 0 for every other URL."""
    if url[:5].lower() != "data:":
        return 0
    header, comma, _ = url.partition(",")
    if not comma or not header.lower().endswith(";base64"):
        return 0
    return byte_size(url) - byte_size(header) - 1
