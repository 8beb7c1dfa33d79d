"""Looking at processes from outside."""

from pathlib import Path

import anyio

WAIT_SECONDS = 10.0


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


async def gone(pid: int) -> None:
    """Wait until a process is no more, which must be soon."""
    with anyio.fail_after(WAIT_SECONDS):
        # The kernel tells nobody of the end of somebody else's child.
        while runs(pid):  # noqa: ASYNC110
            await anyio.sleep(0.005)
