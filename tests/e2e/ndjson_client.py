"""A pytest-lsp client for a server that speaks JSON-RPC in lines, and is no language server.

pygls brings framing by headers and reads messages into objects; here a message is a line, and stays
the plain data it is. What the server says unasked is kept, in order, so that none of it is missed
between waits.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import anyio
from cattrs import Converter
from lsprotocol.types import ResponseError, ResponseErrorMessage
from pygls.client import JsonRPCClient
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCProtocol,
    JsonRPCRequestMessage,
    JsonRPCResponseMessage,
)

from tests.e2e.server_process import LONGEST_LINE, PATIENCE, Message, text_input


class _LineWriter:
    """Puts each message on a line of its own."""

    def __init__(self, stream: asyncio.StreamWriter) -> None:
        self._stream = stream

    def write(self, data: bytes) -> None:
        self._stream.write(data + b"\n")

    def close(self) -> None:
        self._stream.close()


class _LineProtocol(JsonRPCProtocol):
    """Takes lines, and hands requests and notifications to whoever `keep` is.

    Requests without a handler stay unanswered.
    """

    keep: Callable[[JsonRPCNotification | JsonRPCRequestMessage], None]

    def take(self, line: bytes) -> None:
        message: Message = json.loads(line)
        match message:
            case {"method": str(method), "id": request_id}:
                request = JsonRPCRequestMessage(request_id, method, self.VERSION, message["params"])
                self.keep(request)
                if method in self.fm.features:  # pyright: ignore[reportUnknownMemberType]
                    self.handle_message(request)
            case {"method": str(method)}:
                self.keep(JsonRPCNotification(method, self.VERSION, message["params"]))
            case {"error": error}:
                failure = ResponseError(error["code"], error["message"], error.get("data"))
                # pygls takes it, though the annotation says otherwise.
                refusal = ResponseErrorMessage(error=failure, id=message["id"])
                self.handle_message(refusal)  # pyright: ignore[reportArgumentType]
            case _:
                response = JsonRPCResponseMessage(message["id"], self.VERSION, message["result"])
                self.handle_message(response)


class NdjsonClient(JsonRPCClient):
    """Drives the server. `events` are its notifications and requests, as name and parameters."""

    protocol: _LineProtocol

    def __init__(self) -> None:
        super().__init__(_LineProtocol, Converter)
        self.protocol.keep = self._keep
        self.events: list[tuple[str, Message]] = []
        self._arrived = anyio.Event()
        self._read = 0

    async def start_io(self, cmd: str, *args: str, **kwargs: Any) -> None:
        server = await asyncio.create_subprocess_exec(
            cmd,
            *args,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            **kwargs,
        )
        assert server.stdin is not None
        assert server.stdout is not None
        self.protocol.set_writer(_LineWriter(server.stdin), include_headers=False)
        self._server = server
        self._async_tasks += [
            asyncio.create_task(self._take_lines(server.stdout)),
            asyncio.create_task(self._server_exit()),
        ]

    async def _take_lines(self, stdout: asyncio.StreamReader) -> None:
        while line := await stdout.readline():
            self.protocol.take(line)

    def _keep(self, event: JsonRPCNotification | JsonRPCRequestMessage) -> None:
        self.events.append((event.method, event.params))
        self._arrived.set()
        self._arrived = anyio.Event()

    async def end(self) -> int:
        """Close the server's input, wait for its end, and return its exit code."""
        assert self._server is not None
        assert self.protocol.writer is not None
        self.protocol.writer.close()
        with anyio.fail_after(PATIENCE):
            await self.stop()
        assert self._server.returncode is not None
        return self._server.returncode

    async def call(self, method: str, params: Message) -> Message:
        """The result of a request; an error is raised as pygls does."""
        with anyio.fail_after(PATIENCE):
            return await self.protocol.send_request_async(method, params)

    async def event(self, method: str) -> Message:
        """Read on to the next notification or request of that name; its parameters."""
        with anyio.fail_after(PATIENCE):
            while True:
                while self._read < len(self.events):
                    name, params = self.events[self._read]
                    self._read += 1
                    if name == method:
                        return params
                await self._arrived.wait()

    async def begin(self, cwd: str, **settings: Any) -> str:
        """Introduce the client and start a thread; its id."""
        await self.call("initialize", {"clientInfo": {"name": "pytest-lsp", "version": "1"}})
        self.protocol.notify("initialized")
        result = await self.call("thread/start", {"cwd": cwd, **settings})
        return result["thread"]["id"]

    async def submit(self, text: str = "Go") -> Message:
        return await self.call("turn/submit", {"input": text_input(text)})
