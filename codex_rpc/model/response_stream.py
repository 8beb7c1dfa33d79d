"""One accepted response: from the pieces the network brings to batches of events.

A reader task runs ahead of the consumer by a bounded number of pieces, so that all events of one
network read make one batch however the sender framed them. Asking for the response, and again
after it broke off, is left to others.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from codex_rpc.errors import ModelError, ModelStreamError
from codex_rpc.model.events import ModelEvent, ResponseCompleted
from codex_rpc.model.response_events import event_from_data
from codex_rpc.model.sse import SseDecoder

PIECES_AHEAD = 256
"""Pieces (of at most one network read each) that may wait for the consumer."""

LINGER = 0.02
"""Seconds a completed response is given to end on the wire, which lets its connection be reused."""


@asynccontextmanager
async def event_batches(
    pieces: AsyncIterator[bytes], idle_timeout: float, first: Sequence[ModelEvent] = ()
) -> AsyncGenerator[AsyncIterator[Sequence[ModelEvent]]]:
    """Yield the batches of a response whose body is `pieces`, after the batch `first`.

    Iterating stops at `ResponseCompleted`. `pieces` is being read until the context is left.

    Raises:
        ModelError: while iterating, when the response failed, fell silent or was cut off.
    """
    inlet, outlet = anyio.create_memory_object_stream[bytes](PIECES_AHEAD)
    batches = _Batches(outlet, idle_timeout, first)
    failure: Exception | None = None
    with inlet, outlet:
        async with anyio.create_task_group() as group:
            group.start_soon(_read_ahead, pieces, inlet, batches)
            try:
                yield batches
            except Exception as error:  # noqa: BLE001 - raised below, where no group wraps it
                failure = error
            else:
                await batches.linger()
            group.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _read_ahead(
    pieces: AsyncIterator[bytes], inlet: MemoryObjectSendStream[bytes], batches: "_Batches"
) -> None:
    import httpx2

    with inlet:
        try:
            async for piece in pieces:
                try:
                    inlet.send_nowait(piece)
                except anyio.WouldBlock:
                    await inlet.send(piece)
        except httpx2.HTTPError as error:
            batches.broken_by = error


class _Batches:
    """The iterator that a consumer of a response holds."""

    def __init__(
        self,
        outlet: MemoryObjectReceiveStream[bytes],
        idle_timeout: float,
        first: Sequence[ModelEvent],
    ) -> None:
        self.broken_by: Exception | None = None
        self._outlet = outlet
        self._idle_timeout = idle_timeout
        self._first = first
        self._decoder = SseDecoder()
        self._completed = False
        self._failure: ModelError | None = None

    def __aiter__(self) -> AsyncIterator[Sequence[ModelEvent]]:
        return self

    async def __anext__(self) -> Sequence[ModelEvent]:
        if self._first:
            batch, self._first = self._first, ()
            return batch
        if self._failure is not None:
            raise self._failure
        batch = []
        while not batch:
            if self._completed:
                raise StopAsyncIteration
            batch = self._read(await self._next_data())
        return batch

    async def linger(self) -> None:
        """Once completed, wait a moment for the end of the body."""
        if self._completed:
            with anyio.move_on_after(LINGER):
                async for _ in self._outlet:
                    pass

    async def _next_data(self) -> list[bytes]:
        try:
            with anyio.fail_after(self._idle_timeout):
                while True:
                    if data := self._decoder.feed(await self._next_bytes()):
                        return data
        except TimeoutError:
            raise ModelStreamError("idle timeout waiting for SSE") from None
        except anyio.EndOfStream:
            raise ModelStreamError("stream closed before response.completed") from self.broken_by

    async def _next_bytes(self) -> bytes:
        """Everything that is there, once something is."""
        piece = await self._outlet.receive()
        pieces = [piece]
        try:
            while True:
                pieces.append(self._outlet.receive_nowait())
        except (anyio.WouldBlock, anyio.EndOfStream):
            return piece if len(pieces) == 1 else b"".join(pieces)

    def _read(self, data: list[bytes]) -> list[ModelEvent]:
        batch: list[ModelEvent] = []
        try:
            for part in data:
                event = event_from_data(part)
                if event is not None:
                    batch.append(event)
                    if type(event) is ResponseCompleted:
                        self._completed = True
                        break
        except ModelError as error:
            if not batch:
                raise
            self._failure = error
        return batch
