"""The net effect of edits on files: what each was before, what it is now, where it came from.

Shared by the planner, which edits a ledger instead of the disk, and by the turn's diff, which adds
plan after plan. Pure: texts come in, changes go out.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from msgspec import Struct

ChangeKind = Literal["add", "delete", "update"]


class PlannedChange(Struct, frozen=True):
    """What happens to one file; `None` is "does not exist".

    `before` is the text at `path`; `after` is the text at `move_path` if the file moves, and at
    `path` otherwise. A file moves only to where none was.
    """

    path: Path
    move_path: Path | None
    before: str | None
    after: str | None

    @property
    def kind(self) -> ChangeKind:
        if self.before is None:
            return "add"
        return "delete" if self.after is None else "update"


@dataclass(slots=True)
class _File:
    before: str | None
    now: str | None
    origin: Path | None = None
    """Where the present content was moved from."""


class ChangeLedger:
    """Files as they were when first seen, and as they are after the edits made so far."""

    def __init__(self) -> None:
        self._files: dict[Path, _File] = {}

    def __contains__(self, path: Path) -> bool:
        return path in self._files

    def see(self, path: Path, text: str | None) -> None:
        """Take `text` for the file's state before all edits, unless the file is known already."""
        self._files.setdefault(path, _File(text, text))

    def text(self, path: Path) -> str | None:
        """The text as it is now. The file must have been seen."""
        return self._files[path].now

    def write(self, path: Path, text: str | None) -> None:
        """Replace the text, or delete the file. It must have been seen."""
        file = self._files[path]
        if file.now is None or text is None:
            file.origin = None
        file.now = text

    def move(self, source: Path, target: Path, text: str) -> None:
        """Move a file and give it `text`. Both must have been seen."""
        origin = self._files[source].origin or source
        self.write(source, None)
        moved = self._files[target]
        moved.now, moved.origin = text, origin

    def changes(self) -> tuple[PlannedChange, ...]:
        """What differs from the beginning, in the order in which files were first seen."""
        moves = self._moves()
        targets = set(moves.values())
        changes: list[PlannedChange] = []
        for path, file in self._files.items():
            if path in moves:
                target = moves[path]
                after = self._files[target].now
                changes.append(PlannedChange(path, target, file.before, after))
            elif path not in targets and file.before != file.now:
                changes.append(PlannedChange(path, None, file.before, file.now))
        return tuple(changes)

    def _moves(self) -> dict[Path, Path]:
        """Source to target of each file that went from its place to one where none was."""
        moves: dict[Path, Path] = {}
        for target, file in self._files.items():
            if file.origin is None or file.before is not None or file.now is None:
                continue
            source = self._files[file.origin]
            if source.before is not None and source.now is None:
                moves.setdefault(file.origin, target)
        return moves
