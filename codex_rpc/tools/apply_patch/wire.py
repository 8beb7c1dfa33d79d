"""Shows patches to clients: the `changes` of a `fileChange` item and of its approval."""

import os.path
from pathlib import Path
from typing import assert_never

from codex_rpc.protocol.items import FileUpdateChange, PatchAdd, PatchDelete, PatchUpdate
from codex_rpc.tools.apply_patch.changes import PlannedChange
from codex_rpc.tools.apply_patch.document import is_utf8, readable
from codex_rpc.tools.apply_patch.parser import (
    AddFile,
    Chunk,
    DeleteFile,
    Hunk,
    LineRole,
    Patch,
    PatchLine,
    UpdateFile,
)
from codex_rpc.tools.apply_patch.plan import PatchPlan
from codex_rpc.tools.apply_patch.unified import unified_hunks

_CONTEXT_LINES = 1
_MAX_DELETED = 256 * 1024
"""How much of a deleted file is shown."""
_MARKS: dict[LineRole, str] = {"context": " ", "add": "+", "remove": "-"}


def file_update_changes(plan: PatchPlan) -> list[FileUpdateChange]:
    """The plan's changes in wire form, in the plan's order."""
    return [_file_update_change(change) for change in plan.changes]


def attempted_changes(patch: Patch, cwd: Path) -> list[FileUpdateChange]:
    """What a patch that does not apply was meant to do, hunk by hunk, in wire form."""
    return [_attempt(hunk, cwd) for hunk in patch.hunks]


def _attempt(hunk: Hunk, cwd: Path) -> FileUpdateChange:
    path = os.path.normpath(cwd / hunk.path)
    match hunk:
        case AddFile():
            return FileUpdateChange(path=path, kind=PatchAdd(), diff=hunk.text)
        case DeleteFile():
            return FileUpdateChange(path=path, kind=PatchDelete(), diff="")
        case UpdateFile():
            target = hunk.move_to and os.path.normpath(cwd / hunk.move_to)
            diff = "".join(_chunk_text(chunk) for chunk in hunk.chunks)
            return FileUpdateChange(path=path, kind=PatchUpdate(move_path=target), diff=diff)
        case _:
            assert_never(hunk)


def _chunk_text(chunk: Chunk) -> str:
    scopes = [f"@@ {context}" for context in chunk.contexts] or ["@@"]
    return "".join(f"{line}\n" for line in (*scopes, *map(_marked, chunk.lines)))


def _marked(line: PatchLine) -> str:
    return f"{_MARKS[line.role]}{line.text}"


def _file_update_change(change: PlannedChange) -> FileUpdateChange:
    before, after = change.before or "", change.after or ""
    kind = change.kind
    match kind:
        case "add":
            return FileUpdateChange(path=str(change.path), kind=PatchAdd(), diff=after)
        case "delete":
            diff = _deleted_text(before)
            return FileUpdateChange(path=str(change.path), kind=PatchDelete(), diff=diff)
        case "update":
            hunks = readable(unified_hunks(before, after, _CONTEXT_LINES))
            return _update(change, hunks)
        case _:
            assert_never(kind)


def _deleted_text(text: str) -> str:
    if "\0" in text and not is_utf8(text):
        return f"[binary file of {len(text.encode(errors='surrogateescape'))} bytes]\n"
    if len(text) <= _MAX_DELETED:
        return readable(text)
    return f"{readable(text[:_MAX_DELETED])}\n[{len(text) - _MAX_DELETED} more characters]\n"


def _update(change: PlannedChange, hunks: str) -> FileUpdateChange:
    path, kind = str(change.path), PatchUpdate()
    if change.move_path is not None:
        kind = PatchUpdate(move_path=str(change.move_path))
        hunks += f"\n\nMoved to: {change.move_path}"
    return FileUpdateChange(path=path, kind=kind, diff=hunks)
