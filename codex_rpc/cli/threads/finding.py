"""Finding the thread that a user means by a part of its id."""

import os
from collections.abc import Iterator
from pathlib import Path

import anyio.to_thread

from codex_rpc.errors import InvalidRequestError, ThreadNotStoredError
from codex_rpc.rollout.files import ARCHIVED, SESSIONS, RolloutName
from codex_rpc.rollout.stored_thread import StoredThread
from codex_rpc.rollout.thread_store import ThreadStore

_SHOWN = 5


async def find_thread(home: Path, store: ThreadStore, part: str) -> StoredThread:
    """The thread whose id is `part`, or the only one whose id begins or ends with it.

    Raises:
        InvalidRequestError: if that fits none, or several.
    """
    wanted = part.strip().lower()
    try:
        return await store.find(wanted)
    except InvalidRequestError:
        if len(wanted) >= 36 or not wanted:
            raise
    found = await anyio.to_thread.run_sync(lambda: sorted(_ids_like(home, wanted)))
    if not found:
        raise ThreadNotStoredError(part)
    if len(found) > 1:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise InvalidRequestError(f"{part} fits several threads: {', '.join(found[:_SHOWN])}{more}")
    return await store.find(found[0])


def _ids_like(home: Path, part: str) -> set[str]:
    return {
        thread_id
        for thread_id in _ids(home)
        if thread_id.startswith(part) or thread_id.endswith(part)
    }


def _ids(home: Path) -> Iterator[str]:
    """The ids that the names of files say, with repetitions."""
    for folder in (SESSIONS, ARCHIVED):
        for _, _, names in os.walk(home / folder):
            for name in names:
                if (named := RolloutName.of(name)) is not None:
                    yield named.thread_id
