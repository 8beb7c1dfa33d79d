"""Takes the steps of a patch back after one has failed, and says what could not be taken back.

A full disk is no reason to fail here: a removed file was only renamed, and a changed one can be
written in place, where it has room.
"""

import errno
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
from msgspec import Struct

from codex_rpc.errors import PatchError
from codex_rpc.tools.apply_patch.plan import read_text
from codex_rpc.tools.workspace.port import FileSystem, Workspace

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Step(Struct, frozen=True):
    """One file goes from `before` to `after`. `path` is its name in the plan, for messages.

    `mode` is for a file made anew, on the way there or back: others keep theirs.
    """

    path: Path
    place: Path
    before: str | None
    after: str | None
    mode: int | None = None


@dataclass(slots=True)
class BegunStep:
    """A step that may have had an effect, and what is needed to take it back."""

    step: Step
    aside: Path | None = None
    """The removed file's name until all is done."""
    folders: Sequence[Path] = ()
    """Directories made for the file, outermost first."""


async def roll_back(
    begun: Sequence[BegunStep], workspace: Workspace, seconds: float
) -> Sequence[str]:
    """Undo the steps, the last of which may have failed anywhere; a line for each that stays."""
    lost: list[str] = []
    for taken in reversed(begun):
        try:
            with anyio.fail_after(seconds, shield=True):
                await _undo(taken, workspace)
        except (PatchError, OSError) as error:
            with anyio.move_on_after(seconds, shield=True):
                state = await _state(taken, workspace)
                lost.append(f"Could not restore {taken.step.path}: {reason_of(error)}{state}")
    return lost


async def _undo(taken: BegunStep, workspace: Workspace) -> None:
    if isinstance(workspace, FileSystem):
        if taken.aside is not None:
            with suppress(FileNotFoundError):
                await workspace.rename(taken.aside, taken.step.place)
        await _restore_text(taken.step, workspace)
        await _remove_folders(taken.folders, workspace)
    else:
        await _restore_text(taken.step, workspace)


async def _restore_text(step: Step, workspace: Workspace) -> None:
    now = await read_text(workspace, step.place)
    if now == step.before:
        return
    if step.before is None:
        await workspace.remove(step.place)
        return
    try:
        await workspace.write(step.place, step.before)
    except OSError as error:
        if error.errno not in _NO_ROOM or not isinstance(workspace, FileSystem):
            raise
        await workspace.overwrite(step.place, step.before)
    if now is None and step.mode is not None and isinstance(workspace, FileSystem):
        await workspace.set_mode(step.place, step.mode)


async def _remove_folders(folders: Sequence[Path], workspace: FileSystem) -> None:
    for folder in reversed(folders):
        try:
            await workspace.remove_folder(folder)
        except OSError as error:
            # Somebody has put something into it: it is theirs now.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise


async def _state(taken: BegunStep, workspace: Workspace) -> str:
    """How the file was left, to end a sentence."""
    step = taken.step
    try:
        now = await read_text(workspace, step.place)
        aside = None if taken.aside is None else await read_text(workspace, taken.aside)
    except PatchError:
        return "; what it holds now is unknown"
    if now == step.before:
        return "; its text is the old one, but its directory or permissions are not"
    if now is None:
        return "; it is missing" if aside is None else f"; its text is in {taken.aside}"
    return "; it has the patch's text" if now == step.after else "; its text is incomplete"


def reason_of(error: Exception) -> str:
    """What went wrong, in words for the model."""
    match error:
        case TimeoutError(errno=None):
            return "The file system did not answer in time"
        case OSError():
            return error.strerror or str(error)
        case _:
            return str(error)
