"""EventChannel: a session's events, in order, from its turns to its one reader.

Emitting never waits; whoever produces much asks for `room` now and then. Between the two ends
stands persistence: a batch is handed out only after `persist` has returned.
"""

from collections.abc import Awaitable, Callable, Sequence

import anyio

from codex_rpc.session.events import Event

HIGH_WATER = 2048
"""Events waiting for the reader, above which producers of deltas wait."""


class EventChannelClosedError(Exception):
    """The session has ended and all its events have been read."""


class EventChannel:
    """Ordered, unbounded for what must not wait, with a high-water mark for what can.

    `run` carries events across as long as the session lives; there is one reader.
    """

    def __init__(self, persist: Callable[[], Awaitable[None]]) -> None:
        self._persist = persist
        self._emitted: list[Event] = []
        self._persisted: list[Event] = []
        self._arrived = anyio.Event()
        self._readable = anyio.Event()
        self._taken = anyio.Event()
        self._closing = False
        self._closed = False

    def put(self, event: Event) -> None:
        self._emitted.append(event)
        self._arrived.set()

    def close(self) -> None:
        """No more events will come; `run` ends when it has carried the last one across."""
        self._closing = True
        self._arrived.set()

    async def run(self) -> None:
        """Persist and hand over what is emitted, batch by batch, until the channel is closed."""
        while self._emitted or not self._closing:
            await self._arrived.wait()
            self._arrived = anyio.Event()
            batch, self._emitted = self._emitted, []
            await self._persist()
            self._persisted += batch
            self._readable.set()
        self._closed = True
        self._readable.set()
        self._taken.set()

    async def room(self) -> None:
        """Wait while more events than `HIGH_WATER` wait for the reader."""
        while len(self._emitted) + len(self._persisted) > HIGH_WATER and not self._closed:
            self._taken = anyio.Event()
            await self._taken.wait()

    async def next_batch(self) -> Sequence[Event]:
        """All events that have come up, at least one.

        Raises:
            EventChannelClosedError: if the channel is closed and empty.
        """
        while not self._persisted:
            if self._closed:
                raise EventChannelClosedError
            self._readable = anyio.Event()
            await self._readable.wait()
        batch, self._persisted = self._persisted, []
        self._taken.set()
        return batch
