"""`view_image`: an image file, for the model to look at."""

from base64 import b64encode
from pathlib import Path

import anyio.to_thread

from codex_rpc.errors import ToolError
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.items import ImageViewItem
from codex_rpc.protocol.response_items import InputImage
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.files.file_path import absolute_path, failure
from codex_rpc.tools.files.image_kind import image_media_type
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput
from codex_rpc.tools.workspace.disk_reading import read_bytes

MAX_BYTES = 10 * 1024 * 1024
"""It goes to the provider with every later request of the thread, and into the thread's file."""


class ViewImageArguments(ToolArguments):
    path: str


SPEC = FunctionToolSpec(
    name="view_image",
    description=(
        "Look at an image file (PNG, JPEG, GIF or WebP). Use it for images that are named or made "
        "in the conversation, not for those that the user has attached: you see these already."
    ),
    parameters={
        "type": "object",
        "properties": {"path": {"type": "string", "description": "Path of the image file."}},
        "required": ["path"],
        "additionalProperties": False,
    },
)


class ViewImageTool:
    name = "view_image"
    parallel = True

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        path = absolute_path(parse_arguments(ViewImageArguments, call.arguments).path, context)
        if "image" not in context.model.modalities:
            raise ToolError("view_image is of no use here: this model reads only text")
        try:
            url = await anyio.to_thread.run_sync(_data_url, path, abandon_on_cancel=True)
        except OSError as error:
            raise failure("read the image at", path, error) from error
        item = ImageViewItem(id=ItemId(call.call_id), path=str(path))
        context.item_started(item)
        context.item_completed(item)
        return ToolOutput(f"attached {path}", content=[InputImage(image_url=url)])


def _data_url(path: Path) -> str:
    data = read_bytes(path, MAX_BYTES)
    if data is None:
        raise ToolError(f"unable to read the image at `{path}`: No such file or directory")
    media_type = image_media_type(data)
    if media_type is None:
        raise ToolError(f"`{path}` is not a whole image of a kind that is understood")
    return f"data:{media_type};base64,{b64encode(data).decode()}"
