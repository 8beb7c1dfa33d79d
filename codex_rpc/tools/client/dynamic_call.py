"""A call of a tool that comes from outside, as the client sees it and as the model hears of it.

A call that is cancelled stays open; the end of the turn closes it.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic_core import from_json

from codex_rpc.errors import ToolError
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.items import (
    DynamicToolCallItem,
    DynamicToolCallOutputContentItem,
    OutputAudioPart,
    OutputImagePart,
    OutputTextPart,
)
from codex_rpc.protocol.response_items import ContentPart, InputImage, InputText
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput

UNHEARD_AUDIO = "[A sound is left out here: it cannot be passed on to the model.]"


def json_arguments(call: ToolCall) -> dict[str, Any]:
    """The arguments of a call, which are an object.

    Raises:
        ToolError: if they are anything else.
    """
    try:
        arguments = from_json(call.arguments or "{}")
    except ValueError as error:
        raise ToolError(f"failed to parse function arguments: {error}") from None
    if not isinstance(arguments, dict):
        raise ToolError("failed to parse function arguments: they must be an object")
    return arguments  # pyright: ignore[reportUnknownVariableType]


class DynamicCall:
    """One call, shown from now on."""

    def __init__(
        self,
        call: ToolCall,
        tool: tuple[str | None, str],
        arguments: object,
        context: ToolContext,
    ) -> None:
        """`tool` is its namespace and its name there."""
        namespace, name = tool
        self._context = context
        self._began = time.monotonic()
        self._item = DynamicToolCallItem(
            id=ItemId(call.call_id),
            tool=name,
            namespace=namespace,
            arguments=arguments,
            status="inProgress",
        )
        context.item_started(self._item)

    def ended(
        self, content: Sequence[DynamicToolCallOutputContentItem], *, success: bool
    ) -> ToolOutput:
        """Show the end of the call; returns what the model is told of it."""
        end = {
            "status": "completed" if success else "failed",
            "content_items": list(content),
            "success": success,
            "duration_ms": round((time.monotonic() - self._began) * 1000),
        }
        self._context.item_completed(self._item.model_copy(update=end))
        parts = list(_parts(content))
        if all(isinstance(part, InputText) for part in parts) and len(parts) < 2:
            text = "".join(part.text for part in parts if isinstance(part, InputText))
            return ToolOutput(text, success)
        return ToolOutput("", success, parts)

    def failed(self, reason: str) -> ToolOutput:
        """The same for a call that nothing has come of."""
        return self.ended([OutputTextPart(text=reason)], success=False)


def _parts(content: Sequence[DynamicToolCallOutputContentItem]) -> Iterator[ContentPart]:
    for part in content:
        match part:
            case OutputTextPart(text=text):
                yield InputText(text=text)
            case OutputImagePart(image_url=image_url):
                yield InputImage(image_url=image_url)
            case OutputAudioPart():
                yield InputText(text=UNHEARD_AUDIO)
