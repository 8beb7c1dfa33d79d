"""`grep_files`: which files have a line that matches a pattern, the last changed first.

Ripgrep searches if it is installed, else `search_walk`. Either is a process that can be stopped.
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio.to_thread
from msgspec import Struct
from pydantic import Field

from codex_rpc.errors import ToolError
from codex_rpc.exec.process_spec import ProcessExit, ProcessSpec
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.tools.apply_patch.document import readable
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.commands.environment import CommandEnvironment
from codex_rpc.tools.files.file_path import absolute_path
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput

DEFAULT_LIMIT = 100
MAX_LIMIT = 2_000
_SECONDS = 30
_MAX_NAMES = 8 * 1024 * 1024
"""Bytes of names that are kept of a search that finds very much."""
_NO_MATCHES = "No matches found."
_WITHOUT_RIPGREP = (
    "[ripgrep is not installed: the pattern was read by Python's re, and files that git ignores "
    "were searched too]"
)


class GrepFilesArguments(ToolArguments):
    pattern: str = Field(min_length=1)
    include: str | None = None
    path: str | None = None
    limit: int = Field(default=DEFAULT_LIMIT, ge=1)


SPEC = FunctionToolSpec(
    name="grep_files",
    description=(
        "Find the files that have a match for a regular expression, and list them, the last "
        "changed first. Hidden files, and those that git ignores, are left out."
    ),
    parameters={
        "type": "object",
        "properties": {
            "pattern": {"type": "string", "description": "The regular expression."},
            "include": {
                "type": "string",
                "description": "Glob of the files to search, such as `*.rs` or `*.{ts,tsx}`.",
            },
            "path": {
                "type": "string",
                "description": "Where to search; the working directory if left out.",
            },
            "limit": {
                "type": "integer",
                "description": f"How many files to list at most; {DEFAULT_LIMIT} if left out.",
            },
        },
        "required": ["pattern"],
        "additionalProperties": False,
    },
)


class GrepFilesTool(Struct, frozen=True):
    """Its searches run beside the commands of the thread, with the variables that those see."""

    environment: CommandEnvironment
    name: str = "grep_files"
    parallel: bool = True

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = parse_arguments(GrepFilesArguments, call.arguments)
        if "\0" in f"{arguments.pattern}{arguments.include}":
            raise ToolError("neither pattern nor include can contain a NUL character")
        path = absolute_path(arguments.path or ".", context)
        if not path.exists():
            raise ToolError(f"unable to search `{path}`: No such file or directory")
        variables = self.environment.child_variables()
        ripgrep = _ripgrep(variables.get("PATH"), context.settings.cwd)
        argv = _ripgrep_argv(ripgrep, arguments, path) if ripgrep else _walk_argv(arguments, path)
        limit = min(arguments.limit, MAX_LIMIT)
        folder = path if path.is_dir() else path.parent
        names = await self._search(ProcessSpec(argv, folder, variables, _SECONDS))
        remarks = [] if ripgrep else [_WITHOUT_RIPGREP]
        if len(names) > limit:
            names = names[:limit]
            remarks.insert(0, "[there are more]")
        text = readable("\n".join([*(names or [_NO_MATCHES]), *remarks]))
        return ToolOutput(text, bool(names))

    async def _search(self, spec: ProcessSpec) -> Sequence[str]:
        found = _Found()
        exit = await self.environment.processes.run(spec, found.take)
        if exit.timed_out:
            raise ToolError(f"the search took more than {_SECONDS} seconds; narrow it down")
        names = found.names(exit)
        return await anyio.to_thread.run_sync(_last_changed_first, names, abandon_on_cancel=True)


class _Found:
    """The output of a search: names with a NUL behind each, or an error."""

    def __init__(self) -> None:
        self._data = bytearray()

    async def take(self, chunk: bytes) -> None:
        if len(self._data) < _MAX_NAMES:
            self._data += chunk

    def names(self, exit: ProcessExit) -> Sequence[str]:
        text = self._data.decode(errors="surrogateescape")
        names = text.split("\0")
        rest = names.pop()
        if not names and exit.exit_code not in (0, 1):
            raise ToolError(
                f"the search failed: {readable(rest).strip() or f'exit code {exit.exit_code}'}"
            )
        return names


def _last_changed_first(names: Sequence[str]) -> Sequence[str]:
    """Sorted here, because old versions of ripgrep sort by the times of directories."""
    return sorted(names, key=_changed, reverse=True)


def _changed(name: str) -> float:
    try:
        return Path(name).stat().st_mtime
    except OSError:
        return 0.0


def _ripgrep(search_path: str | None, cwd: Path) -> str | None:
    """Ripgrep, unless it is the project's own: nobody has agreed to run that."""
    found = shutil.which("rg", path=search_path)
    if found is None:
        return None
    program = Path(found).resolve()
    return None if program.is_relative_to(cwd.resolve()) else str(program)


def _ripgrep_argv(program: str, arguments: GrepFilesArguments, path: Path) -> list[str]:
    options = ["--no-config", "--no-messages", "--files-with-matches", "--null"]
    if arguments.include:
        options.append(f"--glob={arguments.include}")
    return [program, *options, f"--regexp={arguments.pattern}", "--", str(path)]


def _walk_argv(arguments: GrepFilesArguments, path: Path) -> list[str]:
    program = str(Path(__file__).with_name("search_walk.py"))
    call = [arguments.pattern, arguments.include or "", str(path)]
    return [sys.executable, "-I", "-S", program, *call]
