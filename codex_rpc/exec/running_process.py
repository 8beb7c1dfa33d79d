"""RunningProcess: one command while it runs, and until nothing of it is left.

What it writes is read no faster than somebody asks for it. Once it has exited, others that hold its
output get two seconds; what was written before that is never lost.
"""

import asyncio
from collections.abc import Callable, Collection

import anyio
from anyio.lowlevel import checkpoint

from codex_rpc.errors import StdinClosedError
from codex_rpc.exec.channels import Channels
from codex_rpc.exec.guardian.command import Command
from codex_rpc.exec.process_spec import Output, ProcessExit, TerminalSize

PIPE_GRACE_S = 2.0
"""How long others may hold the output open after the command itself has exited."""
KILL_LIMIT_S = 2.0
"""How long killed processes get to disappear before they are given up on."""
_PIPE_CAPACITY = 1024 * 1024
"""The most that an unprivileged process can have a pipe hold."""


class RunningProcess:
    """A started command. Whoever started it closes it."""

    def __init__(self, command: Command, channels: Channels, timeout_s: float | None) -> None:
        self._command = command
        self._channels = channels
        self._timed_out = False
        self._exit: ProcessExit | None = None
        self._over = False
        """Nothing of it is left, as far as that is our concern."""
        self._stdin_closing = False
        self._left_to_read = _PIPE_CAPACITY
        self._deadline = float("inf")
        self._reading: anyio.CancelScope | None = None
        self._writing: anyio.CancelScope | None = None
        self._loop = asyncio.get_running_loop()
        self._timer = None if timeout_s is None else self._loop.call_later(timeout_s, self._expire)
        command.call_on_exit(self._on_exit)

    @property
    def pid(self) -> int:
        return self._command.pid

    @property
    def exit(self) -> ProcessExit | None:
        """How the command itself ended, if it has."""
        return self._exit

    async def read(self) -> Output | None:
        """The next piece of output; `None` at the end, when the command's group is gone as well."""
        await checkpoint()
        while not self._over:
            if anyio.current_time() >= self._deadline or not self._channels.outputs:
                await self._finish()
            elif output := self._channels.read():
                return output
            elif self._channels.outputs:
                await self._readable()
        return self._read_rest()

    async def write(self, data: bytes) -> None:
        """Write to stdin; waits while the command does not read.

        Raises:
            StdinClosedError: it has no stdin, or none any more, or has exited.
        """
        unwritten = memoryview(data)
        await checkpoint()
        while unwritten:
            if self._stdin_closing:
                self._channels.close_stdin()
            if self._channels.stdin is None or self._exit is not None:
                raise StdinClosedError("stdin is closed for this process")
            try:
                unwritten = unwritten[self._channels.write(unwritten) :]
            except BlockingIOError:
                await self._writable(self._channels.stdin)
            except OSError as error:
                raise StdinClosedError("stdin is closed for this process") from error

    def close_stdin(self) -> None:
        """Have the command read the end of its input; a terminal is sent ^D and stays open."""
        if self._writing is None or self._channels.is_terminal:
            self._channels.close_stdin()
        else:
            self._stdin_closing = True
            self._writing.cancel()

    def resize(self, size: TerminalSize) -> None:
        """Tell the terminal's programs how large it is now."""
        self._channels.resize(size)

    async def wait(self) -> ProcessExit:
        """Wait for the command itself to exit, whether or not its output is read."""
        await self._command.exited.wait()
        return self._report()

    async def kill(self) -> None:
        """Kill the command and all of its descendants; returns when they are gone, within 2 s."""
        self._command.request_kill()
        await self._vanish()

    async def aclose(self) -> None:
        """Kill the command if it is still there, and release its descriptors."""
        with anyio.CancelScope(shield=True):
            if self._exit is None:
                await self.kill()
            elif not self._over:
                await self._finish()
            if self._timer is not None:
                self._timer.cancel()
            await self._stop_waiting()
        self._channels.close()

    async def _finish(self) -> None:
        """Wait for the exit and have what is left of the group killed.

        After a timeout nothing is left of the descendants elsewhere either.
        """
        await self._command.exited.wait()
        if self._timed_out:
            self._command.request_kill()
        else:
            self._command.request_end()
        await self._vanish()

    async def _vanish(self) -> None:
        with anyio.move_on_after(KILL_LIMIT_S, shield=True):
            await self._command.gone.wait()
        self._command.end(None)
        self._over = True

    def _read_rest(self) -> Output | None:
        """What was written before the end. Who escaped with a pipe could go on filling it."""
        if self._left_to_read > 0 and (output := self._channels.read()):
            self._left_to_read -= len(output.data)
            return output
        return None

    async def _readable(self) -> None:
        """Wait for output, its end, or the time when nobody should wait for it any longer."""
        try:
            with anyio.CancelScope(deadline=self._deadline) as self._reading:
                outputs, loop = self._channels.outputs, self._loop
                await _ready(outputs, loop.add_reader, loop.remove_reader)
        finally:
            self._reading = None

    async def _writable(self, stdin: int) -> None:
        """Wait for room, or for the time when nobody will read it any longer."""
        try:
            with anyio.CancelScope() as self._writing:
                await _ready([stdin], self._loop.add_writer, self._loop.remove_writer)
        finally:
            self._writing = None

    async def _stop_waiting(self) -> None:
        """Wake whoever waits for a descriptor, before it is closed."""
        while waiting := [scope for scope in (self._reading, self._writing) if scope is not None]:
            for scope in waiting:
                scope.cancel()
            await checkpoint()

    def _on_exit(self) -> None:
        self._exit = self._report()
        self._deadline = anyio.current_time() + PIPE_GRACE_S
        if self._reading is not None:
            self._reading.deadline = self._deadline
        if self._writing is not None:
            self._writing.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def _expire(self) -> None:
        # A reader who takes his time must not prolong the command's life, so this does not wait
        # for the next read.
        self._timed_out = True
        self._command.request_kill()

    def _report(self) -> ProcessExit:
        code = self._command.returncode
        return ProcessExit(
            exit_code=code if code is not None and code >= 0 else None,
            signal=-code if code is not None and code < 0 else None,
            timed_out=self._timed_out,
            duration_s=self._command.duration_s,
        )


async def _ready(
    descriptors: Collection[int],
    add: Callable[[int, Callable[[], None]], None],
    remove: Callable[[int], object],
) -> None:
    """Wait for one of them, with the loop's functions to watch and not to watch a descriptor."""
    event = anyio.Event()
    watched = list(descriptors)
    for descriptor in watched:
        add(descriptor, event.set)
    try:
        await event.wait()
    finally:
        for descriptor in watched:
            remove(descriptor)
