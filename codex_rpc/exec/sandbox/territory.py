"""Which parts of the file system a command may write: a policy, applied to the files there are.

The roots come from `codex_rpc.exec.approval_policy`. How the result is put into effect is left to
whatever mounts it; nothing is changed here.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from codex_rpc.config.repository import is_placeholder
from codex_rpc.errors import SandboxError
from codex_rpc.exec.approval_policy import PROTECTED_NAMES, writable_roots
from codex_rpc.exec.sandbox.git_pointer import repositories_of
from codex_rpc.exec.sandbox.links import Resolved, is_inside, resolve
from codex_rpc.exec.sandbox.port import Confinement
from codex_rpc.protocol.policies import WorkspaceWritePolicy

Access = Literal["writable", "read-only", "private"]
"""`private`: read-only, and without what must not be seen."""

_KERNEL_VIEWS = ("/proc", "/sys", "/dev")
_SHARED_MEMORY = "/dev/shm"


class Territory(Struct, frozen=True):
    """Paths without links, with the access to each and to what is below it, up to the next one.

    What is not below any is read-only.
    """

    access: dict[str, Access]
    missing: tuple[str, ...]
    """Names that must not be taken; read-only directories once they exist."""


def territory_of(confinement: Confinement, own_home: str | None) -> Territory:
    """What the policy means here. `own_home` is this program's own directory.

    Raises:
        SandboxError: a part of it cannot be held.
    """
    roots = _roots(confinement)
    access: dict[str, Access] = dict.fromkeys(roots, "writable")
    missing: list[str] = []
    for root in roots:
        for path in _protected(root):
            _protect(path, roots, access, missing)
    for repository in [each for root in roots for each in repositories_of(f"{root}/.git")]:
        if any(is_inside(repository, root) for root in roots):
            _check_there(repository)
            access[repository] = "read-only"
    if own_home is not None and access.get(own_home) != "writable":
        access[own_home] = "private"
    _pin(access, missing)
    return Territory(access, tuple(missing))


def by_depth(paths: Iterable[str]) -> list[str]:
    """Directories before what is in them."""
    return sorted(paths, key=lambda path: (path.rstrip("/").count("/"), path))


def _roots(confinement: Confinement) -> list[str]:
    policy, cwd, tmpdir = confinement.policy, confinement.cwd, confinement.tmpdir
    if not isinstance(policy, WorkspaceWritePolicy):
        return []
    needed = {*policy.writable_roots, str(cwd)}
    resolved: dict[str, Resolved] = {}
    for spelling in map(str, writable_roots(policy, cwd, tmpdir)):
        root = resolve(spelling)
        if os.path.exists(root.path):  # noqa: PTH110 (paths here are texts)
            resolved[spelling] = root
        elif spelling in needed:
            raise SandboxError(f"the writable root {spelling} does not exist")
    roots = {root.path for root in resolved.values()}
    for spelling, root in resolved.items():
        _check(spelling, root, roots)
    return by_depth(roots)


def _check(spelling: str, root: Resolved, roots: Iterable[str]) -> None:
    for directory in root.through:
        if any(is_inside(directory, other) for other in roots):
            raise SandboxError(
                f"the writable root {spelling} leads through a symbolic link in {directory}, "
                "which commands could change"
            )
    if not is_inside(root.path, _SHARED_MEMORY) and any(
        is_inside(root.path, view) for view in _KERNEL_VIEWS
    ):
        raise SandboxError(f"the writable root {spelling} cannot be made writable: it is no disk")


def _protected(root: str) -> Iterator[str]:
    """Names that stay as they are in a root, unless it is a file."""
    if os.path.isdir(root):  # noqa: PTH112
        yield from (f"{root.rstrip('/')}/{name}" for name in sorted(PROTECTED_NAMES))


def _protect(path: str, roots: list[str], access: dict[str, Access], missing: list[str]) -> None:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        missing.append(path)
        return
    except OSError as error:
        raise SandboxError(f"{path} cannot be protected: {error.strerror}") from error
    if stat.S_ISLNK(mode):
        # Nothing can be mounted on a link, so nothing may be added to or taken from its directory.
        _freeze(os.path.dirname(path), access)  # noqa: PTH120
        target = os.path.realpath(path)
        if target not in roots and os.path.exists(target):  # noqa: PTH110
            access[target] = "read-only"
    elif is_placeholder(path):
        missing.append(path)
    else:
        access.setdefault(path, "read-only")


def _freeze(root: str, access: dict[str, Access]) -> None:
    """Leave writable what is in the directory, but not the directory itself."""
    if access[root] == "read-only":
        return
    access[root] = "read-only"
    for entry in os.scandir(root):
        ordinary = entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False)
        if ordinary and entry.name not in PROTECTED_NAMES:
            access.setdefault(entry.path, "writable")


def _check_there(repository: str) -> None:
    if not os.path.isdir(repository):  # noqa: PTH112
        raise SandboxError(
            f"{repository}, to which a .git file in the workspace points, does not exist, so that "
            "it cannot be protected"
        )


def _pin(access: dict[str, Access], missing: Iterable[str]) -> None:
    """Make each writable directory on the way to something else in here an entry of its own.

    A mount cannot be renamed. Without this, a directory above it could be moved away together with
    it, and another one put in its place.
    """
    for path in by_depth([*access, *missing]):
        passed: list[str] = []
        parent = path
        while parent != "/":
            parent = parent.rpartition("/")[0] or "/"
            if parent in access:
                if access[parent] == "writable":
                    access.update(dict.fromkeys(passed, "writable"))
                break
            passed.append(parent)
