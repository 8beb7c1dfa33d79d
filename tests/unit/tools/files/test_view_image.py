"""`view_image` for a model that has no vision."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from codex_rpc.errors import ToolError
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.protocol.ids import CallId
from codex_rpc.tools.files.view_image import ViewImageTool
from codex_rpc.tools.ports import ToolCall, ToolContext
from tests.unit.tools.files.test_image_kind import PNG


@dataclass(frozen=True)
class Surroundings:
    """What the tool looks at of a turn, and nothing more: it must not show an item."""

    model: ModelInfo
    settings: Any


async def test_a_model_that_reads_only_text_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "dot.png").write_bytes(PNG)
    model = replace(ModelInfo("m", "M"), modalities=("text",))
    context = cast(ToolContext, Surroundings(model, SimpleNamespace(cwd=tmp_path)))
    call = ToolCall(CallId("c"), "view_image", '{"path": "dot.png"}')
    with pytest.raises(ToolError, match="this model reads only text"):
        await ViewImageTool().call(call, context)
