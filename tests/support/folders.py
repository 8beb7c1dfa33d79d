"""Where a client and its server work: a home and a project."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Folders:
    """Both lie below `root`."""

    root: Path

    @classmethod
    def made_below(cls, root: Path) -> Self:
        """The two of them, empty."""
        folders = cls(root)
        folders.home.mkdir()
        folders.project.mkdir()
        return folders

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def project(self) -> Path:
        return self.root / "project"
