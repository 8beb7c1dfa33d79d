"""Finding a command's descendants on Linux, wherever they went.

A process that leaves its parent's group and session (`setsid`, a double fork) is re-parented to the
nearest subreaper. Whose descendant it then is, is read from a number that every descendant
inherits: the soft limit of a resource that the kernel has not looked at since 2.4 (file locks). It
survives a cleared environment and can be read off a zombie.

Elsewhere than on Linux there is nothing to find. Killing and reaping belong to the callers.
"""
# The guardian imports this, and `pathlib` and `contextlib` would double the time it takes to start.
# ruff: noqa: PTH110, PTH123, PTH208, SIM105

import os
import sys

_PR_SET_CHILD_SUBREAPER = 36
_RLIMIT_LOCKS = 10
_COUNTER_BITS = 24


class TagSequence:
    """Numbers for the commands of one runner, which no other runner will give out."""

    def __init__(self) -> None:
        self._family = 1 << 37 | int.from_bytes(os.urandom(5), "big") >> 3
        self._last = 0

    def next(self) -> int:
        self._last = (self._last + 1) % (1 << _COUNTER_BITS)
        return self._family << _COUNTER_BITS | self._last

    def gave(self, tag: int | None) -> bool:
        return tag is not None and tag >> _COUNTER_BITS == self._family


def become_subreaper() -> None:
    """Have orphaned descendants re-parented to this process instead of to init."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def tag_children(tag: int) -> None:
    """Have all that this process starts from now on inherit the tag."""
    if sys.platform != "linux":
        return
    import resource

    try:
        resource.prlimit(0, _RLIMIT_LOCKS, (tag, resource.prlimit(0, _RLIMIT_LOCKS)[1]))
    except (OSError, ValueError):  # the hard limit is lower
        pass


def tag_of(pid: int) -> int | None:
    """The number that a process (or zombie) inherited, if it did."""
    if sys.platform != "linux":
        return None
    import resource

    try:
        return resource.prlimit(pid, _RLIMIT_LOCKS)[0]
    except OSError:
        return None


def children_of(pid: int) -> list[int]:
    """The direct children of a process, zombies included."""
    return listed_children(pid) if _lists_children() else scanned_children(pid)


def descendants_of(pid: int) -> list[int]:
    """The processes below `pid`, parents before their children."""
    found = children_of(pid)
    for descendant in found:
        found.extend(child for child in children_of(descendant) if child not in found)
    return found


def listed_children(pid: int) -> list[int]:
    """The children by the kernel's own list, which not every kernel keeps."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found.extend(map(int, file.read().split()))
    except OSError:
        pass
    return found


def scanned_children(pid: int) -> list[int]:
    """The children by what every process says of its parent."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    return [int(name) for name in names if name.isdigit() and _parent_of(name) == pid]


def _lists_children() -> bool:
    return os.path.exists("/proc/thread-self/children")


def _parent_of(name: str) -> int | None:
    try:
        with open(f"/proc/{name}/stat", "rb") as file:
            # The command's name, in parentheses, may itself contain spaces and parentheses.
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return None
