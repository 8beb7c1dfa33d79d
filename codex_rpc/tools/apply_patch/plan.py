"""Works out what a whole patch does to which files, and writes nothing.

Hunks take effect in order, on the outcome of those before them; what counts in the end is the net
effect. So a patch that cannot be applied is refused before anything has changed, and the client is
asked about exactly what is going to happen: a file added over an existing one shows as an update, a
file moved over an existing one as an update of that and a deletion of its source.
"""

import os.path
from collections.abc import Iterable
from pathlib import Path
from typing import assert_never

import anyio.to_thread
from msgspec import Struct

from codex_rpc.errors import PatchError
from codex_rpc.tools.apply_patch.changes import ChangeLedger, PlannedChange
from codex_rpc.tools.apply_patch.matcher import patched_text
from codex_rpc.tools.apply_patch.parser import AddFile, DeleteFile, Hunk, Patch, UpdateFile
from codex_rpc.tools.workspace.port import Workspace

LONG_TEXT = 1024 * 1024
"""From this length on a text is worked on in a thread: it takes too long for an event loop."""

_SUMMARY_LETTER = {"add": "A", "update": "M", "delete": "D"}


class PatchPlan(Struct, frozen=True):
    """A patch that has been checked against the files; paths are absolute."""

    changes: tuple[PlannedChange, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every path that something is written to or removed from."""
        both = ((change.path, change.move_path) for change in self.changes)
        return tuple(path for pair in both for path in pair if path is not None)

    @property
    def written(self) -> tuple[Path, ...]:
        """Those that are there afterwards."""
        kept = (change for change in self.changes if change.after is not None)
        return tuple(change.move_path or change.path for change in kept)


async def plan_patch(patch: Patch, cwd: Path, workspace: Workspace) -> PatchPlan:
    """Work out the net effect of `patch`; relative paths start from `cwd`.

    `..` is resolved in the text of the path alone. Paths outside `cwd` are no concern of this
    function: whether they may be written is for the approval to decide, from `PatchPlan.paths`.

    Raises:
        PatchError: if the patch does not fit the files, or would change nothing.
    """
    draft = _Draft(cwd, workspace)
    for hunk in patch.hunks:
        await draft.take(hunk)
    plan = PatchPlan(draft.ledger.changes())
    if not plan.changes:
        raise PatchError("No files were modified.")
    _refuse_files_in_files(plan.changes)
    return plan


def summary(plan: PatchPlan, cwd: Path) -> str:
    """What the model is told after a success; paths below `cwd` are relative to it."""
    lines = [
        f"{letter} {_display(change.move_path or change.path, cwd)}"
        for kind, letter in _SUMMARY_LETTER.items()
        for change in plan.changes
        if change.kind == kind
    ]
    return "\n".join(["Success. Updated the following files:", *lines, ""])


def _display(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd) if path.is_relative_to(cwd) else path)


class _Draft:
    """The files as the hunks taken so far leave them."""

    def __init__(self, cwd: Path, workspace: Workspace) -> None:
        self.ledger = ChangeLedger()
        self._cwd = cwd
        self._workspace = workspace

    async def take(self, hunk: Hunk) -> None:
        path = await self._see(hunk.path)
        match hunk:
            case AddFile():
                self.ledger.write(path, hunk.text)
            case DeleteFile():
                self._existing(path, "delete file")
                self.ledger.write(path, None)
            case UpdateFile():
                await self._update(path, hunk)
            case _:
                assert_never(hunk)

    async def _update(self, path: Path, hunk: UpdateFile) -> None:
        old = self._existing(path, "read file to update")
        if hunk.move_to is None:
            self.ledger.write(path, await _patched(old, hunk, path))
            return
        target = await self._see(hunk.move_to)
        if target == path:
            raise PatchError(f"Cannot move {path} onto itself")
        new = await _patched(old, hunk, path)
        if self.ledger.text(target) == new:
            # Possibly the same file by another name, which removing the source would destroy.
            raise PatchError(f"Cannot move {path}: {target} exists, with the same text")
        self.ledger.move(path, target, new)

    def _existing(self, path: Path, purpose: str) -> str:
        text = self.ledger.text(path)
        if text is None:
            raise PatchError(f"Failed to {purpose} {path}: No such file or directory")
        return text

    async def _see(self, name: str) -> Path:
        path = _absolute(self._cwd, name)
        if path not in self.ledger:
            self.ledger.see(path, await read_text(self._workspace, path))
        return path


async def _patched(text: str, hunk: UpdateFile, path: Path) -> str:
    if len(text) < LONG_TEXT:
        return patched_text(text, hunk.chunks, path)
    return await anyio.to_thread.run_sync(patched_text, text, hunk.chunks, path)


def _absolute(cwd: Path, name: str) -> Path:
    path = os.path.normpath(cwd / name)
    # POSIX leaves a double slash at the start to the system, for which it means what one does.
    return Path(path[1:] if path.startswith("//") else path)


async def read_text(workspace: Workspace, path: Path) -> str | None:
    """The file's text, or `None` if there is none.

    Raises:
        PatchError: if it cannot be read; says so in words for the model.
    """
    try:
        return await workspace.read(path)
    except OSError as error:
        raise PatchError(f"Failed to read {path}: {error.strerror or error}") from error


def _refuse_files_in_files(changes: Iterable[PlannedChange]) -> None:
    """Refuse a patch that makes both a file and something below it."""
    made = {change.move_path or change.path for change in changes if change.after is not None}
    for path in made:
        for parent in path.parents:
            if parent in made:
                raise PatchError(f"Cannot write {path}: {parent} would be a file, not a directory")
