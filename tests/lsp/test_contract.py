"""The whole contract over Content-Length frames: the same methods, results and notifications."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from codex_rpc.lsp.serving import serve_editor
from codex_rpc.protocol.handshake import InitializeParams
from codex_rpc.protocol.methods import Direction
from codex_rpc.rpc.header_framing import HeaderDecoder
from tests.contract.contract_schema import assert_valid, methods_of, result_of
from tests.contract.scene import set_scene
from tests.lsp.frames import frame
from tests.support.app import App, running_app
from tests.support.peer import Peer


@dataclass(slots=True)
class FramedSending:
    """Takes lines, sends frames."""

    stream: MemoryObjectSendStream[bytes]

    async def send(self, data: bytes) -> None:
        await self.stream.send(b"".join(map(frame, data.splitlines())))


class FramedReceiving:
    """Receives frames, gives lines, without the version that each of them must have."""

    def __init__(self, stream: MemoryObjectReceiveStream[bytes]) -> None:
        self._stream = stream
        self._decoder = HeaderDecoder(1 << 30)

    async def receive(self) -> bytes:
        lines: list[bytes] = []
        for piece in self._decoder.feed(await self._stream.receive()):
            assert isinstance(piece, bytes)
            message = json.loads(piece)
            assert message.pop("jsonrpc") == "2.0"
            assert message.keys() <= {"id", "method", "params", "result", "error"}
            lines.append(json.dumps(message).encode() + b"\n")
        return b"".join(lines)


class FramedApp(App):
    """A server whose clients frame their messages as editors do."""

    def dial(self, introduced: InitializeParams | None = None, *, drain: bool = False) -> Peer:
        assert introduced is None
        sending, reader = anyio.create_memory_object_stream[bytes](inf)
        writer, receiving = anyio.create_memory_object_stream[bytes](inf)

        async def run() -> None:
            await serve_editor(self.server, reader, writer, drain=drain)
            writer.close()

        for stream in (sending, reader, writer, receiving):
            self.streams.enter_context(stream)
        self.tasks.start_soon(run)
        to_server: Any = FramedSending(sending)
        from_server: Any = FramedReceiving(receiving)
        return Peer(to_server, from_server, self.folder, self.project)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncGenerator[App]:
    async with running_app(tmp_path) as app:
        yield FramedApp(app.server, app.folder, app.tasks, app.streams)


@pytest.mark.parametrize("method", methods_of(Direction.CLIENT_REQUEST))
async def test_a_valid_request_has_a_valid_result(app: App, method: str) -> None:
    scene = await set_scene(app, method)
    result = await scene.peer.call(method, scene.params(method))
    if method == "initialize":
        for added in ("capabilities", "serverInfo"):
            assert result.pop(added)
    assert_valid(result, result_of(method))
