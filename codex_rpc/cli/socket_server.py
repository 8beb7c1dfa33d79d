"""The server on a unix socket: any number of clients, until a signal ends it."""

import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import anyio
from anyio.abc import SocketStream, TaskGroup

from codex_rpc.config.home import codex_home
from codex_rpc.config.loader import ConfigLoader
from codex_rpc.errors import ErrorKind, ListenError
from codex_rpc.rpc.framing import join_lines
from codex_rpc.rpc.messages import OVERLOADED, RpcError, encode_error
from codex_rpc.rpc.socket_file import SocketFile
from codex_rpc.rpc.unix_socket import accept
from codex_rpc.server.app import running_server, serve
from codex_rpc.server.context import Server

logger = logging.getLogger(__name__)

MOST_CONNECTIONS = 64
"""Each may have a good deal waiting to be written, so there is a bound."""

_GOODBYE_SECONDS = 1.0


def default_path(home: Path) -> Path:
    """Where clients look if nobody says otherwise; its folder is made if need be.

    Raises:
        ListenError: if the folder cannot be made.
    """
    folder = home / "codex-rpc"
    try:
        home.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ListenError(f"cannot make {folder}: {error.strerror}") from error
    return folder / "app-server.sock"


async def serve_socket(path: Path | None, overrides: Sequence[tuple[str, object]]) -> int:
    """Serve at `path`, or at the default place; returns the exit code.

    Raises:
        ListenError: if it is no place for a socket, or another server has it.
    """
    home = codex_home(os.environ)
    config = ConfigLoader(home, overrides)
    stop = anyio.Event()
    received = signal.SIGTERM
    ends = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    with (
        anyio.open_signal_receiver(*ends) as signals,
        SocketFile(Path.cwd() / path if path else default_path(home)) as place,
    ):
        async with running_server(config, os.environ) as server:
            print(f"codex-rpc: listening on unix://{place.path}", file=sys.stderr, flush=True)
            async with anyio.create_task_group() as connections:
                reception = Reception(server, stop)
                connections.start_soon(reception.run, place, connections)
                received = await anext(signals)
                stop.set()
        return 130 if received is signal.SIGINT else 0


class Reception:
    """Lets clients in, up to a number, and serves each until it leaves or `stop` is set."""

    def __init__(self, server: Server, stop: anyio.Event) -> None:
        self._server = server
        self._stop = stop
        self._connected = 0

    async def run(self, place: SocketFile, connections: TaskGroup) -> None:
        async with anyio.create_task_group() as accepting:
            accepting.start_soon(self._accept, place, connections)
            await self._stop.wait()
            accepting.cancel_scope.cancel()
        place.close()

    async def _accept(self, place: SocketFile, connections: TaskGroup) -> None:
        while True:
            stream = await accept(place.socket)
            if self._connected < MOST_CONNECTIONS:
                self._connected += 1
                connections.start_soon(self._serve, stream)
            else:
                connections.start_soon(_turn_away, stream)

    async def _serve(self, stream: SocketStream) -> None:
        try:
            async with stream:
                await serve(self._server, stream, stream, stop=self._stop)
        except Exception:
            logger.exception("a connection broke down")
        finally:
            self._connected -= 1


async def _turn_away(stream: SocketStream) -> None:
    reason = f"too many connections, at most {MOST_CONNECTIONS}; retry later"
    error = RpcError(OVERLOADED, reason, {"kind": ErrorKind.OVERLOADED})
    async with stream:
        with suppress(anyio.BrokenResourceError), anyio.move_on_after(_GOODBYE_SECONDS):
            await stream.send(join_lines([encode_error(None, error)], jsonrpc=False))
            # Closed with something unread, it would look broken to the client.
            await stream.send_eof()
            async for _ in stream:
                pass
