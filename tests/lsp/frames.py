"""The real server with raw frames on its pipes: what a well-behaved client cannot send."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.e2e.server_process import COMMAND, PATIENCE, Place

Message = dict[str, Any]

INITIALIZE: Message = {
    "id": 0,
    "method": "initialize",
    "params": {"processId": None, "rootUri": None, "capabilities": {}},
}


def frame(message: Message | bytes) -> bytes:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Frames:
    """Speaks with a running server in bytes."""

    def __init__(self, process: Process) -> None:
        assert process.stdout is not None
        self.process = process
        self._out = BufferedByteReceiveStream(process.stdout)

    async def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        with anyio.fail_after(PATIENCE):
            await self.process.stdin.send(data)

    async def send(self, message: Message) -> None:
        await self.write(frame({"jsonrpc": "2.0", **message}))

    async def read(self) -> Message:
        with anyio.fail_after(PATIENCE):
            header = await self._out.receive_until(b"\r\n\r\n", 100)
            name, length = header.split(b": ")
            assert name == b"Content-Length"
            message = json.loads(await self._out.receive_exactly(int(length)))
        assert message.pop("jsonrpc") == "2.0"
        return message

    async def response(self, request_id: int | str | None) -> Message:
        """Read on to a response."""
        while True:
            message = await self.read()
            if "method" not in message and message["id"] == request_id:
                return message

    async def request(self, method: str, params: Any = None, request_id: int = 1) -> Message:
        await self.send({"id": request_id, "method": method, "params": params})
        return await self.response(request_id)

    async def until(self, method: str) -> Message:
        while True:
            message = await self.read()
            if message.get("method") == method:
                return message

    async def end(self) -> int:
        """Close the server's input, read to the end; its exit code."""
        assert self.process.stdin is not None
        await self.process.stdin.aclose()
        return await self.exit_code()

    async def exit_code(self) -> int:
        with anyio.fail_after(PATIENCE):
            while True:
                try:
                    await self.read()
                except anyio.IncompleteRead:
                    break
            return await self.process.wait()


@asynccontextmanager
async def frames(place: Place, command: str = "lsp") -> AsyncGenerator[Frames]:
    """A server in `place`, killed at the end if it is still there."""
    with place.stderr.open("ab") as stderr:
        process = await anyio.open_process(
            [*COMMAND, command, *place.arguments], env=place.environ, cwd=place.root, stderr=stderr
        )
    async with process:
        try:
            yield Frames(process)
        finally:
            if process.returncode is None:
                process.kill()
