"""Going through a directory without `rg`, past what git ignores. Blocks.

Ignore files of git count in a repository, `.ignore` files everywhere; the deepest that says
something about a path decides. Those above the searched directory count as well. What the user's
git ignores in all repositories is not known here.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from codex_rpc.config.repository import GIT, is_repository

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


class _Rules(Struct, frozen=True):
    """What one file ignores; paths are relative to the directory that it is in."""

    directory: str
    spec: "GitIgnoreSpec"

    def verdict(self, path: str, *, is_directory: bool) -> bool | None:
        relative = os.path.relpath(path, self.directory)
        return self.spec.check_file(relative + "/" if is_directory else relative).include


class _Folder(Struct, frozen=True):
    path: str
    prefix: str
    """Its path below the root, with a slash at the end, or nothing."""
    rules: Sequence[_Rules]
    in_repository: bool
    above: frozenset[tuple[int, int]]
    """Device and inode of the folders on the way to it, so that links lead nobody in circles."""


def walk(root: Path) -> Iterator[str]:
    """The files below `root`, as paths below it."""
    waiting = [_start(root.resolve())]
    while waiting:
        folder = _entered(waiting.pop())
        try:
            entries = list(os.scandir(folder.path))
        except OSError:
            continue
        for entry in entries:
            if entry.name == GIT:
                continue
            kind = _kind(entry)
            if kind is None or _ignored(folder.rules, entry.path, is_directory=kind == "directory"):
                continue
            if kind == "file":
                yield os.fsencode(folder.prefix + entry.name).decode("utf-8", "replace")
            elif (below := _below(folder, entry)) is not None:
                waiting.append(below)


def _start(root: Path) -> _Folder:
    """The root, with the rules of the directories above it."""
    repository = next((path for path in (root, *root.parents) if is_repository(path)), None)
    rules: list[_Rules] = []
    for path in reversed(root.parents):
        inside = repository is not None and path.is_relative_to(repository)
        rules += _rules_of(path, in_repository=inside)
    if repository is not None and repository != root:
        rules = [*_excluded(repository), *rules]
    status = root.stat()
    inside = repository is not None
    return _Folder(str(root), "", rules, inside, frozenset({(status.st_dev, status.st_ino)}))


def _entered(folder: _Folder) -> _Folder:
    """The folder with its own rules added; a repository in it begins anew."""
    path = Path(folder.path)
    rules, inside = folder.rules, folder.in_repository
    if is_repository(path):
        rules, inside = [*rules, *_excluded(path)], True
    rules = [*rules, *_rules_of(path, in_repository=inside)]
    return _Folder(folder.path, folder.prefix, rules, inside, folder.above)


def _below(folder: _Folder, entry: os.DirEntry[str]) -> _Folder | None:
    try:
        status = entry.stat()
    except OSError:
        return None
    identity = (status.st_dev, status.st_ino)
    if identity in folder.above:
        return None
    prefix = f"{folder.prefix}{entry.name}/"
    above = folder.above | {identity}
    return _Folder(entry.path, prefix, folder.rules, folder.in_repository, above)


def _kind(entry: os.DirEntry[str]) -> str | None:
    try:
        if entry.is_dir():
            return "directory"
        return "file" if entry.is_file() else None
    except OSError:
        return None


def _ignored(rules: Sequence[_Rules], path: str, *, is_directory: bool) -> bool:
    for rule in reversed(rules):
        verdict = rule.verdict(path, is_directory=is_directory)
        if verdict is not None:
            return verdict
    return False


def _excluded(repository: Path) -> Iterator[_Rules]:
    yield from _read(repository, repository / GIT / "info" / "exclude")


def _rules_of(directory: Path, *, in_repository: bool) -> Iterator[_Rules]:
    if in_repository:
        yield from _read(directory, directory / ".gitignore")
    yield from _read(directory, directory / ".ignore")


def _read(directory: Path, file: Path) -> Iterator[_Rules]:
    from pathspec import GitIgnoreSpec

    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    spec = GitIgnoreSpec.from_lines(lines)
    if len(spec):
        yield _Rules(str(directory), spec)
