"""Looking through one root for skills, and telling later whether anything there has changed.

The search is bounded in depth and in number, and goes through a folder once, however many links
lead to it.
"""

import os
import stat
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from codex_rpc.managers.skills.front_matter import read_skill
from codex_rpc.managers.skills.presentation import PRESENTATION, read_presentation
from codex_rpc.managers.skills.roots import SkillRoot
from codex_rpc.managers.skills.skill import DOCUMENT, Skill, SkillProblem

MAX_DEPTH = 6
"""How far below a root a skill's folder may be."""
MAX_FOLDERS = 2_000
"""How many folders of one root are looked into."""

_SETTLED_NS = 50_000_000
"""A file that changed less than this before it was read may change again unnoticed."""

Stamp = tuple[int, int, int, int]
"""What tells one state of a file or folder from another."""


class Scan(Struct, frozen=True):
    """What was found in a root."""

    skills: tuple[Skill, ...]
    problems: tuple[SkillProblem, ...]
    stamps: Mapping[Path, Stamp | None]
    """Everything that was looked at, as it was then; `None` where nothing was."""
    folders: frozenset[Path]
    settled: bool

    def is_fresh(self) -> bool:
        """Whether another look would find the same. Blocks."""
        if not self.settled:
            return False
        return all(stamp_of(path) == stamp for path, stamp in self.stamps.items())

    def documents(self) -> Mapping[Path, Stamp | None]:
        """The state of the files that say something of skills."""
        return {
            path: stamp
            for path, stamp in self.stamps.items()
            if path not in self.folders and stamp is not None
        }


def scan_root(root: SkillRoot) -> Scan:
    """Find all skills below a root. Blocks."""
    started = time.time_ns()
    search = _Search(follow_links=root.scope != "system")
    skills: list[Skill] = []
    problems: list[SkillProblem] = []
    for folder in search.folders(root.path):
        path = folder / DOCUMENT
        if not search.is_document(path):
            continue
        search.note(folder / PRESENTATION)
        found = read_skill(path, root.scope, read_presentation(folder))
        if isinstance(found, Skill):
            skills.append(found)
        else:
            problems.append(found)
    newest = max((stamp[2] for stamp in search.stamps.values() if stamp is not None), default=0)
    return Scan(
        skills=tuple(skills),
        problems=() if root.scope == "system" else tuple(problems),
        stamps=search.stamps,
        folders=frozenset(search.entered),
        settled=newest < started - _SETTLED_NS,
    )


def stamp_of(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


@dataclass(slots=True)
class _Search:
    """Breadth first, so that what lies near the root is found however much lies deeper."""

    follow_links: bool
    stamps: dict[Path, Stamp | None] = field(default_factory=dict[Path, Stamp | None])
    entered: set[Path] = field(default_factory=set[Path])

    def folders(self, root: Path) -> Iterator[Path]:
        self.note(root)
        waiting = deque([(root, 0)])
        while waiting and len(self.entered) < MAX_FOLDERS:
            named, depth = waiting.popleft()
            folder = Path(os.path.realpath(named))
            if folder in self.entered or not folder.is_dir():
                continue
            self.entered.add(folder)
            self.note(folder)
            if depth < MAX_DEPTH and len(waiting) < MAX_FOLDERS:
                waiting += [(path, depth + 1) for path in self._subfolders(folder)]
            yield folder

    def is_document(self, path: Path) -> bool:
        """Whether a skill's document is there: a file of its own, not a link to some other."""
        try:
            mode = path.lstat().st_mode
        except (OSError, ValueError):
            return False
        if stat.S_ISREG(mode):
            self.note(path)
        return stat.S_ISREG(mode)

    def note(self, path: Path) -> None:
        self.stamps[path] = stamp_of(path)

    def _subfolders(self, folder: Path) -> list[Path]:
        try:
            with os.scandir(folder) as entries:
                return sorted(
                    Path(entry.path)
                    for entry in entries
                    if not entry.name.startswith(".")
                    and (entry.is_dir(follow_symlinks=False) or self._leads_on(entry))
                )
        except OSError:
            return []

    def _leads_on(self, entry: "os.DirEntry[str]") -> bool:
        return self.follow_links and entry.is_symlink()
