"""What a thread's record says of the repository it began in, read from git's own files.

The `git` command is not run for it: that takes longer, and runs what a repository configures.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import anyio
import anyio.to_thread

from codex_rpc.config.repository import is_placeholder
from codex_rpc.protocol.thread import GitInfo

MAX_SECONDS = 1.0

_MAX_LINES = 200_000
"""Of any one file; a list of all refs may be long."""
_MAX_SYMBOLIC = 5
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SECTION = re.compile(r'\[\s*remote\s+"origin"\s*\]', re.IGNORECASE)
_HOST = re.compile(r"[^/?#]+")
_URL = re.compile(r'\s*url\s*=\s*"?([^"\n]*?)"?\s*', re.IGNORECASE)


async def git_info(cwd: Path) -> GitInfo | None:
    """The commit, branch and origin of the repository that holds `cwd`; `None` without one.

    What cannot be found within a second is left out.
    """
    with anyio.move_on_after(MAX_SECONDS):
        return await anyio.to_thread.run_sync(read_git_info, cwd, abandon_on_cancel=True)
    return None


def read_git_info(cwd: Path) -> GitInfo | None:
    """The same, without a limit of time. Blocking: for a worker thread."""
    try:
        git_dir = _git_dir(cwd)
        if git_dir is None:
            return None
        common = _pointed(git_dir, git_dir / "commondir") or git_dir
        branch = _branch(git_dir)
        return GitInfo(
            sha=_commit("HEAD", git_dir, common), branch=branch, origin_url=_origin(common)
        )
    except (OSError, ValueError):  # a name that is too long, or holds a zero
        return None


def _git_dir(cwd: Path) -> Path | None:
    for folder in (cwd, *cwd.parents):
        found = folder / ".git"
        if found.is_dir() and not is_placeholder(str(found)):
            return found
        if found.is_file():
            return _pointed(folder, found, prefix="gitdir:")
    return None


def _pointed(folder: Path, file: Path, prefix: str = "") -> Path | None:
    """The directory that a file of one line names, seen from `folder`."""
    line = next(_lines(file), "").strip()
    name = line.removeprefix(prefix).strip()
    return folder / name if name and line.startswith(prefix) else None


def _branch(git_dir: Path) -> str | None:
    head = _symbolic(git_dir / "HEAD")
    if head is None or not head.startswith("refs/heads/"):
        return None
    branch = head.removeprefix("refs/heads/")
    return None if branch == ".invalid" else branch


def _symbolic(ref: Path) -> str | None:
    """What a ref says it stands for, if it is another one."""
    line = next(_lines(ref), "").strip()
    return line.removeprefix("ref:").strip() if line.startswith("ref:") else None


def _commit(ref: str, git_dir: Path, common: Path) -> str | None:
    for _ in range(_MAX_SYMBOLIC):
        if ref != "HEAD" and (not ref.startswith("refs/") or ".." in ref):
            return None
        for folder in (git_dir, common):
            line = next(_lines(folder / ref), "").strip()
            if _SHA.fullmatch(line):
                return line
            if line.startswith("ref:"):
                ref = line.removeprefix("ref:").strip()
                break
        else:
            return _packed(ref, common)
    return None


def _packed(ref: str, common: Path) -> str | None:
    for line in _lines(common / "packed-refs"):
        sha, _, name = line.strip().partition(" ")
        if name == ref and _SHA.fullmatch(sha):
            return sha
    return None


def _origin(common: Path) -> str | None:
    inside = False
    for line in _lines(common / "config"):
        if line.lstrip().startswith("["):
            inside = _SECTION.match(line.strip()) is not None
        elif inside and (found := _URL.fullmatch(line.rstrip("\r\n"))):
            return without_credentials(found.group(1))
    return None


def without_credentials(url: str) -> str | None:
    """The address of a repository without a name and password in it; `None` if it makes no sense.

    What precedes the host is part of the address where it is not the web's.
    """
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in ("http", "https"):
        return url or None
    host = _HOST.match(rest)
    if host is None or any(char.isspace() for char in url):
        return None
    return f"{scheme}://{host.group().rpartition('@')[2]}{rest[host.end() :]}"


def _lines(file: Path) -> Iterator[str]:
    """The lines of a file; none if there is no such file."""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            yield from islice(lines, _MAX_LINES)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return
