"""What a provider is sent of a history: paired, with images only for those who see, bare of marks.

History itself is never rewritten by this. Each item is prepared on its own, so that a prompt's
beginning stays the same while the conversation grows.
"""

from collections.abc import Iterable

from codex_rpc.history.images import without_images
from codex_rpc.history.marks import without_marks
from codex_rpc.history.pairing import paired
from codex_rpc.protocol.response_items import ResponseItem


def prompt_items(items: Iterable[ResponseItem], *, images: bool = True) -> list[ResponseItem]:
    """The conversation for a model; `images` says whether it has vision."""
    prompt = paired(items)
    if not images:
        prompt = [without_images(item) for item in prompt]
    return [without_marks(item) for item in prompt]
