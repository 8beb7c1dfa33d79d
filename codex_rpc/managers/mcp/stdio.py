"""A server that is a child process, as streams of messages for the SDK's session.

The process belongs to the process runner, so nothing of it outlives this program. What is not a
message is dropped: many servers print greetings. Reading is throttled and bounded.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from mcp.shared.message import SessionMessage

from codex_rpc.errors import StdinClosedError
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.process_spec import Output, ProcessExit, ProcessSpec
from codex_rpc.exec.running_process import RunningProcess
from codex_rpc.managers.mcp.link import Link
from codex_rpc.managers.mcp.message_lines import Complaints, LineSplitter, TooLongError
from codex_rpc.managers.mcp.messages import decoded, encoded
from codex_rpc.managers.mcp.throttle import Throttle

logger = logging.getLogger(__name__)

LEAVE_S = 0.5
"""How long a server gets to end in peace when its stdin closes."""

_QUEUED = 64
"""Messages that wait for a server that does not read; then their senders wait."""
_THROTTLED_BYTES = 64 * 1024
"""So many bytes on stderr cost as much as a message."""


@asynccontextmanager
async def stdio_link(runner: ProcessRunner, spec: ProcessSpec) -> AsyncGenerator[Link]:
    """Run the server as long as the context lasts.

    Raises:
        SpawnError: it cannot be started.
    """
    process = await runner.start(spec)
    pipes = _Pipes(process)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pipes.read_on)
            tasks.start_soon(pipes.write_on)
            try:
                yield pipes.link
            finally:
                await pipes.leave()
                tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await process.aclose()
        pipes.close()


class _Pipes:
    """Carries messages between a process and a session."""

    def __init__(self, process: RunningProcess) -> None:
        self._process = process
        self._received, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        outgoing, self._to_send = anyio.create_memory_object_stream[SessionMessage](_QUEUED)
        self.link = Link(incoming, outgoing, self._why_ended)
        self._streams = (self._received, incoming, outgoing, self._to_send)
        self._lines = LineSplitter()
        self._complaints = Complaints()
        self._throttle = Throttle()
        self._dropped = 0
        self._fault: str | None = None

    async def read_on(self) -> None:
        """Take what the server writes until it ends."""
        try:
            while (output := await self._process.read()) is not None:
                await self._take(output)
        except TooLongError:
            self._fault = "sent a message that is too long"
            await self._process.kill()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass  # the session is gone
        finally:
            self._end()

    async def write_on(self) -> None:
        """Give the server what the session sends."""
        try:
            async for message in self._to_send:
                await self._process.write(encoded(message))
        except StdinClosedError:
            await self._process.wait()

    async def leave(self) -> None:
        """Ask the server to end, and wait a moment for it."""
        self._process.close_stdin()
        with anyio.move_on_after(LEAVE_S, shield=True):
            await self._process.wait()

    def close(self) -> None:
        """Give up the streams, also if the session never took them."""
        for stream in self._streams:
            stream.close()

    def _end(self) -> None:
        self._received.close()
        self.link.ended.set()

    async def _take(self, output: Output) -> None:
        if output.stream == "stderr":
            self._complaints.add(output.data)
            await self._throttle.pay(len(output.data) // _THROTTLED_BYTES)
            return
        for line in self._lines.feed(output.data):
            await self._throttle.pay()
            message = decoded(line)
            if message is None:
                self._drop(line)
            else:
                await self._received.send(message)

    def _drop(self, line: bytes) -> None:
        self._dropped += 1
        if self._dropped == 1:
            logger.info("an MCP server printed what is no message: %r", line[:200])

    def _why_ended(self) -> str:
        """How it ended, with its last words."""
        how = self._fault or _how(self._process.exit)
        last_words = str(self._complaints)
        return f"{how}: {last_words}" if last_words else how


def _how(exit: ProcessExit | None) -> str:
    if exit is None:
        return "closed its output"
    if exit.exit_code is not None:
        return f"exited with code {exit.exit_code}"
    return f"was killed by signal {exit.signal}"
