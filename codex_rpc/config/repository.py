"""Which folders Git keeps, as their `.git` says.

While commands run in a sandbox, an empty directory may take up that name so that they cannot
(`codex_rpc.exec.sandbox.placeholders`). Git passes over it, and so do we.
"""

import os
import stat
from pathlib import Path

GIT = ".git"


def is_repository(folder: Path) -> bool:
    """Whether there is a `.git`, of whatever kind."""
    mark = folder / GIT
    try:
        mark.lstat()
    except (OSError, ValueError):
        return False
    return not is_placeholder(str(mark))


def is_placeholder(path: str) -> bool:
    """Whether the directory there is one that a server has made to take up the name."""
    try:
        status = os.lstat(path)
        return (
            stat.S_ISDIR(status.st_mode)
            and not status.st_mode & 0o222
            and status.st_uid == os.geteuid()
            and not os.listdir(path)  # noqa: PTH208
        )
    except OSError:
        return False
