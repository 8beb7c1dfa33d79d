"""Shows a plan to clients: the `changes` of a `fileChange` item and of its approval."""

from typing import assert_never

from codex_rpc.protocol.items import FileUpdateChange, PatchAdd, PatchDelete, PatchUpdate
from codex_rpc.tools.apply_patch.changes import PlannedChange
from codex_rpc.tools.apply_patch.plan import PatchPlan
from codex_rpc.tools.apply_patch.unified import unified_hunks

_CONTEXT_LINES = 1


def file_update_changes(plan: PatchPlan) -> list[FileUpdateChange]:
    """The plan's changes in wire form, in the plan's order."""
    return [_file_update_change(change) for change in plan.changes]


def _file_update_change(change: PlannedChange) -> FileUpdateChange:
    before, after = change.before or "", change.after or ""
    kind = change.kind
    match kind:
        case "add":
            return FileUpdateChange(path=str(change.path), kind=PatchAdd(), diff=after)
        case "delete":
            return FileUpdateChange(path=str(change.path), kind=PatchDelete(), diff=before)
        case "update":
            return _update(change, unified_hunks(before, after, _CONTEXT_LINES))
        case _:
            assert_never(kind)


def _update(change: PlannedChange, hunks: str) -> FileUpdateChange:
    path, kind = str(change.path), PatchUpdate()
    if change.move_path is not None:
        kind = PatchUpdate(move_path=str(change.move_path))
        hunks += f"\n\nMoved to: {change.move_path}"
    return FileUpdateChange(path=path, kind=kind, diff=hunks)
