"""Where rollout files are, and what their names say without opening them.

Looking for threads is the index's; what a file holds is read elsewhere.
"""

import re
import time
from datetime import datetime
from pathlib import Path

from msgspec import Struct

SESSIONS = "sessions"
"""Below it a folder per day, in local time."""
ARCHIVED = "archived_sessions"
"""Flat."""

_NAME = re.compile(
    r"rollout-(\d{4})-(\d\d)-(\d\d)T(\d\d)-(\d\d)-(\d\d)-"
    r"(.+?)(?:_([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}))?\.jsonl"
)
_V7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

_TWO_DAYS_MS = 2 * 86_400_000


class RolloutName(Struct, frozen=True):
    """What the name of a rollout file says. Times in unix milliseconds."""

    thread_id: str
    created: int
    """When the thread began; good for putting threads in order."""
    sequence: str
    """The later of two files of one thread has the greater one."""
    file_id: str
    """What files that go on from this one call it."""

    @classmethod
    def of(cls, name: str) -> "RolloutName | None":
        """Read a file's name, or `None` if it has another form."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        thread_id, own_id = found[7], found[8]
        written = _local_ms(found)
        if written is None:
            return None
        return cls(
            thread_id=thread_id,
            created=_created_ms(thread_id, written),
            sequence=f"{name[8:27]}{own_id or ''}",
            file_id=own_id or thread_id,
        )


def looks_like_rollout(name: str) -> bool:
    return name.startswith("rollout-") and name.endswith(".jsonl")


def day_folder(codex_home: Path, name: str) -> Path:
    """The folder that a file of this name belongs in, unless it is archived."""
    found = _NAME.fullmatch(name)
    day = (found[1], found[2], found[3]) if found else f"{datetime.now():%Y %m %d}".split()
    return codex_home.joinpath(SESSIONS, *day)


def _local_ms(found: re.Match[str]) -> int | None:
    """The moment in a name. Names are in local time, so it may be some hours off."""
    year, month, day, hour, minute, second = (int(found[at]) for at in range(1, 7))
    try:
        return int(time.mktime((year, month, day, hour, minute, second, 0, 0, -1)) * 1000)
    except (ValueError, OverflowError):
        return None


def _created_ms(thread_id: str, written: int) -> int:
    """A UUIDv7 tells when the thread began, to the millisecond and whatever the time zone.

    It is not believed if the file claims to be older. A file may be younger: a revert makes one.
    """
    if _V7.fullmatch(thread_id) is None:
        return written
    born = int(thread_id[:8] + thread_id[9:13], 16)
    return born if born < written + _TWO_DAYS_MS else written
