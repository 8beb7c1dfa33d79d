"""Where a repository really is whose `.git` is a file: a worktree's or a submodule's."""

import os
from pathlib import Path

_LONGEST = 64 * 1024


def repositories_of(pointer: str) -> list[str]:
    """The directories with the hooks and the configuration that `git` uses there."""
    label, _, target = _text(pointer).partition(":")
    if label != "gitdir" or not target.strip():
        return []
    git_dir = os.path.realpath(Path(pointer).parent / target.strip())
    common = _text(f"{git_dir}/commondir").strip()
    return [git_dir, os.path.realpath(Path(git_dir, common))] if common else [git_dir]


def _text(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8", errors="surrogateescape") as file:
            return file.read(_LONGEST)
    except (OSError, ValueError):
        return ""
