"""The composition root: a process's server, and one connection after the other on it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import anyio

from codex_rpc.config.loader import ConfigLoader
from codex_rpc.exec.sandbox.port import Sandbox
from codex_rpc.managers.files.disk import Disk
from codex_rpc.protocol.handshake import InitializeParams
from codex_rpc.protocol.skills import SkillsChangedNotification
from codex_rpc.rpc.connection import Connection
from codex_rpc.rpc.streams import ByteReader, ByteWriter
from codex_rpc.server.approval_desk import ApprovalDesk
from codex_rpc.server.client import Client
from codex_rpc.server.context import Server
from codex_rpc.server.dispatch import Dispatcher
from codex_rpc.server.feeds import Feeds
from codex_rpc.server.unloading import UNLOAD_AFTER_SECONDS
from codex_rpc.server.version import PROTOCOL_VERSION
from codex_rpc.threads.thread_manager import ThreadManager


@asynccontextmanager
async def running_server(
    config: ConfigLoader,
    environ: Mapping[str, str],
    unload_after: float = UNLOAD_AFTER_SECONDS,
    sandbox: Sandbox | None = None,
) -> AsyncGenerator[Server]:
    """A server without connections. Leaving the context ends all threads and commands.

    `unload_after` are the seconds for which idle threads are kept that nobody follows. Without a
    `sandbox`, commands get what this machine has.
    """
    async with anyio.create_task_group() as feeds:
        desk = ApprovalDesk()
        async with ThreadManager(config, environ, PROTOCOL_VERSION, sandbox=sandbox) as threads:
            server = Server(
                environ, threads, Feeds(feeds, desk, threads, unload_after), desk, Disk()
            )
            threads.skills.on_change = lambda: server.feeds.announce(SkillsChangedNotification())
            threads.on_spawned = server.feeds.open_beside
            yield server
        feeds.cancel_scope.cancel()


async def serve(
    server: Server,
    reader: ByteReader,
    writer: ByteWriter,
    *,
    drain: bool = False,
    introduced: InitializeParams | None = None,
    stop: anyio.Event | None = None,
) -> None:
    """Serve one connection until the client ends it, or until `stop` is set.

    `introduced` is the client's introduction if `initialize` has been answered already.
    """
    async with anyio.create_task_group() as tasks:

        def dispatcher(connection: Connection) -> Dispatcher:
            client = Client(connection, tasks)
            if introduced is not None:
                client.initialize(introduced)
            server.feeds.join(client)
            return Dispatcher(server, client)

        connection = Connection(reader, writer, dispatcher)
        try:
            if stop is not None:
                tasks.start_soon(_close_on, stop, connection)
            await connection.run(drain=drain)
            tasks.cancel_scope.cancel()
        finally:
            server.feeds.leave(connection)


async def _close_on(stop: anyio.Event, connection: Connection) -> None:
    await stop.wait()
    connection.close()
