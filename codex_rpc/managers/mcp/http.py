"""A server at an address, as streams of messages for the SDK's session.

Where the credentials come from is the business of who builds the client's `auth`. Answers are
bounded, and listening is throttled, as for a server that is a process.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio
import httpx2
from anyio.streams.memory import MemoryObjectSendStream
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from codex_rpc.config.mcp_servers import HttpTransport
from codex_rpc.errors import McpError
from codex_rpc.managers.mcp.link import Link
from codex_rpc.managers.mcp.message_lines import LONGEST_MESSAGE
from codex_rpc.managers.mcp.throttle import Throttle

CONNECT_S = 30.0
QUIET_S = 24 * 3600.0
"""How long a stream may be quiet; calls have limits of their own."""


@asynccontextmanager
async def http_link(
    transport: HttpTransport, headers: Mapping[str, str], auth: httpx2.Auth | None
) -> AsyncGenerator[Link]:
    """Speak with the server as long as the context lasts.

    Raises:
        ExceptionGroup: of an `McpError`: the server cannot be reached any more.
    """
    _silence()
    try:
        async with _link(transport, headers, auth) as link:
            yield link
    except* httpx2.HTTPError as group:
        error = group.exceptions[0]
        raise McpError(f"cannot be reached: {error or type(error).__name__}") from error


@asynccontextmanager
async def _link(
    transport: HttpTransport, headers: Mapping[str, str], auth: httpx2.Auth | None
) -> AsyncGenerator[Link]:
    refusals = _Refusals()
    async with (
        httpx2.AsyncClient(
            headers=dict(headers),
            auth=auth,
            timeout=httpx2.Timeout(CONNECT_S, read=QUIET_S),
            transport=_BoundedTransport(httpx2.AsyncHTTPTransport()),
            event_hooks={"response": [refusals.notice]},
        ) as client,
        streamable_http_client(
            transport.url,
            http_client=client,
            max_sse_event_size=LONGEST_MESSAGE,
            terminate_on_close=False,
        ) as (received, outgoing),
        anyio.create_task_group() as tasks,
    ):
        sender, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        link = Link(incoming, outgoing, lambda: "closed the connection", refusals.needs_login)

        async def pass_on() -> None:
            await _pass_on(received, sender)
            link.ended.set()

        with sender, incoming:
            tasks.start_soon(pass_on)
            yield link
            tasks.cancel_scope.cancel()


async def _pass_on(
    received: AsyncIterator[SessionMessage | Exception],
    sender: MemoryObjectSendStream[SessionMessage | Exception],
) -> None:
    throttle = Throttle()
    with sender:
        try:
            async for message in received:
                await throttle.pay()
                await sender.send(message)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass  # the session is gone


class _Refusals:
    """Whether the server has answered that it does not know who asks."""

    def __init__(self) -> None:
        self._unknown = False

    async def notice(self, response: httpx2.Response) -> None:
        self._unknown = response.status_code == 401

    def needs_login(self) -> bool:
        return self._unknown


class _BoundedTransport(httpx2.AsyncBaseTransport):
    """Ends answers that are too long. Streams of events are bounded by the event instead."""

    def __init__(self, inner: httpx2.AsyncHTTPTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        kind = response.headers.get("content-type", "")
        if not kind.startswith("text/event-stream") and isinstance(
            response.stream, httpx2.AsyncByteStream
        ):
            response.stream = _BoundedStream(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._inner:
            size += len(piece)
            if size > LONGEST_MESSAGE:
                raise httpx2.ReadError("the answer is too long")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


def _silence() -> None:
    """Keep the HTTP library from logging what it sends, and the SDK from showing tracebacks."""
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("mcp.client.streamable_http").setLevel(logging.CRITICAL)
