"""Finding a command's descendants on Linux, wherever they went.

A process that leaves its parent's group and session (`setsid`, a double fork) is re-parented to the
nearest subreaper, which this process makes itself. Whose descendant it then is, is read from a
number that every descendant inherits in two places: an environment variable, and the soft limit of
a resource that the kernel has not looked at since 2.4 (file locks). The variable is there from the
first instruction; the limit also survives a cleared environment, and can be read off a zombie.

Elsewhere than on Linux there is nothing to find. Killing and reaping belong to the callers.
"""

import contextlib
import secrets
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

TAG_VARIABLE = "CODEX_RPC_PROCESS"

_PR_SET_CHILD_SUBREAPER = 36
_RLIMIT_LOCKS = 10
_COUNTER_BITS = 24
_PROC = Path("/proc")


class TagSequence:
    """Numbers for the commands of one runner, which no other runner will give out."""

    def __init__(self) -> None:
        self._family = 1 << 37 | secrets.randbits(37)
        self._last = 0

    def next(self) -> int:
        self._last = (self._last + 1) % (1 << _COUNTER_BITS)
        return self._family << _COUNTER_BITS | self._last

    def gave(self, tag: int) -> bool:
        return tag >> _COUNTER_BITS == self._family


def become_subreaper() -> None:
    """Have orphaned descendants re-parented to this process instead of to init."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextlib.contextmanager
def tagging_children(tag: int) -> Generator[None, None, None]:
    """Have what this thread starts within inherit the tag, from its first instruction on.

    Where the limit cannot be changed, or children not be told apart, the variable has to do.
    """
    if sys.platform != "linux" or not _lists_children():
        yield
        return
    import resource

    before = resource.prlimit(0, _RLIMIT_LOCKS)
    with contextlib.suppress(OSError, ValueError):
        resource.prlimit(0, _RLIMIT_LOCKS, (tag, before[1]))
    try:
        yield
    finally:
        resource.prlimit(0, _RLIMIT_LOCKS, before)
        _untag_strangers(tag)


def tags_of(pid: int) -> set[int]:
    """The numbers a process (or zombie) inherited, if any."""
    return {tag for tag in (_limit_of(pid), _variable_of(pid)) if tag is not None}


def children_of(pid: int) -> list[int]:
    """The direct children of a process, zombies included."""
    return list(_listed_children(pid) if _lists_children() else _scanned_children(pid))


def descendants_of(pid: int) -> list[int]:
    """The processes below `pid`, parents before their children."""
    found = children_of(pid)
    for descendant in found:
        found.extend(child for child in children_of(descendant) if child not in found)
    return found


def _untag_strangers(tag: int) -> None:
    """Take the tag from what other threads happened to start in the meantime.

    The kernel lists a child under the thread that started it, and adopted ones under the main
    thread. Only where this is another than the main thread may both be in one list; the variable
    then decides.
    """
    for task in (_PROC / "self/task").iterdir():
        if int(task.name) != threading.get_native_id():
            for pid in _children_of_task(task):
                if _limit_of(pid) == tag and _variable_of(pid) != tag:
                    _reset_limit(pid)


def _lists_children() -> bool:
    return (_PROC / "thread-self/children").exists()


def _listed_children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in (_PROC / str(pid) / "task").iterdir():
            yield from _children_of_task(task)


def _children_of_task(task: Path) -> list[int]:
    try:
        return [int(pid) for pid in (task / "children").read_bytes().split()]
    except OSError:
        return []


def _scanned_children(pid: int) -> Iterator[int]:
    """The same from every process's parent, for kernels that keep no list of children."""
    with contextlib.suppress(OSError):
        for entry in _PROC.iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    # The command's name, in parentheses, may itself contain spaces and parentheses.
                    _, _, rest = (entry / "stat").read_bytes().rpartition(b")")
                    if int(rest.split()[1]) == pid:
                        yield int(entry.name)


def _limit_of(pid: int) -> int | None:
    if sys.platform != "linux":
        return None
    import resource

    try:
        return resource.prlimit(pid, _RLIMIT_LOCKS)[0]
    except OSError:
        return None


def _reset_limit(pid: int) -> None:
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(OSError):
            resource.prlimit(pid, _RLIMIT_LOCKS, resource.prlimit(0, _RLIMIT_LOCKS))


def _variable_of(pid: int) -> int | None:
    prefix = f"{TAG_VARIABLE}=".encode()
    with contextlib.suppress(OSError):
        for entry in (_PROC / str(pid) / "environ").read_bytes().split(b"\0"):
            if entry.startswith(prefix) and entry[len(prefix) :].isdigit():
                return int(entry[len(prefix) :])
    return None
