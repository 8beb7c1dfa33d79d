"""Byte streams over file descriptors.

Works for pipes, files, terminals and sockets alike, and never changes a flag of a descriptor: it
may be shared with other processes. Therefore blocking calls run in threads of their own; the event
loop is entered once per chunk, not per message. What the bytes mean is left to `framing`.
"""

import asyncio
import logging
import os
import select
import socket
import stat
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue

import anyio

logger = logging.getLogger(__name__)

_CHUNK_BYTES = 64 * 1024
_READ_AHEAD_CHUNKS = 4


class FdReader:
    """Reads a descriptor in a thread, at most a few chunks ahead.

    The thread ends with the stream. One that is still reading does not hold up the end of the
    process, but the descriptor must stay open until then. Must be made in the event loop.

    Args:
        fd: Where to read. Not closed.
        head: What has been read from it already; received first.
    """

    def __init__(self, fd: int, head: bytes = b"") -> None:
        self._fd = fd
        self._head = head
        self._loop = asyncio.get_running_loop()
        self._chunks: deque[bytes] = deque()
        self._credits = threading.Semaphore(_READ_AHEAD_CHUNKS)
        self._arrived = anyio.Event()
        threading.Thread(target=self._pump, name="stdin", daemon=True).start()

    async def receive(self) -> bytes:
        """See `ByteReader`."""
        if self._head:
            head, self._head = self._head, b""
            return head
        while not self._chunks:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        if not self._chunks[0]:
            raise anyio.EndOfStream
        self._credits.release()
        return self._chunks.popleft()

    def _pump(self) -> None:
        chunk = b"more"
        while chunk:
            self._credits.acquire()
            chunk = _read_some(self._fd)
            if not _call_in(self._loop, lambda chunk=chunk: self._arrive(chunk)):
                return

    def _arrive(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._arrived.set()


@dataclass(slots=True, eq=False)
class _Write:
    data: memoryview
    done: anyio.Event = field(default_factory=anyio.Event)


class FdWriter:
    """Writes to a descriptor: what it takes without blocking at once, the rest in a thread.

    The way through the thread costs ten times a short write. A cancelled `send` is still written
    whole, before any later one. Must be made in the event loop. The descriptor is not closed.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._loop = asyncio.get_running_loop()
        self._socket = _socket_of(fd)
        self._pipe_poll = _pipe_poll_of(fd)
        self._queue: SimpleQueue[_Write | None] = SimpleQueue()
        self._queued = 0
        self._broken = False
        threading.Thread(target=self._pump, name="stdout", daemon=True).start()

    async def send(self, data: bytes, /) -> None:
        """See `ByteWriter`."""
        rest = memoryview(data)
        try:
            if not self._queued and not self._broken:
                rest = rest[self._write_now(rest) :]
        except OSError as error:
            self._break(error)
        if rest and not self._broken:
            write = _Write(rest)
            self._queued += 1
            self._queue.put(write)
            await write.done.wait()
        if self._broken:
            raise anyio.BrokenResourceError

    def close(self) -> None:
        """Let the thread end, once it has written what it was given. Nothing is sent after this."""
        self._queue.put(None)
        if self._socket is not None:
            self._socket.close()

    def _write_now(self, data: memoryview) -> int:
        """Write as much as certainly does not block, and return how much that was."""
        try:
            if self._socket is not None:
                return self._socket.send(data, socket.MSG_DONTWAIT)
            # A pipe that polls as writable takes PIPE_BUF bytes at once; more is not promised.
            if self._pipe_poll and len(data) <= select.PIPE_BUF and self._pipe_poll.poll(0):
                return os.write(self._fd, data)
        except BlockingIOError:
            pass
        return 0

    def _pump(self) -> None:
        while (write := self._queue.get()) is not None:
            failure: OSError | None = None
            try:
                _write_all(self._fd, write.data)
            except OSError as error:
                failure = error
            finished, result = write, failure
            if not _call_in(self._loop, lambda w=finished, f=result: self._settle(w, f)):
                return

    def _settle(self, write: _Write, failure: OSError | None) -> None:
        self._queued -= 1
        if failure is not None:
            self._break(failure)
        write.done.set()

    def _break(self, error: OSError) -> None:
        logger.debug("cannot write to descriptor %d: %s", self._fd, error)
        self._broken = True


def _socket_of(fd: int) -> socket.socket | None:
    is_socket = stat.S_ISSOCK(os.fstat(fd).st_mode)
    return socket.socket(fileno=os.dup(fd)) if is_socket else None


def _pipe_poll_of(fd: int) -> "select.poll | None":
    if not stat.S_ISFIFO(os.fstat(fd).st_mode):
        return None
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return poll


def _read_some(fd: int) -> bytes:
    while True:
        try:
            return os.read(fd, _CHUNK_BYTES)
        except BlockingIOError:
            _wait_for(fd, select.POLLIN)
        except OSError as error:  # a terminal that hung up, a connection that was reset
            logger.debug("cannot read from descriptor %d: %s", fd, error)
            return b""


def _write_all(fd: int, data: memoryview) -> None:
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            _wait_for(fd, select.POLLOUT)


def _wait_for(fd: int, event: int) -> None:
    """Block this thread until a descriptor that somebody set to non-blocking is ready."""
    poll = select.poll()
    poll.register(fd, event)
    poll.poll()


def _call_in(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> bool:
    """Run `callback` in the event loop, from a thread. False if the loop is closed."""
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:
        return False
    return True
