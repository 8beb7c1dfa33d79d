"""What the model hears of a tool's result. Pure."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from codex_rpc.managers.mcp.port import Json, McpCallResult
from codex_rpc.protocol.response_items import ContentPart, InputImage, InputText
from codex_rpc.tools.ports import ToolOutput

_NO_IMAGES = "<image content omitted because you do not support image input>"


def output_for_model(result: McpCallResult, *, sees_images: bool) -> ToolOutput:
    """Structured content as JSON if there is some; else the content, images as images."""
    success = not result.is_error
    if result.structured_content is not None:
        return ToolOutput(_json(result.structured_content), success)
    parts = list(_parts(result.content, sees_images=sees_images))
    text = "\n".join(part.text for part in parts if isinstance(part, InputText))
    has_images = any(isinstance(part, InputImage) for part in parts)
    return ToolOutput(text, success, parts if has_images else ())


def _parts(content: Sequence[Json], *, sees_images: bool) -> Iterator[ContentPart]:
    for block in content:
        match block:
            case {"type": "text", "text": str(text)}:
                yield InputText(text=text)
            case {"type": "image", "data": str(data), "mimeType": str(kind)} if sees_images:
                yield InputImage(image_url=f"data:{kind};base64,{data}")
            case {"type": "image"}:
                yield InputText(text=_NO_IMAGES)
            case _:
                yield InputText(text=_json(block))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
