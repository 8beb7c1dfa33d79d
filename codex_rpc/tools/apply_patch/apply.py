"""Carries a plan out on the files of a workspace: all of it, or nothing.

Before anything is written, every file must still be as the plan found it: an approval can take
minutes, and whatever somebody wrote in the meantime is not to be lost. From the first write on the
work is shielded from cancellation, within a time limit, so that nobody is left with half a patch.
How a step is taken back is in `undo`.
"""

import secrets
from collections.abc import Awaitable, Sequence
from pathlib import Path

import anyio

from codex_rpc.errors import PatchError
from codex_rpc.tools.apply_patch.places import Places, find_places
from codex_rpc.tools.apply_patch.plan import PatchPlan, read_text
from codex_rpc.tools.apply_patch.undo import BegunStep, Step, reason_of, roll_back
from codex_rpc.tools.workspace.port import FileSystem, Workspace

_WRITE_SECONDS = 30
"""For writing a patch, or rolling one file back: only a file system that hangs needs this long."""
_STEP_SECONDS = 0.1
"""More of it for each file, since a patch may have thousands."""


async def apply_plan(plan: PatchPlan, workspace: Workspace, places: Places | None = None) -> None:
    """Make the files what the plan says, at the places that were agreed to.

    Raises:
        PatchError: if a file is no longer as planned, or could not be written. The files are then
            as they were, except for those that the text says could not be restored.
    """
    steps = _steps(plan, places or await find_places(plan, workspace))
    for step in steps:
        await _require_unchanged(step, workspace)
    begun: list[BegunStep] = []
    try:
        with anyio.fail_after(_WRITE_SECONDS + _STEP_SECONDS * len(steps), shield=True):
            await _carry_out(steps, begun, workspace)
    except (PatchError, TimeoutError) as error:
        lost = await roll_back(begun, workspace, _WRITE_SECONDS)
        raise PatchError("\n".join([reason_of(error), *lost])) from error


async def _carry_out(steps: Sequence[Step], begun: list[BegunStep], workspace: Workspace) -> None:
    """Take the steps, noting in `begun` each one that may have had an effect."""
    for step in steps:
        # Again: an earlier step may have reached this file by another name.
        await _require_unchanged(step, workspace)
        begun.append(BegunStep(step))
        await _reported(step.path, _take(begun[-1], workspace))
    for taken in begun:
        if taken.aside is not None:
            await _reported(taken.step.path, workspace.remove(taken.aside))


async def _reported(path: Path, work: Awaitable[None]) -> None:
    try:
        await work
    except OSError as error:
        raise PatchError(f"Failed to write file {path}: {reason_of(error)}") from error


def _steps(plan: PatchPlan, places: Places) -> Sequence[Step]:
    """Writing comes before removing, so that no content is ever nowhere."""
    writes: list[Step] = []
    removals: list[Step] = []
    for change in plan.changes:
        facts = places.facts.get(change.path)
        mode = None if facts is None else facts.mode
        place = places.of(change.path)
        if change.before is None or (change.after is not None and change.move_path is None):
            writes.append(Step(change.path, place, change.before, change.after, mode))
            continue
        removals.append(Step(change.path, place, change.before, None, mode))
        if (target := change.move_path) is not None:
            writes.append(Step(target, places.of(target), None, change.after, mode))
    return writes + removals


async def _require_unchanged(step: Step, workspace: Workspace) -> None:
    if await read_text(workspace, step.place) != step.before:
        raise PatchError(f"{step.path} has changed since the patch was checked; read it again")


async def _take(begun: BegunStep, workspace: Workspace) -> None:
    step = begun.step
    if not isinstance(workspace, FileSystem):
        await _take_simply(step, workspace)
    elif step.after is None:
        # Under another name it takes no room to bring back, and comes back as it was in all.
        begun.aside = step.place.with_name(f".codex-rpc-{secrets.token_hex(8)}.tmp")
        await workspace.rename(step.place, begun.aside)
    else:
        begun.folders = await workspace.make_folders(step.place)
        await workspace.write(step.place, step.after)
        if step.before is None and step.mode is not None:
            await workspace.set_mode(step.place, step.mode)


async def _take_simply(step: Step, workspace: Workspace) -> None:
    if step.after is None:
        await workspace.remove(step.place)
    else:
        await workspace.write(step.place, step.after)
