"""One connection: what is read becomes calls of the handler, what is sent becomes writes.

Owns the two loops, how the connection ends and in which order. Requests are left to `requests`,
queueing to `outbox`, bytes to the streams it is given, and all meaning to the handler.
"""

import logging
from collections.abc import Callable, Hashable, Sequence
from enum import Enum, auto
from typing import assert_never

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from msgspec import Struct, field

from codex_rpc.rpc.calls import Calls, OnReply
from codex_rpc.rpc.framing import (
    LINE_LIMIT_BYTES,
    Framing,
    Garbled,
    LineFraming,
    Oversize,
    Piece,
)
from codex_rpc.rpc.handler import ConnectionHandler
from codex_rpc.rpc.messages import (
    Malformed,
    Notification,
    Payload,
    Request,
    RequestId,
    Response,
    encode_error,
    encode_notification,
    parse_message,
    unparsable,
)
from codex_rpc.rpc.outbox import Delta, Outbox, OutboxLimits
from codex_rpc.rpc.requests import RequestLimits, Requests
from codex_rpc.rpc.streams import ByteReader, ByteWriter

logger = logging.getLogger(__name__)

_LINES_IN_A_ROW = 32
"""After so many lines the read loop lets everybody else run."""


class ConnectionEnd(Enum):
    """Why a connection is over."""

    EOF = auto()
    """The peer closed its sending side."""

    BROKEN_PIPE = auto()
    """The peer is gone: something could not be written, or the stream failed."""

    CLOSED = auto()
    """We closed it."""


class ConnectionLimits(Struct, frozen=True):
    """Bounds of one connection; sizes in bytes."""

    line: int = LINE_LIMIT_BYTES
    requests: RequestLimits = field(default_factory=RequestLimits)
    outbox: OutboxLimits = field(default_factory=OutboxLimits)

    backlog: int = 64 * 1024 * 1024
    """Nothing is read while more than this waits to be written."""

    cancel_seconds: float = 1.0
    """How long cancelled handlers have before their requests are answered without them."""

    flush_seconds: float = 1.0
    """How long the peer has at the end to read what is left."""


class Connection:
    """A peer that speaks JSON-RPC, both ways at once; an object a line, without another `framing`.

    Reading never waits for a handler that is not inline, so responses and cancellations get through
    however busy the handlers are. It waits in one case: a peer that sends but does not read is read
    no further once `limits.backlog` bytes are queued for it, so that it cannot fill our memory with
    its answers.

    Must be made in the event loop. Everything that sends is synchronous and may be called from any
    task of that loop, before `run` as well as after the end, when it is dropped.
    """

    def __init__(
        self,
        reader: ByteReader,
        writer: ByteWriter,
        make_handler: Callable[["Connection"], ConnectionHandler],
        limits: ConnectionLimits | None = None,
        framing: Framing | None = None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits or ConnectionLimits()
        self._framing = framing or LineFraming()
        self._outbox = Outbox(self._limits.outbox)
        self._calls = Calls(self._outbox.put)
        self._handler = make_handler(self)
        self._requests = Requests(self._handler, self._outbox.put, self._limits.requests)
        self._live = anyio.CancelScope()
        self._written = anyio.Event()
        self._end: ConnectionEnd | None = None
        self._jsonrpc = False

    @property
    def backlog(self) -> int:
        """Bytes that wait to be written."""
        return self._outbox.size

    async def run(self, *, drain: bool = False) -> ConnectionEnd:
        """Serve until the peer or `close` ends it; once.

        At the end of input, open requests are cancelled; with `drain` they are carried out, and
        what they started is awaited too. Either way all are answered, and what is queued is written
        as far as the peer reads it in time. Questions to the peer end unanswered at the end of
        input.
        """
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._write)
                with self._live:
                    await self._read(tasks)
                    self._calls.close()
                    if drain:
                        await self._requests.idle()
                        await self._handler.drained()
                self._calls.close()
                await self._requests.stop(self._limits.cancel_seconds)
                self._outbox.finish()
                with anyio.move_on_after(self._limits.flush_seconds):
                    await self._written.wait()
                tasks.cancel_scope.cancel()
        finally:
            self._calls.close()
            self._outbox.close()
        return self._end or ConnectionEnd.EOF

    def close(self) -> None:
        """End the connection from our side: `run` cancels, answers, flushes and returns."""
        self._stop(ConnectionEnd.CLOSED)

    def notify(
        self,
        method: str,
        params: Payload | None = None,
        *,
        emitted_at_ms: int | None = None,
        group: Hashable = None,
    ) -> None:
        """Send a notification; for `group` see `Outbox.put`."""
        self._outbox.put(encode_notification(method, params, emitted_at_ms), group)

    def send(self, message: bytes, group: Hashable = None) -> None:
        """Send an encoded message, one JSON object without a newline."""
        self._outbox.put(message, group)

    def send_delta(self, delta: Delta) -> None:
        """Send a delta that may be merged with its neighbours if the peer is slow."""
        self._outbox.put_delta(delta)

    async def room(self) -> None:
        """Wait while the peer is too slow for more events. Ends when the connection does."""
        await self._outbox.room()

    def call(self, method: str, params: Payload, on_reply: OnReply, group: Hashable = None) -> int:
        """Ask the peer; see `Calls.send`."""
        return self._calls.send(method, params, on_reply, group)

    def abandon(self, call_id: int) -> None:
        """Want no reply to `call` any more."""
        self._calls.abandon(call_id)

    async def ask(self, method: str, params: Payload, group: Hashable = None) -> Response | None:
        """Ask the peer and wait; `None` when the connection ended unanswered."""
        answered = anyio.Event()
        reply: Response | None = None

        def on_reply(response: Response | None) -> None:
            nonlocal reply
            reply = response
            answered.set()

        call_id = self.call(method, params, on_reply, group)
        try:
            await answered.wait()
        finally:
            self.abandon(call_id)
        return reply

    def cancel_request(self, request_id: RequestId) -> bool:
        """Cancel a request of the peer; see `Requests.cancel`."""
        return self._requests.cancel(request_id)

    def _stop(self, end: ConnectionEnd) -> None:
        self._end = self._end or end
        self._live.cancel()

    async def _read(self, tasks: TaskGroup) -> None:
        decoder = self._framing.decoder(self._limits.line)
        try:
            while True:
                await self._take_all(decoder.feed(await self._reader.receive()), tasks)
        except anyio.EndOfStream:
            if (line := decoder.flush()) is not None:
                await self._take(line, tasks)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._stop(ConnectionEnd.BROKEN_PIPE)

    async def _take_all(self, lines: Sequence[Piece], tasks: TaskGroup) -> None:
        for number, line in enumerate(lines, 1):
            await self._take(line, tasks)
            # Quick requests shall not hit the cap only because many came in one chunk.
            if number % _LINES_IN_A_ROW == 0 or self._requests.crowded:
                await anyio.lowlevel.checkpoint()
            await self._outbox.shrink_to(self._limits.backlog)

    async def _take(self, line: Piece, tasks: TaskGroup) -> None:
        if isinstance(line, Oversize | Garbled):
            message = unparsable(line.reason)
            self._outbox.put(encode_error(message.id, message.error))
            return
        message = parse_message(line)
        if isinstance(message, Malformed):
            self._outbox.put(encode_error(message.id, message.error))
            return
        self._jsonrpc = self._jsonrpc or message.has_jsonrpc
        match message:
            case Request():
                await self._requests.accept(message, len(line), tasks)
            case Notification():
                self._take_notification(message)
            case Response():
                self._calls.resolve(message)
            case _:
                assert_never(message)

    def _take_notification(self, notification: Notification) -> None:
        try:
            self._handler.handle_notification(notification)
        except Exception:
            logger.exception("a notification could not be taken")

    async def _write(self) -> None:
        try:
            while await self._outbox.filled():
                if messages := self._outbox.take():
                    await self._writer.send(self._framing.join(messages, jsonrpc=self._jsonrpc))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._outbox.close()
            self._stop(ConnectionEnd.BROKEN_PIPE)
        finally:
            self._written.set()
