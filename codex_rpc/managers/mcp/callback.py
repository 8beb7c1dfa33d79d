"""Where the browser comes back to after a login: a page on this machine, for as long as it takes.

It listens on the loopback interface only, and takes nothing but the answer to the login that it was
opened for: others may not end a login, let alone complete it.
"""

import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

LONGEST_HEAD = 16 * 1024
PATIENCE_S = 10.0
"""How long a browser gets to say what it wants."""

_PATH = "/callback"
_DONE = "You are logged in. You may close this page."
_FAILED = "The login did not succeed. You may close this page."


class CallbackServer:
    """Waits for one answer; made by `callback_server`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._state: str | None = None
        self._answer: Mapping[str, str] | None = None
        self._answered = anyio.Event()

    async def answer(self, state: str) -> Mapping[str, str]:
        """The parameters that the browser brings back with this `state`."""
        self._state = state
        await self._answered.wait()
        return self._answer or {}

    async def serve(self, stream: SocketStream) -> None:
        """Answer one request of a browser."""
        async with stream:
            try:
                with anyio.fail_after(PATIENCE_S):
                    reader = BufferedByteReceiveStream(stream)
                    head = await reader.receive_until(b"\r\n\r\n", LONGEST_HEAD)
                    await stream.send(self._page(head.decode(errors="replace")))
            except (TimeoutError, OSError, anyio.IncompleteRead, anyio.DelimiterNotFound):
                return
            except (anyio.BrokenResourceError, anyio.EndOfStream):
                return

    def _page(self, head: str) -> bytes:
        method, _, rest = head.partition(" ")
        target = urlsplit(rest.partition(" ")[0])
        if method != "GET" or target.path != urlsplit(self.url).path:
            return _response("404 Not Found", "There is nothing here.")
        found = {name: values[0] for name, values in parse_qs(target.query).items()}
        state = found.get("state", "")
        if self._state is None or not secrets.compare_digest(state.encode(), self._state.encode()):
            return _response("400 Bad Request", "This is not the login that was begun.")
        if self._answer is None:
            self._answer = found
            self._answered.set()
        return _response("200 OK", _DONE if "code" in found else _FAILED)


@asynccontextmanager
async def callback_server(
    port: int | None = None, url: str | None = None
) -> AsyncGenerator[CallbackServer]:
    """Listen as long as the context lasts, on a free port if it is to be none in particular.

    `url` is what leads there, where the browser is on another machine.

    Raises:
        OSError: the port is taken.
    """
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=port or 0)
    async with listener, anyio.create_task_group() as tasks:
        bound = listener.extra(SocketAttribute.local_port)
        server = CallbackServer(url or f"http://127.0.0.1:{bound}{_PATH}")
        tasks.start_soon(listener.serve, server.serve)
        try:
            yield server
        finally:
            tasks.cancel_scope.cancel()


def _response(status: str, text: str) -> bytes:
    body = f"<!doctype html><meta charset=utf-8><title>codex-rpc</title><p>{text}</p>".encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
