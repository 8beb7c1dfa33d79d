"""One child process that leads its own session: its start, its output, its exit, its group.

When to kill it and what to do with descendants that left the group is the runner's decision. The
leader is reaped only after its group was killed, so that the group's id cannot have passed to
somebody else in between.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from codex_rpc.errors import SpawnError
from codex_rpc.exec.lineage import TAG_VARIABLE, descendants_of, tagging_children

PIPE_GRACE_S = 2.0
"""How long others may hold the output open after the command itself has exited."""

_READ_SIZE = 64 * 1024
_PIPE_CAPACITY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A command to execute. `argv[0]` is looked up in the `PATH` of `env`; no shell is involved."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    timeout_s: float | None = None


class Child:
    """A started command. stdout and stderr are one pipe, so that they come in the order written."""

    def __init__(self, spec: ProcessSpec, tag: int) -> None:
        """Start the command.

        Raises:
            SpawnError: it cannot be started.
        """
        self.tag = tag
        self.exited = anyio.Event()
        self.timed_out = False
        self._started_at = self._ended_at = time.monotonic()
        self._output, pipe_end = os.pipe()
        try:
            with tagging_children(tag):
                self._process = _popen(spec, pipe_end, tag)
        except BaseException:
            os.close(self._output)
            raise
        finally:
            os.close(pipe_end)
        os.set_blocking(self._output, False)
        self._waiting: anyio.CancelScope | None = None
        self._deadline = float("inf")
        loop = asyncio.get_running_loop()
        _watch_exit(loop, self._process, self._on_exit)
        self._timer = None
        if spec.timeout_s is not None:
            self._timer = loop.call_later(spec.timeout_s, self._expire)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """As in `subprocess`: negative for a signal, `None` before the leader was reaped."""
        return self._process.returncode

    @property
    def duration_s(self) -> float:
        """Seconds from the start to the leader's exit, or until now."""
        return (self._ended_at if self.exited.is_set() else time.monotonic()) - self._started_at

    async def readable(self) -> bool:
        """Wait for output or its end; false once nobody should wait for it any longer."""
        return await self._until_deadline(lambda: anyio.wait_readable(self._output))

    async def exit(self) -> bool:
        """Wait for the leader to exit; false if it does not even die of SIGKILL."""
        return await self._until_deadline(self.exited.wait)

    def read(self) -> bytes:
        """What `readable` announced; empty at the end."""
        return os.read(self._output, _READ_SIZE)

    def read_rest(self) -> bytes:
        """All that is still in the pipe, without waiting for more."""
        try:
            return os.read(self._output, _PIPE_CAPACITY)
        except BlockingIOError:
            return b""

    def kill_tree(self) -> None:
        """Send SIGKILL to the group and to everything below its leader."""
        doomed = [] if self.exited.is_set() else descendants_of(self.pid)
        self.kill_group()
        for pid in doomed:
            kill(pid)

    def kill_group(self) -> None:
        """Send SIGKILL to the leader's group, as long as the group is surely ours."""
        if self._process.returncode is None:
            # macOS answers with EPERM where only a zombie is left.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def reap_group(self) -> bool:
        """Reap the leader and orphans of its group; true when none is left to us."""
        if self._process.poll() is None:
            return False
        return reap(-self.pid)

    def close(self) -> None:
        """Stop reading and give up the timer. The process itself is not touched."""
        if self._timer is not None:
            self._timer.cancel()
        os.close(self._output)

    async def _until_deadline(self, wait: Callable[[], Awaitable[object]]) -> bool:
        with anyio.CancelScope(deadline=self._deadline) as self._waiting:
            await wait()
            return True
        return False

    def _set_deadline(self) -> None:
        self._deadline = anyio.current_time() + PIPE_GRACE_S
        if self._waiting is not None:
            self._waiting.deadline = self._deadline

    def _on_exit(self) -> None:
        self._ended_at = time.monotonic()
        self.exited.set()
        self._set_deadline()

    def _expire(self) -> None:
        # A consumer that is slow to take output must not prolong the command's life, so this does
        # not wait for its turn in the read loop.
        if not self.exited.is_set():
            self.timed_out = True
            self.kill_tree()
            self._set_deadline()


def kill(pid: int) -> None:
    """Send SIGKILL to one process, which may be gone or out of our reach."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def reap(pid: int) -> bool:
    """Reap a child (or, negative, a group's children) that ended; true when none is left."""
    try:
        while os.waitpid(pid, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def _popen(spec: ProcessSpec, output: int, tag: int) -> subprocess.Popen[bytes]:
    if not spec.argv or not spec.argv[0]:
        raise SpawnError("the command is empty")
    try:
        return subprocess.Popen(
            list(spec.argv),
            cwd=spec.cwd,
            env={**spec.env, TAG_VARIABLE: str(tag)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    except OSError as error:
        raise SpawnError(_why_not_started(spec, error)) from error
    except ValueError as error:
        raise SpawnError(f"the command cannot be passed to the system: {error}") from error


def _why_not_started(spec: ProcessSpec, error: OSError) -> str:
    # It is the very object that was passed, which tells `/` as directory from `/` as program.
    if error.filename is spec.cwd:
        return f"cannot use working directory {spec.cwd}: {error.strerror}"
    program = spec.argv[0]
    if isinstance(error, FileNotFoundError) and "/" not in program:
        return f"command not found: {program}"
    return f"cannot run {program}: {error.strerror}"


def _watch_exit(
    loop: asyncio.AbstractEventLoop,
    process: subprocess.Popen[bytes],
    on_exit: Callable[[], None],
) -> None:
    """Call `on_exit` on the loop once the process is a zombie (or, without pidfds, reaped)."""
    try:
        pidfd = os.pidfd_open(process.pid)
    except (AttributeError, OSError):
        threading.Thread(target=_wait_in_thread, args=(loop, process, on_exit), daemon=True).start()
        return

    def on_readable() -> None:
        loop.remove_reader(pidfd)
        os.close(pidfd)
        on_exit()

    loop.add_reader(pidfd, on_readable)


def _wait_in_thread(
    loop: asyncio.AbstractEventLoop,
    process: subprocess.Popen[bytes],
    on_exit: Callable[[], None],
) -> None:
    process.wait()
    # The loop may have been closed by now; then nobody waits for this news.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(on_exit)
