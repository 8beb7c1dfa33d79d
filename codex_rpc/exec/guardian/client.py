"""The server's side of the control socket: starting the guardian, and commands through it.

Messages that do not fit into the socket follow as it has room; nothing but `aclose` waits. Should
somebody kill the guardian, its commands have ended too: this process, the next subreaper, is handed
what was running and kills it.
"""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import anyio

from codex_rpc.exec.guardian import frames
from codex_rpc.exec.guardian.children import kill, reap
from codex_rpc.exec.guardian.command import Command
from codex_rpc.exec.lineage import (
    TagSequence,
    become_subreaper,
    children_of,
    descendants_of,
    tag_of,
)

_BOOT = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from codex_rpc.exec.guardian.main import main; main(*map(int, sys.argv[2:]))"
)
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""All of the environment that an interpreter may need to start."""
_RECEIVE_SIZE = 64 * 1024
_CLOSING_LIMIT_S = 1.5
"""How long the guardian gets to end its commands and itself, before it is killed."""
_KILLING_LIMIT_S = 0.5
_SWEEPING_LIMIT_S = 2.0
_SWEEPING_PAUSE_S = 0.002


class GuardianClient:
    """A running guardian. Its owner closes it."""

    def __init__(self, process: "subprocess.Popen[bytes]", control: socket.socket) -> None:
        self.ended = False
        """It takes no more commands."""
        self._gone = anyio.Event()
        self._process = process
        self._control = control
        self._tags = TagSequence()
        self._commands: dict[int, Command] = {}
        """By tag; those that the guardian still has something of."""
        self._inbox = bytearray()
        self._outbox: deque[tuple[memoryview, list[int]]] = deque()
        """Messages with the descriptors that go with them, which are ours to close. No more than
        a few for each command."""
        self._give_up_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        control.setblocking(False)
        self._loop.add_reader(control, self._receive)

    @classmethod
    def launch(cls, limit_of_files: tuple[int, int]) -> "GuardianClient":
        """Start a guardian, whose commands will have this soft and hard limit of open files.

        Raises:
            OSError: it cannot be started.
        """
        become_subreaper()
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = [Path(__file__).parents[3], theirs.fileno(), *limit_of_files]
            try:
                process = subprocess.Popen(
                    [sys.executable, "-IS", "-c", _BOOT, *map(str, arguments)],
                    env={name: os.environ[name] for name in _LIBRARY_PATHS if name in os.environ},
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        return cls(process, ours)

    @property
    def gone(self) -> bool:
        """Neither it nor its commands are left, as far as can be told."""
        return self._gone.is_set()

    def start(self, details: tuple[object, ...], descriptors: Sequence[int]) -> Command:
        """Ask for a command; `details` is what `START` has beyond the tag."""
        command = Command(self._tags.next(), self._send)
        self._commands[command.tag] = command
        self._send(frames.encode(frames.START, command.tag, *details), descriptors)
        return command

    async def aclose(self) -> None:
        """End the guardian and all of its commands; returns when they are gone, within 2 s."""
        if not self.ended:
            self._drop_outbox()
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_WR)
        with anyio.move_on_after(_CLOSING_LIMIT_S, shield=True):
            await self._gone.wait()
        if not self._gone.is_set():
            self._process.kill()
            with anyio.move_on_after(_KILLING_LIMIT_S, shield=True):
                await self._gone.wait()
        if self._timer is not None:
            self._timer.cancel()

    # --- the socket ----------------------------------------------------------------------------

    def _send(self, frame: bytes, descriptors: Sequence[int] = ()) -> None:
        if self.ended:
            return
        unsent = memoryview(frame)
        if not self._outbox:
            unsent = unsent[self._send_some(unsent, descriptors) :]
        if unsent:
            kept = [os.dup(each) for each in descriptors] if len(unsent) == len(frame) else []
            self._outbox.append((unsent, kept))
            self._loop.add_writer(self._control, self._flush)

    def _flush(self) -> None:
        while self._outbox:
            unsent, descriptors = self._outbox[0]
            sent = self._send_some(unsent, descriptors)
            if not sent:
                return
            _close(descriptors)
            self._outbox.popleft()
            if sent < len(unsent):
                self._outbox.appendleft((unsent[sent:], []))
        self._loop.remove_writer(self._control)

    def _send_some(self, data: memoryview, descriptors: Sequence[int]) -> int:
        try:
            return socket.send_fds(self._control, [data], list(descriptors))
        except BlockingIOError:
            return 0
        except OSError as error:
            # Too many descriptors are on their way; or it is gone, which will also be read.
            return 0 if error.errno == errno.ETOOMANYREFS else len(data)

    def _drop_outbox(self) -> None:
        self._loop.remove_writer(self._control)
        while self._outbox:
            _close(self._outbox.popleft()[1])

    def _receive(self) -> None:
        try:
            data = self._control.recv(_RECEIVE_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end()
            return
        self._inbox += data
        while len(self._inbox) >= frames.HEADER_SIZE:
            end = frames.HEADER_SIZE + frames.body_size(self._inbox[: frames.HEADER_SIZE])
            if len(self._inbox) < end:
                break
            body = bytes(self._inbox[frames.HEADER_SIZE : end])
            del self._inbox[:end]
            self._take(*frames.decode(body))

    def _take(self, kind: str, tag: int, *rest: object) -> None:
        command = self._commands.get(tag)
        if command is not None:
            command.take(kind, rest)
            if command.gone.is_set():
                del self._commands[tag]

    # --- the end -------------------------------------------------------------------------------

    def _end(self) -> None:
        self.ended = True
        self._drop_outbox()
        self._loop.remove_reader(self._control)
        self._control.close()
        for command in self._commands.values():
            if not command.answered.is_set():
                command.refuse(errno.ECHILD, frames.GUARDIAN)
            elif not command.exited.is_set():
                command.end(-signal.SIGKILL)
        self._give_up_at = time.monotonic() + _SWEEPING_LIMIT_S
        self._sweep()

    def _sweep(self) -> None:
        """Kill and reap what the guardian has left, again and again until there is nothing."""
        left = self._process.poll() is None
        if left:
            self._process.kill()
        for pid in children_of(os.getpid()):
            if pid != self._process.pid and self._tags.gave(tag_of(pid)):
                left = True
                for doomed in (pid, *descendants_of(pid)):
                    kill(doomed)
                reap(pid)
        if left and time.monotonic() < self._give_up_at:
            self._timer = self._loop.call_later(_SWEEPING_PAUSE_S, self._sweep)
            return
        for command in self._commands.values():
            command.gone.set()
        self._commands = {}
        self._gone.set()


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
