"""`list_dir`: what is in a directory, and in those below it.

The directory on the disk is listed: a file that an editor has never saved is not there yet.
"""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import anyio.to_thread
from msgspec import Struct
from pydantic import Field

from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.files.file_path import absolute_path, failure
from codex_rpc.tools.files.text_lines import MAX_CHARACTERS
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput

DEFAULT_LIMIT = 25
DEFAULT_DEPTH = 2
_INDENT = "  "


class ListDirArguments(ToolArguments):
    dir_path: str
    offset: int = Field(default=1, ge=1)
    limit: int = Field(default=DEFAULT_LIMIT, ge=1)
    depth: int = Field(default=DEFAULT_DEPTH, ge=1)


SPEC = FunctionToolSpec(
    name="list_dir",
    description=(
        "List a directory and those below it, sorted by name. A directory ends in `/`, a symbolic "
        "link in `@`, and what is neither that nor a file in `?`."
    ),
    parameters={
        "type": "object",
        "properties": {
            "dir_path": {"type": "string", "description": "Absolute path of the directory."},
            "offset": {
                "type": "integer",
                "description": "Which entry to begin with, at least 1; 1 if left out.",
            },
            "limit": {
                "type": "integer",
                "description": f"How many entries to list at most; {DEFAULT_LIMIT} if left out.",
            },
            "depth": {
                "type": "integer",
                "description": f"How many levels to list; {DEFAULT_DEPTH} if left out.",
            },
        },
        "required": ["dir_path"],
        "additionalProperties": False,
    },
)


class ListDirTool:
    name = "list_dir"
    parallel = True

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = parse_arguments(ListDirArguments, call.arguments)
        path = absolute_path(arguments.dir_path, context)
        try:
            text = await anyio.to_thread.run_sync(_listing, path, arguments, abandon_on_cancel=True)
        except OSError as error:
            raise failure("list", path, error) from error
        return ToolOutput(text)


class _Entry(Struct, frozen=True):
    name: str
    mark: str
    level: int

    def __str__(self) -> str:
        return f"{_INDENT * self.level}{_printable(self.name)}{self.mark}"


def _listing(path: Path, arguments: ListDirArguments) -> str:
    entries = _walk(path, arguments.depth)
    skipped = sum(1 for _ in islice(entries, arguments.offset - 1))
    lines = [f"Absolute path: {_printable(str(path))}"]
    room = MAX_CHARACTERS
    for count, entry in enumerate(entries):
        line = str(entry)
        room -= len(line)
        if count == arguments.limit or room < 0:
            lines.append(f"[there are more; go on with offset {arguments.offset + count}]")
            break
        lines.append(line)
    if len(lines) == 1:
        behind = f", which has {skipped} entries" if skipped else ""
        lines.append(f"[nothing{' behind the end of the directory' if behind else ''}{behind}]")
    return "\n".join(lines)


def _walk(root: Path, depth: int) -> Iterator[_Entry]:
    """Directories before what is in them; nothing is read before it is asked for."""
    pending = [iter(_sorted_entries(root))]
    while pending:
        entry = next(pending[-1], None)
        if entry is None:
            pending.pop()
            continue
        below = entry.is_dir(follow_symlinks=False) and len(pending) < depth
        yield _Entry(entry.name, _mark(entry), len(pending) - 1)
        if below:
            try:
                pending.append(iter(_sorted_entries(Path(entry.path))))
            except OSError as error:
                yield _Entry(f"[{error.strerror}]", "", len(pending))


def _sorted_entries(path: Path) -> list["os.DirEntry[str]"]:
    with os.scandir(path) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _mark(entry: "os.DirEntry[str]") -> str:
    if entry.is_symlink():
        return "@"
    if entry.is_dir():
        return "/"
    return "" if entry.is_file() else "?"


def _printable(name: str) -> str:
    """On one line, and without bytes that are not UTF-8."""
    decoded = os.fsencode(name).decode(errors="replace")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in decoded)
