"""Noticing changes in the folders where skills are, and having another look then.

What is different then, if anything, is for the one who looks to tell.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
from msgspec import Struct

from codex_rpc.managers.skills.presentation import PRESENTATION
from codex_rpc.managers.skills.roots import SkillRoot
from codex_rpc.managers.skills.scan import Scan
from codex_rpc.managers.skills.skill import DOCUMENT

logger = logging.getLogger(__name__)

STEP_MS = 100
"""How often the watching thread looks whether it is to stop, and for how long all must be quiet."""
RETRY_SECONDS = 1.0
"""After how long a folder that vanished before it could be watched is looked for again."""


class Places(Struct, frozen=True):
    """What to watch: folders themselves, nothing below them.

    They are the folders that were looked into, and where there is no root, the nearest folder
    above; of what happens there only `awaited` matters: the root, and the folders on the way to it.
    """

    searched: frozenset[Path]
    nearest: frozenset[Path]
    awaited: frozenset[Path]

    def concerned(self, path: Path, *, modified: bool) -> bool:
        """Whether something has happened to `path` that may be a change of skills."""
        if path.parent in self.searched:
            return not modified or path.name in (DOCUMENT, PRESENTATION.name)
        return path in self.awaited or path in self.searched


def places_of(scans: Mapping[SkillRoot, Scan]) -> Places:
    """Where to watch for changes of what was found. Blocks."""
    searched, nearest, awaited = set[Path](), set[Path](), set[Path]()
    for root, scan in scans.items():
        searched |= scan.folders
        for path in () if scan.folders else (root.path, *root.path.parents):
            if path.is_dir():
                nearest.add(path)
                break
            awaited.add(path)
    return Places(frozenset(searched), frozenset(nearest), frozenset(awaited))


class SkillsWatcher:
    """Calls `look` whenever it might find something else than before."""

    def __init__(self, look: Callable[[], Awaitable[Mapping[SkillRoot, Scan]]]) -> None:
        self._look = look
        self._stop = anyio.Event()

    def more_to_watch(self) -> None:
        """There are other folders to watch than before."""
        self._stop.set()

    async def run(self) -> None:
        """Watch for ever. Where the system cannot watch, this ends, which the log says."""
        try:
            # It takes a while to import.
            await anyio.to_thread.run_sync(import_module, "watchfiles", abandon_on_cancel=True)
            while True:
                await self._watch(await self._looked())
        except Exception:
            logger.exception("changes of skills are no longer noticed by themselves")

    async def _watch(self, places: Places) -> None:
        """Watch until there are other places to watch."""
        self._stop = stop = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._follow, places, stop)
            tasks.start_soon(_set_when_cancelled, stop)
            # From the next moment on it watches; what has changed before is found by looking.
            await anyio.lowlevel.checkpoint()
            if await self._looked() == places:
                await stop.wait()
            tasks.cancel_scope.cancel()

    async def _follow(self, places: Places, stop: anyio.Event) -> None:
        from watchfiles import (
            Change,
            awatch,  # pyright: ignore[reportUnknownVariableType] - of events of libraries not here
        )

        def wanted(change: Change, path: str) -> bool:
            return places.concerned(Path(path), modified=change is Change.modified)

        try:
            async for _ in awatch(
                *places.searched,
                *places.nearest,
                watch_filter=wanted,
                stop_event=stop,
                step=STEP_MS,
                recursive=False,
            ):
                if await self._looked() != places:
                    break
        except FileNotFoundError:  # gone since it was looked into
            await anyio.sleep(RETRY_SECONDS)
        stop.set()

    async def _looked(self) -> Places:
        """Look, and return where to watch."""
        scans = await self._look()
        return await anyio.to_thread.run_sync(places_of, scans, abandon_on_cancel=True)


async def _set_when_cancelled(stop: anyio.Event) -> None:
    """The watching thread sees nothing of a cancellation, but it sees this event."""
    try:
        await anyio.sleep_forever()
    finally:
        stop.set()
