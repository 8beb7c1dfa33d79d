"""Carries a plan out on the files of a workspace: all of it, or nothing.

Before anything is written, every file must still be as the plan found it: an approval can take
minutes, and whatever somebody wrote in the meantime is not to be lost. From the first write on the
work is shielded from cancellation, within a time limit, so that nobody is left with half a patch.
Directories made for a file stay when it is rolled back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import anyio

from codex_rpc.errors import PatchError
from codex_rpc.tools.apply_patch.plan import PatchPlan, read_text
from codex_rpc.tools.workspace import Workspace

_WRITE_SECONDS = 30
"""For one phase, writing or rolling back: only a file system that hangs needs this long."""


@runtime_checkable
class KeepsModes(Protocol):
    """What a workspace may offer besides, if its files have permission bits."""

    async def mode(self, path: Path) -> int | None:
        """The file's permission bits, or `None` if there is no such file."""
        ...

    async def set_mode(self, path: Path, mode: int) -> None:
        """Give the file these permission bits."""
        ...


@dataclass(frozen=True, slots=True)
class _Step:
    """One path goes from `before` to `after`.

    `mode` is for a file made anew, on the way there or back: others keep theirs.
    """

    path: Path
    before: str | None
    after: str | None
    mode: int | None = None


async def apply_plan(plan: PatchPlan, workspace: Workspace) -> None:
    """Make the files what the plan says.

    Raises:
        PatchError: if a file is no longer as planned, or could not be written. The files are then
            as they were, except for those that the text says could not be restored.
    """
    steps = await _steps(plan, workspace)
    for step in steps:
        await _require_unchanged(step, workspace)
    begun: list[_Step] = []
    try:
        with anyio.fail_after(_WRITE_SECONDS, shield=True):
            await _carry_out(steps, begun, workspace)
    except (PatchError, TimeoutError) as error:
        raise PatchError(f"{_reason(error)}{await _roll_back(begun, workspace)}") from error


async def _carry_out(steps: Sequence[_Step], begun: list[_Step], workspace: Workspace) -> None:
    """Take the steps, noting in `begun` each one that may have had an effect."""
    for step in steps:
        # Again: an earlier step may have reached this file by another name.
        await _require_unchanged(step, workspace)
        begun.append(step)
        try:
            await _set(workspace, step.path, step.after, step.mode)
        except OSError as error:
            raise PatchError(f"Failed to write file {step.path}: {_reason(error)}") from error


async def _steps(plan: PatchPlan, workspace: Workspace) -> Sequence[_Step]:
    """Writing comes before removing, so that no content is ever nowhere."""
    writes: list[_Step] = []
    removals: list[_Step] = []
    for change in plan.changes:
        if change.before is None or (change.after is not None and change.move_path is None):
            writes.append(_Step(change.path, change.before, change.after))
            continue
        mode = await _mode(change.path, workspace)
        removals.append(_Step(change.path, change.before, None, mode))
        if change.move_path is not None:
            writes.append(_Step(change.move_path, None, change.after, mode))
    return writes + removals


async def _mode(path: Path, workspace: Workspace) -> int | None:
    if not isinstance(workspace, KeepsModes):
        return None
    try:
        return await workspace.mode(path)
    except OSError as error:
        raise PatchError(f"Failed to read {path}: {_reason(error)}") from error


async def _require_unchanged(step: _Step, workspace: Workspace) -> None:
    if await read_text(workspace, step.path) != step.before:
        raise PatchError(f"{step.path} has changed since the patch was checked; read it again")


async def _set(workspace: Workspace, path: Path, text: str | None, mode: int | None) -> None:
    if text is None:
        await workspace.remove(path)
        return
    await workspace.write(path, text)
    if mode is not None and isinstance(workspace, KeepsModes):
        await workspace.set_mode(path, mode)


async def _roll_back(begun: Sequence[_Step], workspace: Workspace) -> str:
    """Undo the steps, the last of which may have failed anywhere; say what could not be undone."""
    lost: list[str] = []
    for step in reversed(begun):
        try:
            with anyio.fail_after(_WRITE_SECONDS, shield=True):
                if await read_text(workspace, step.path) != step.before:
                    await _set(workspace, step.path, step.before, step.mode)
        except (PatchError, OSError) as error:
            lost.append(f"\nCould not restore {step.path}: {_reason(error)}")
    return "".join(lost)


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError():
            return f"The file system did not answer within {_WRITE_SECONDS} seconds"
        case OSError():
            return error.strerror or str(error)
        case _:
            return str(error)
