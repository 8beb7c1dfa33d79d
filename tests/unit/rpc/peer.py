"""A connection with its peer in the same process, and a handler that does as it is told."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from pydantic_core import from_json, to_json

from codex_rpc.rpc.connection import Connection, ConnectionEnd, ConnectionLimits
from codex_rpc.rpc.framing import LineDecoder
from codex_rpc.rpc.handler import Reply, Schedule
from codex_rpc.rpc.messages import (
    Notification,
    Payload,
    Request,
    RpcError,
    encode_notification,
)

Carry = Callable[[Request], Awaitable[Payload | Reply]]


class SettableHandler:
    """Carries requests out with a function per method; echoes the others."""

    def __init__(self) -> None:
        self.carry: dict[str, Carry] = {}
        self.schedules: dict[str, Callable[[Request], Schedule]] = {}
        self.notifications: list[Notification] = []
        self.drained_gate: anyio.Event | None = None
        self.on_notification: Callable[[Notification], None] = self.notifications.append

    def schedule(self, request: Request) -> Schedule:
        return self.schedules.get(request.method, lambda _: Schedule())(request)

    async def handle_request(self, request: Request) -> Payload | Reply:
        if (carry := self.carry.get(request.method)) is not None:
            return await carry(request)
        return {"echo": request.params}

    def handle_notification(self, notification: Notification) -> None:
        self.on_notification(notification)

    def error_of(self, error: Exception) -> RpcError:
        return RpcError(-32603, f"told: {error}")

    async def drained(self) -> None:
        if self.drained_gate is not None:
            await self.drained_gate.wait()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A delta of `key` in `group` that grows by concatenation."""

    group: str
    merge_key: str
    text: str

    @property
    def size(self) -> int:
        return len(self.encode())

    def encode(self) -> bytes:
        return encode_notification("delta", {"key": self.merge_key, "text": self.text})

    def merged(self, later: Sequence[Self]) -> Self:
        return replace(self, text=self.text + "".join(delta.text for delta in later))


@dataclass(slots=True)
class Peer:
    """The other side: sends raw bytes, receives parsed messages."""

    connection: Connection
    handler: SettableHandler
    sending: MemoryObjectSendStream[bytes]
    receiving: MemoryObjectReceiveStream[bytes]
    end: ConnectionEnd | None = None
    ended: anyio.Event = field(default_factory=anyio.Event)
    decoder: LineDecoder = field(default_factory=LineDecoder)
    received: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def send(self, *messages: dict[str, Any]) -> None:
        """Send the messages in one chunk."""
        await self.sending.send(b"".join(to_json(message) + b"\n" for message in messages))

    async def receive(self) -> dict[str, Any]:
        while not self.received:
            for line in self.decoder.feed(await self.receiving.receive()):
                assert isinstance(line, bytes)
                self.received.append(from_json(line, allow_inf_nan=False))
        return self.received.pop(0)

    async def receive_all(self, count: int) -> list[dict[str, Any]]:
        return [await self.receive() for _ in range(count)]

    async def receive_rest(self) -> list[dict[str, Any]]:
        """Everything up to the end of the connection."""
        rest: list[dict[str, Any]] = []
        try:
            while True:
                rest.append(await self.receive())
        except anyio.EndOfStream:
            return rest

    async def run(self, drain: bool, writer: MemoryObjectSendStream[bytes]) -> None:
        self.end = await self.connection.run(drain=drain)
        self.ended.set()
        writer.close()


@asynccontextmanager
async def connected(
    handler: SettableHandler | None = None,
    *,
    limits: ConnectionLimits | None = None,
    drain: bool = False,
) -> AsyncGenerator[Peer]:
    """A running connection, which is closed at the end. All waits inside are bounded."""
    handler = handler or SettableHandler()
    sending, reader = anyio.create_memory_object_stream[bytes](0)
    writer, receiving = anyio.create_memory_object_stream[bytes](0)
    connection = Connection(reader, writer, lambda _: handler, limits)
    peer = Peer(connection, handler, sending, receiving)
    with sending, reader, writer, receiving, anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(peer.run, drain, writer)
            yield peer
            connection.close()
            tasks.cancel_scope.cancel()


def request(request_id: int | str, method: str, **params: Any) -> dict[str, Any]:
    return {"id": request_id, "method": method, "params": params}


CANCELLED: dict[str, Any] = {
    "code": -32800,
    "message": "request cancelled",
    "data": {"kind": "cancelled"},
}
OVERLOADED: dict[str, Any] = {
    "code": -32001,
    "message": "Server overloaded; retry later.",
    "data": {"codexErrorInfo": "server_overloaded", "kind": "overloaded"},
}


class Gate:
    """A request handler that waits to be let through."""

    def __init__(self) -> None:
        self.begun: list[int | str] = []
        self._entered: dict[int | str, anyio.Event] = {}
        self._opened: dict[int | str, anyio.Event] = {}

    def _event(self, events: dict[int | str, anyio.Event], key: int | str) -> anyio.Event:
        return events.setdefault(key, anyio.Event())

    async def __call__(self, request: Request) -> Payload:
        self.begun.append(request.id)
        self._event(self._entered, request.id).set()
        await self._event(self._opened, request.id).wait()
        return {}

    async def entered(self, request_id: int | str) -> None:
        await self._event(self._entered, request_id).wait()

    def open(self, request_id: int | str) -> None:
        self._event(self._opened, request_id).set()
