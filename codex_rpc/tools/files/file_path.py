"""The path that a model names in a call of one of the file tools."""

import os
from pathlib import Path

from codex_rpc.errors import ToolError
from codex_rpc.tools.ports import ToolContext


def absolute_path(name: str, context: ToolContext) -> Path:
    """The path, from the thread's working directory if it is relative.

    Raises:
        ToolError: if there can be no such path.
    """
    if not name or "\0" in name:
        raise ToolError(f"not a path: {name!r}")
    return Path(os.path.normpath(context.settings.cwd / name))


def failure(purpose: str, path: Path, error: OSError) -> ToolError:
    """An error of the file system, in words for the model."""
    return ToolError(f"unable to {purpose} `{path}`: {error.strerror or error}")
