"""`read_file`: lines of a text file, with their numbers.

The text is the workspace's, so what an editor has not saved yet is read as well.
"""

from typing import Literal

import anyio.to_thread
from pydantic import Field

from codex_rpc.errors import ToolError
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.tools.apply_patch.document import is_utf8, readable
from codex_rpc.tools.apply_patch.plan import LONG_TEXT
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.files.file_path import absolute_path, failure
from codex_rpc.tools.files.indentation import BlockChoice, block_around
from codex_rpc.tools.files.text_lines import numbered, text_lines
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput

DEFAULT_LIMIT = 2_000


class IndentationArguments(ToolArguments):
    anchor_line: int | None = Field(default=None, ge=1)
    max_levels: int = Field(default=0, ge=0)
    include_siblings: bool = False
    include_header: bool = True
    max_lines: int | None = Field(default=None, ge=1)


class ReadFileArguments(ToolArguments):
    file_path: str
    offset: int = Field(default=1, ge=1)
    limit: int = Field(default=DEFAULT_LIMIT, ge=1)
    mode: Literal["slice", "indentation"] = "slice"
    indentation: IndentationArguments | None = None


SPEC = FunctionToolSpec(
    name="read_file",
    description=(
        "Read lines of a text file; each is shown with its number, counted from 1. In the mode "
        "`indentation`, read the block of code around a line."
    ),
    parameters={
        "type": "object",
        "properties": {
            "file_path": {"type": "string", "description": "Absolute path of the file."},
            "offset": {
                "type": "integer",
                "description": "Number of the first line to read, at least 1; 1 if left out.",
            },
            "limit": {
                "type": "integer",
                "description": f"How many lines to read at most; {DEFAULT_LIMIT} if left out.",
            },
            "mode": {
                "type": "string",
                "enum": ["slice", "indentation"],
                "description": "slice (lines in a row, if left out), or indentation.",
            },
            "indentation": {
                "type": "object",
                "description": "Which block to read in the mode indentation.",
                "properties": {
                    "anchor_line": {
                        "type": "integer",
                        "description": "A line in the block; offset if left out.",
                    },
                    "max_levels": {
                        "type": "integer",
                        "description": "How many enclosing blocks to go up to; 0 for all.",
                    },
                    "include_siblings": {
                        "type": "boolean",
                        "description": "Whether to read the blocks beside it too.",
                    },
                    "include_header": {
                        "type": "boolean",
                        "description": "Whether to read comments and decorators above it too.",
                    },
                    "max_lines": {
                        "type": "integer",
                        "description": "How many lines to read at most; limit if left out.",
                    },
                },
                "additionalProperties": False,
            },
        },
        "required": ["file_path"],
        "additionalProperties": False,
    },
)


class ReadFileTool:
    name = "read_file"
    parallel = True

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = parse_arguments(ReadFileArguments, call.arguments)
        path = absolute_path(arguments.file_path, context)
        try:
            text = await context.workspace.read(path)
        except OSError as error:
            raise failure("read", path, error) from error
        if text is None:
            raise ToolError(f"unable to read `{path}`: No such file or directory")
        if len(text) < LONG_TEXT:
            return ToolOutput(_excerpt(text, arguments))
        return ToolOutput(await anyio.to_thread.run_sync(_excerpt, text, arguments))


def _excerpt(text: str, arguments: ReadFileArguments) -> str:
    if "\0" in text and not is_utf8(text):
        raise ToolError("the file is binary, so it has no lines to read")
    lines = text_lines(readable(text))
    block = arguments.indentation or IndentationArguments()
    by_block = arguments.mode == "indentation"
    first = (block.anchor_line if by_block else None) or arguments.offset
    if not lines:
        return "[the file is empty]"
    if first > len(lines):
        raise ToolError(f"line {first} is behind the end of the file, which has {len(lines)}")
    if not by_block:
        return numbered(lines, range(first, min(first + arguments.limit, len(lines) + 1)))
    choice = BlockChoice(first, block.max_levels, block.include_siblings, block.include_header)
    limit = min(arguments.limit, block.max_lines or arguments.limit)
    return numbered(lines, block_around(lines, choice, limit))
