"""Where a path leads, and through which directories' links it gets there."""

import os

from msgspec import Struct

from codex_rpc.errors import SandboxError

_MOST_LINKS = 40


class Resolved(Struct, frozen=True):
    """A path without links, and the directories in which a link was followed to reach it."""

    path: str
    through: tuple[str, ...]


def resolve(path: str) -> Resolved:
    """Follow an absolute path as the kernel does; a part that does not exist is taken as it is.

    Raises:
        SandboxError: its links lead in a circle.
    """
    reached = "/"
    through: list[str] = []
    pending = _parts(path)
    while pending:
        part = pending.pop()
        if part == "..":
            reached = os.path.dirname(reached)  # noqa: PTH120 (text, on every confined command)
            continue
        candidate = f"{reached.rstrip('/')}/{part}"
        target = _target(candidate)
        if target is None:
            reached = candidate
            continue
        through.append(reached)
        if len(through) > _MOST_LINKS:
            raise SandboxError(f"{path} leads through too many symbolic links")
        if target.startswith("/"):
            reached = "/"
        pending += _parts(target)
    return Resolved(reached, tuple(through))


def is_inside(path: str, directory: str) -> bool:
    """Whether it is the directory or below it; both without links."""
    return path == directory or path.startswith(f"{directory.rstrip('/')}/")


def _parts(path: str) -> list[str]:
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def _target(path: str) -> str | None:
    try:
        return os.readlink(path)  # noqa: PTH115 (`Path` would cost more than the call)
    except OSError:
        return None
