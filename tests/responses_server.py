"""A real HTTP/1.1 server on a local port that speaks the Responses API as it is told to.

It runs in a thread with its own event loop, so it serves tests of any kind: in-process clients and
real child processes. What it answers is a list of `Stream` and `Refusal`, one per request, or a
function from the request; what it was asked is in `requests`. A `Gate` between two events stops a
stream until the test opens it, and tells whether the client went away meanwhile.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import parse_qs, urlsplit

import anyio.to_thread

from tests.support.prompt_rules import broken_rules

PATIENCE = 20.0
"""Seconds after which a test that waits for the server has failed."""


@dataclass(slots=True)
class Gate:
    """A place in a stream where the server stops until the test goes on."""

    _reached: threading.Event = field(default_factory=threading.Event)
    _opened: threading.Event = field(default_factory=threading.Event)
    _left: threading.Event = field(default_factory=threading.Event)
    _wake: Callable[[], object] | None = None

    def open(self) -> None:
        self._opened.set()
        if self._wake is not None:
            self._wake()

    async def reached(self) -> None:
        """Wait until the server stands here."""
        assert await anyio.to_thread.run_sync(self._reached.wait, PATIENCE)

    async def left_by_client(self) -> None:
        """Wait until the client closes the connection while the server stands here."""
        assert await anyio.to_thread.run_sync(self._left.wait, PATIENCE)

    async def stand(self, reader: asyncio.StreamReader) -> bool:
        """Stop here on the server's side. Returns whether the client is still there."""
        loop, opened = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(opened.set)
        if self._opened.is_set():
            opened.set()
        self._reached.set()
        opening, leaving = asyncio.create_task(opened.wait()), asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait({opening, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._wake = None
            opening.cancel()
            leaving.cancel()
            await asyncio.gather(opening, leaving, return_exceptions=True)
        if leaving.cancelled():
            return True
        self._left.set()
        return False


Part = Mapping[str, Any] | bytes | Gate
"""An event, raw bytes of the body, or a stop."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer of server-sent events, each in a chunk of its own unless `in_one_chunk`.

    `cut` closes the connection in the middle of the body; `before` stops ahead of the status line.
    """

    parts: Sequence[Part]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    cut: bool = False
    in_one_chunk: bool = False
    before: Gate | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with a status and a body, which is JSON unless it is text."""

    status: int
    body: str | Mapping[str, Any] = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Drop:
    """No answer: the connection is closed."""


Reply = Stream | Refusal | Drop


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """What a client sent; header names in lower case; `connection` counts from 1."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any
    connection: int


class ResponsesServer:
    """Serves while its context is entered. `url` is the provider's `base_url`."""

    def __init__(self, replies: Iterable[Reply] | Callable[[ReceivedRequest], Reply] = ()) -> None:
        self.requests: list[ReceivedRequest] = []
        self.url = ""
        self._answer = replies if callable(replies) else _one_by_one(iter(replies))
        self._connections = 0
        self._ready = threading.Event()
        self._stop: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stop()
        self._thread.join(PATIENCE)
        if error is None:
            assert [broken for request in self.requests for broken in _broken_rules(request)] == []

    async def _run(self) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stopped.set)
        handlers: set[asyncio.Task[None]] = set()
        writers: set[asyncio.StreamWriter] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._connections += 1
            writers.add(writer)
            handlers.add(asyncio.create_task(self._serve(reader, writer, self._connections)))

        server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=1 << 26)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        await stopped.wait()
        server.close()
        for _ in range(3):  # a connection that was just accepted takes some rounds to get here
            await asyncio.sleep(0)
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        for writer in writers:  # a handler that had not begun when it was cancelled closed nothing
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> None:
        try:
            while request := await _read_request(reader, connection):
                self.requests.append(request)
                if not await _send(self._answer(request), reader, writer):
                    break
        except ConnectionError:
            pass  # the client may leave at any time
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


def _broken_rules(request: ReceivedRequest) -> list[str]:
    """What the API would refuse of a request's input."""
    if request.path.rpartition("/")[2] != "responses":
        return []
    body = cast("dict[str, Any] | None", request.body)
    return [] if body is None else broken_rules(body["input"])


def _one_by_one(replies: Iterator[Reply]) -> Callable[[ReceivedRequest], Reply]:
    nothing_left = Refusal(400, "the test server has no reply left")
    return lambda _: next(replies, nothing_left)


async def _read_request(reader: asyncio.StreamReader, connection: int) -> ReceivedRequest | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    request_line, *lines = head.rstrip().split("\r\n")
    method, target, _ = request_line.split(" ")
    pairs = (line.split(":", 1) for line in lines)
    headers = {name.lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    url = urlsplit(target)
    return ReceivedRequest(
        method, url.path, parse_qs(url.query), headers, json.loads(body or b"null"), connection
    )


async def _send(reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Answer one request. Returns whether the connection may take another."""
    match reply:
        case Stream():
            return await _send_stream(reply, reader, writer)
        case Refusal(status, body, headers):
            text = body if isinstance(body, str) else json.dumps(body)
            content = text.encode()
            _head(writer, status, {"Content-Length": str(len(content)), **headers})
            writer.write(content)
            await writer.drain()
            return True
        case Drop():
            return False


async def _send_stream(
    reply: Stream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    if reply.before is not None and not await reply.before.stand(reader):
        return False
    framing = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
    _head(writer, 200, {**framing, **reply.headers})
    pending = b""
    for part in (*reply.parts, b""):
        last = part == b""
        if not isinstance(part, Gate):
            pending += part if isinstance(part, bytes) else sse(part)
            if reply.in_one_chunk and not last:
                continue
        if pending:
            writer.write(b"%x\r\n%s\r\n" % (len(pending), pending))
            pending = b""
        await writer.drain()
        if isinstance(part, Gate) and not await part.stand(reader):
            return False
    if reply.cut:
        return False
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    return True


def _head(writer: asyncio.StreamWriter, status: int, headers: Mapping[str, str]) -> None:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {headers[name]}" for name in headers)]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))


# --- what a model says -------------------------------------------------------------------------


def sse(event: Mapping[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def created(response_id: str = "resp_1") -> dict[str, Any]:
    return {"type": "response.created", "response": {"id": response_id}}


def item_added(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": 0, "item": item}


def item_done(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": 0, "item": item}


def message(text: str, item_id: str = "msg_1") -> dict[str, Any]:
    content = [{"type": "output_text", "text": text}]
    return {"type": "message", "id": item_id, "role": "assistant", "content": content}


def text_delta(delta: str, item_id: str = "msg_1") -> dict[str, Any]:
    place = {"item_id": item_id, "output_index": 0, "content_index": 0}
    return {"type": "response.output_text.delta", **place, "delta": delta}


def function_call(name: str, arguments: Mapping[str, Any], call_id: str) -> dict[str, Any]:
    text = json.dumps(arguments)
    return {"type": "function_call", "name": name, "arguments": text, "call_id": call_id}


def completed(
    response_id: str = "resp_1", usage: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {"type": "response.completed", "response": {"id": response_id, "usage": usage}}


def failed(code: str, text: str) -> dict[str, Any]:
    return {"type": "response.failed", "response": {"error": {"code": code, "message": text}}}


def text_events(*chunks: str) -> list[dict[str, Any]]:
    """A whole response of one message that comes in these chunks."""
    opened: dict[str, Any] = {**message(""), "content": []}
    deltas = [text_delta(chunk) for chunk in chunks]
    done = item_done(message("".join(chunks)))
    return [created(), item_added(opened), *deltas, done, completed()]
