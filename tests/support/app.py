"""A server in the test's own process, with a home and a project of its own, and clients for it."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from codex_rpc.config.loader import ConfigLoader
from codex_rpc.exec.sandbox.port import NoSandbox, Sandbox
from codex_rpc.protocol.handshake import InitializeParams
from codex_rpc.server.app import running_server, serve
from codex_rpc.server.context import Server
from codex_rpc.server.unloading import UNLOAD_AFTER_SECONDS
from tests.support.model_script import write_script
from tests.support.peer import WAIT_SECONDS, Peer

NO_SANDBOX = NoSandbox("this server was started without one")


@dataclass(slots=True)
class App:
    """The running server and what it works with."""

    server: Server
    folder: Path
    tasks: TaskGroup
    streams: ExitStack
    closed: int = 0
    """How many connections have ended."""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def project(self) -> Path:
        return self.folder / "project"

    async def connect(self, **capabilities: Any) -> Peer:
        """A client that has introduced itself with these capabilities."""
        peer = self.dial()
        await peer.initialize(**capabilities)
        return peer

    def dial(self, introduced: InitializeParams | None = None, *, drain: bool = False) -> Peer:
        """A new connection, on which nothing has been said; `introduced` as in `serve`."""
        sending, reader = anyio.create_memory_object_stream[bytes](inf)
        writer, receiving = anyio.create_memory_object_stream[bytes](inf)

        async def run() -> None:
            await serve(self.server, reader, writer, introduced=introduced, drain=drain)
            writer.close()
            self.closed += 1

        for stream in (sending, reader, writer, receiving):
            self.streams.enter_context(stream)
        self.tasks.start_soon(run)
        return Peer(sending, receiving, self.folder, self.project)

    def rollout_files(self) -> Sequence[Path]:
        return sorted((self.home / "sessions").rglob("rollout-*.jsonl"))


async def eventually(holds: Callable[[], bool]) -> None:
    """Let everybody else run until the condition holds, which must be soon."""
    with anyio.fail_after(WAIT_SECONDS):
        while not holds():
            await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def running_app(
    folder: Path,
    unload_after: float = UNLOAD_AFTER_SECONDS,
    sandbox: Sandbox | None = NO_SANDBOX,
    **environment: str,
) -> AsyncGenerator[App]:
    """A server whose threads play model scripts; everything ends with the context.

    Without a `sandbox`, it has the one of this machine; most tests are about other things.
    After a failure that may pass, a model is asked once more: enough to see, and soon over.
    """
    for name in ("home", "project"):
        (folder / name).mkdir(exist_ok=True)
    environ = {
        "CODEX_HOME": str(folder / "home"),
        "HOME": str(folder),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TERM": "dumb",
        **environment,
    }
    script = write_script(folder / "silent.jsonl", [])
    settings = {
        "model_provider": "script",
        "model_providers.script.script_path": str(script),
        "model_providers.script.stream_max_retries": 1,
    }
    config = ConfigLoader(folder / "home", list(settings.items()))
    with ExitStack() as streams:
        async with (
            running_server(config, environ, unload_after, sandbox) as server,
            anyio.create_task_group() as tasks,
        ):
            yield App(server, folder, tasks, streams)
            tasks.cancel_scope.cancel()
