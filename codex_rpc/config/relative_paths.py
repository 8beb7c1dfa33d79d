"""Paths in a configuration file, which are relative to the folder of that file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast


def with_absolute_paths(table: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The table with the paths that it names made absolute. What is no path stays as it is."""
    changes: dict[str, Any] = {}
    file = table.get("model_instructions_file")
    if isinstance(file, str):
        changes["model_instructions_file"] = _absolute(file, folder)
    sandbox = table.get("sandbox_workspace_write")
    if isinstance(sandbox, Mapping):
        options = cast("Mapping[str, Any]", sandbox)
        roots = options.get("writable_roots")
        if isinstance(roots, list):
            absolute = [_absolute(root, folder) for root in cast("list[object]", roots)]
            changes["sandbox_workspace_write"] = {**options, "writable_roots": absolute}
    return {**table, **changes} if changes else table


def _absolute(path: object, folder: Path) -> object:
    if not isinstance(path, str) or path.startswith("~"):
        return path
    return str(folder / path)
