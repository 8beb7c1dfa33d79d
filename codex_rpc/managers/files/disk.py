"""Doing what blocks on a disk away from the event loop, a few things at a time."""

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread

from codex_rpc.errors import FileSystemError

T = TypeVar("T")

WORKERS = 8
"""How many threads work for all connections together."""


def stop_if_cancelled() -> None:
    """End work that nobody wants any more; to be called between the steps of what takes long."""
    anyio.from_thread.check_cancelled()


class Disk:
    """The threads that work on files. Must be made in the event loop."""

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(WORKERS)

    async def read(self, work: Callable[[], T]) -> T:
        """Do what changes nothing; a cancellation does not wait for it.

        Raises:
            FileSystemError: if the system refuses it.
        """
        return await self._run(work, abandon=True)

    async def change(self, work: Callable[[], T]) -> T:
        """Do what changes files; after a cancellation it has stopped, or is done.

        Raises:
            FileSystemError: if the system refuses it.
        """
        return await self._run(work, abandon=False)

    async def _run(self, work: Callable[[], T], *, abandon: bool) -> T:
        try:
            return await anyio.to_thread.run_sync(
                work, abandon_on_cancel=abandon, limiter=self._limiter
            )
        except OSError as error:
            raise FileSystemError(error) from None
