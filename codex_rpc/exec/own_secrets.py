"""Keeping this process's credentials from the commands that it runs.

Commands do not inherit them (`codex_rpc.exec.environment`), but on Linux a process can look up in
`/proc` what environment another of the same user was started with. `os.environ` is a copy of that
and not touched.
"""

import os
import sys
from pathlib import Path

from codex_rpc.exec.environment import looks_secret

_PR_SET_DUMPABLE = 4
_ENV_START, _ENV_END = 50, 51
"""Fields of `/proc/PID/stat`, counted from 1 as in its documentation."""


def hide_own_secrets() -> None:
    """Make this process unreadable for others of the same user, and wipe what root could read.

    The values of variables that are secret, going by their names, are wiped from the environment
    that the process was started with, for good: only `os.environ` has them from then on. It cannot
    be traced any more, nor leave a core dump. Nothing happens elsewhere than on Linux, or if the
    system does not tell where that environment is.
    """
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    try:
        start, end = _environment_block()
    except (OSError, ValueError, IndexError):
        return
    address = start
    for entry in ctypes.string_at(start, end - start).split(b"\0"):
        name, _, value = entry.partition(b"=")
        if value and looks_secret(os.fsdecode(name)):
            ctypes.memset(address + len(name) + 1, 0, len(value))
        address += len(entry) + 1


def _environment_block() -> tuple[int, int]:
    """Where it begins and ends in this process's memory.

    Raises:
        ValueError: the system does not say, or not something that could be.
    """
    # The second field, the command's name in parentheses, may itself contain spaces.
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[_ENV_START - 3]), int(fields[_ENV_END - 3])
    mapped = Path("/proc/self/maps").read_text().splitlines()
    for line in mapped:
        low, high = (int(bound, 16) for bound in line.split()[0].split("-"))
        if low <= start < end <= high and line.split()[1].startswith("rw"):
            return start, end
    raise ValueError(start, end)
