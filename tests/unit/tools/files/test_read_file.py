"""`read_file` reads what the agent's patches would change: the workspace."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from codex_rpc.protocol.ids import CallId
from codex_rpc.tools.files.read_file import ReadFileTool
from codex_rpc.tools.ports import ToolCall, ToolContext


class Buffers:
    """An editor's unsaved text, in front of the disk."""

    async def read(self, path: Path) -> str | None:
        return "unsaved\n" if path.name == "f" else None

    async def write(self, path: Path, text: str) -> None:
        raise NotImplementedError

    async def remove(self, path: Path) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Surroundings:
    """What the tool looks at of a turn."""

    settings: Any
    workspace: Buffers = field(default_factory=Buffers)


async def test_what_an_editor_has_not_saved_is_read(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("saved\n")
    context = cast(ToolContext, Surroundings(SimpleNamespace(cwd=tmp_path)))
    call = ToolCall(CallId("c"), "read_file", '{"file_path": "f"}')
    assert (await ReadFileTool().call(call, context)).text == "L1: unsaved"
