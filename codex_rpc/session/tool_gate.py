"""ToolGate: which tool calls may run at the same time. What a call does is none of its business."""

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
from msgspec import Struct, field


class _Waiter(Struct, frozen=True, eq=False):
    exclusive: bool
    admitted: anyio.Event = field(default_factory=anyio.Event)


class ToolGate:
    """Lets parallel calls overlap, and exclusive ones run alone, strictly in order of arrival.

    A parallel call that comes after a waiting exclusive one waits behind it, so that neither kind
    can keep the other out. A waiter that is cancelled leaves the queue at once. Leaving never
    waits.
    """

    __slots__ = ("_alone", "_inside", "_queue")

    def __init__(self) -> None:
        self._queue: deque[_Waiter] = deque()
        self._inside = 0
        self._alone = False

    @asynccontextmanager
    async def parallel(self) -> AsyncGenerator[None]:
        """Be inside together with other parallel calls."""
        await self._enter(exclusive=False)
        try:
            yield
        finally:
            self._leave()

    @asynccontextmanager
    async def exclusive(self) -> AsyncGenerator[None]:
        """Be inside alone."""
        await self._enter(exclusive=True)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, *, exclusive: bool) -> None:
        await anyio.lowlevel.checkpoint_if_cancelled()
        if not self._queue and self._fits(exclusive=exclusive):
            self._admit(exclusive=exclusive)
            return
        waiter = _Waiter(exclusive)
        self._queue.append(waiter)
        try:
            await waiter.admitted.wait()
        except BaseException:
            if waiter.admitted.is_set():
                self._leave()
            else:
                self._queue.remove(waiter)
                self._admit_waiting()
            raise

    def _leave(self) -> None:
        self._inside -= 1
        self._alone = False
        self._admit_waiting()

    def _admit_waiting(self) -> None:
        while self._queue and self._fits(exclusive=self._queue[0].exclusive):
            waiter = self._queue.popleft()
            self._admit(exclusive=waiter.exclusive)
            waiter.admitted.set()

    def _fits(self, *, exclusive: bool) -> bool:
        return not (self._inside if exclusive else self._alone)

    def _admit(self, *, exclusive: bool) -> None:
        self._inside += 1
        self._alone = exclusive
