"""Which projects the user trusts.

Only `projects."<folder>".trust_level` in the system's or the user's `config.toml`, or on the
command line that started the process, grants trust. What a client sends with a request does not,
nor does a profile, nor anything in a project. Trust holds for the folder named, and inside a
repository for everything below it, as far as no folder between says otherwise; a worktree is
trusted with the repository it belongs to.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from codex_rpc.config.repository import is_repository
from codex_rpc.config.values import table_at

_SMALL_FILE = 4096
"""Git's files that point at a folder hold one path."""


class ProjectTrust(Struct, frozen=True):
    """What was said about folders: whether each is trusted."""

    levels: Mapping[Path, bool]

    def trusts(self, folder: Path) -> bool:
        """Whether configuration and code that stand in `folder` may have a say."""
        return self.decision(folder)[1] is True

    def decision(self, folder: Path) -> tuple[Path, bool | None]:
        """The folder whose trust decides about `folder`, and what was said about it, if anything.

        If nothing was, the folder is the one to be trusted.
        """
        root = project_root(folder)
        for candidate in _deciding(folder, root):
            level = self._level(candidate)
            if level is not None:
                return candidate, level
        return root or folder, None

    def _level(self, folder: Path) -> bool | None:
        said = {self.levels.get(name) for name in (folder, _resolved(folder))} - {None}
        return None if not said else said == {True}


def trust_from_table(table: Mapping[str, Any]) -> ProjectTrust:
    """Read `projects`.

    Raises:
        ConfigValueError: if an entry is no table.
    """
    projects = table_at(table, "projects")
    levels = {
        Path(path): table_at(projects, path, "projects").get("trust_level") for path in projects
    }
    return ProjectTrust(
        {path: level == "trusted" for path, level in levels.items() if level is not None}
    )


def project_root(folder: Path) -> Path | None:
    """The nearest folder at or above `folder` that Git keeps; `None` if there is none."""
    return next((each for each in (folder, *folder.parents) if is_repository(each)), None)


def _deciding(folder: Path, root: Path | None) -> Iterator[Path]:
    """The folders whose trust decides, nearest first."""
    yield folder
    if root is None:
        return
    for parent in folder.parents:
        if not parent.is_relative_to(root):
            break
        yield parent
    main = _main_worktree(root)
    if main is not None:
        yield main


def _main_worktree(root: Path) -> Path | None:
    """The repository that `root` is a further worktree of.

    The link is believed only if the repository's own record points back: anybody can write a file
    that names a trusted repository.
    """
    pointer = _line_of(root / ".git")
    if pointer is None or not pointer.startswith("gitdir: "):
        return None
    # Resolved, since only where it really lies says whose record it is.
    record = _resolved(root / pointer.removeprefix("gitdir: "))
    back = _line_of(record / "gitdir")
    if back is None or _resolved(record / back) != _resolved(root / ".git"):
        return None
    git = record.parent.parent
    return git.parent if (record.parent.name, git.name) == ("worktrees", ".git") else None


def _line_of(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _SMALL_FILE:
            return None
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # RuntimeError: links in a circle
        return path
