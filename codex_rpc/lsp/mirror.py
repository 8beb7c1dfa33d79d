"""Saving what the agent changes in buffers, for as long as buffer and file say the same.

The protocol cannot ask an editor to save. But commands see only the disk, so a patch to a buffer
that had been saved is written to its file as well. If the user then undoes it in the editor, which
believes the buffer to be as it was saved, the file follows; and no file that says something else is
ever touched.
"""

import logging
from collections import deque
from pathlib import Path

import anyio

from codex_rpc.tools.workspace.disk import DiskWorkspace

logger = logging.getLogger(__name__)

_MARK = "\ufeff"
_REMEMBERED = 32
"""Texts of one file between which the user can go back and forth."""


class Mirror:
    """Files that are kept equal to their buffers."""

    def __init__(self, disk: DiskWorkspace) -> None:
        self._disk = disk
        self.enabled = True
        """Whether files are to go on saying what their buffers do."""
        self._states: dict[Path, deque[str]] = {}
        """The texts of a file that are its own or the agent's, as buffers have them."""
        self._writing = anyio.Lock()

    async def is_saved(self, path: Path, text: str) -> bool:
        """Whether the file says what its buffer does."""
        return await self._read(path) == text

    async def save(self, path: Path, before: str, text: str) -> None:
        """Write to the file what the agent has made of its buffer, which was saved before."""
        states = self._states.setdefault(path, deque(maxlen=_REMEMBERED))
        for state in (before, text):
            if state not in states:
                states.append(state)
        async with self._writing:
            if await self._read(path) != text:
                await self._write(path, text)

    def knows(self, path: Path, text: str) -> bool:
        """Whether the file may have to follow its buffer to that text."""
        return self.enabled and text in self._states.get(path, ())

    async def follow(self, path: Path, text: str) -> None:
        """Have the file follow its buffer, if it still says what was written here."""
        async with self._writing:
            try:
                now = await self._read(path)
                if now != text and self.knows(path, text) and self.knows(path, now or ""):
                    await self._write(path, text)
            except OSError as error:
                logger.warning("a file could not follow its buffer: %s", error.strerror)

    def forget(self, path: Path) -> None:
        """The editor has saved or closed the buffer: the file is its own again."""
        self._states.pop(path, None)

    async def _read(self, path: Path) -> str | None:
        """The file's text as an editor shows it: without a byte order mark."""
        text = await self._disk.read(path)
        return None if text is None else text.removeprefix(_MARK)

    async def _write(self, path: Path, text: str) -> None:
        marked = (await self._disk.read(path) or "").startswith(_MARK)
        await self._disk.write(path, _MARK + text if marked else text)
