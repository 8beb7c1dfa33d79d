"""Running commands to their end, and making sure that nothing of them stays behind.

`ProcessRunner` belongs to the process-wide server. A command's output is passed on as it comes, and
read no faster than it is taken. However a call ends, the command's process group is gone; a timeout
or a cancellation also ends descendants that left the group. Those that left it and then outlived
the command in peace (a daemon started on purpose) live until the runner closes, or until this
process is gone, however it went: the commands are the guardian's children, not ours.

What the output means, how much of it is kept and whether the command may run at all is decided
elsewhere.
"""

import errno
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import anyio

from codex_rpc.errors import SpawnError
from codex_rpc.exec.channels import Channels
from codex_rpc.exec.file_limit import FileLimit
from codex_rpc.exec.guardian import frames
from codex_rpc.exec.guardian.client import GuardianClient
from codex_rpc.exec.guardian.command import Command
from codex_rpc.exec.process_spec import ProcessExit, ProcessSpec
from codex_rpc.exec.running_process import KILL_LIMIT_S, RunningProcess

_MOST_TEXT = 8 * 1024 * 1024
"""Arguments and environment together; more than any system takes."""

OnOutput = Callable[[bytes], Awaitable[None]]


class ProcessRunner:
    """Runs commands; an async context manager that leaves none of them alive.

    Inside, the process may have as many files open as the system allows; commands may not.
    """

    def __init__(self) -> None:
        self._files = FileLimit()
        self._guardians: list[GuardianClient] = []
        """The last one, and those before it, which have been killed, while they leave anything."""
        self._closed = False

    async def __aenter__(self) -> Self:
        self._files.lift()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closed = True
        await self.kill_all()
        self._files.restore()

    def prepare(self) -> None:
        """Have the first command not wait for the guardian. If it cannot start, that one fails."""
        with suppress(SpawnError):
            self._ensure_guardian()

    async def run(self, spec: ProcessSpec, on_output: OnOutput) -> ProcessExit:
        """Run a command to its end, passing on what it writes.

        Nothing is read while `on_output` awaits. After the command has exited, others that hold its
        output get two seconds; output that was written before that is never lost.

        Raises:
            SpawnError: the command cannot be started.
        """
        process = await self.start(spec)
        try:
            while output := await process.read():
                await on_output(output.data)
            return await process.wait()
        except BaseException:
            await process.kill()
            raise
        finally:
            await process.aclose()

    async def start(self, spec: ProcessSpec) -> RunningProcess:
        """Start a command, which is the caller's to close.

        Raises:
            SpawnError: it cannot be started.
        """
        text = _text_of(spec)
        guardian = self._ensure_guardian()
        try:
            channels = Channels.open(spec)
        except OSError as error:
            raise SpawnError(_refusal(spec, error.errno, frames.PROGRAM)) from error
        try:
            command = await _ask(guardian, text, channels)
            if command.refusal is not None:
                raise SpawnError(_refusal(spec, *command.refusal))
        except BaseException:
            channels.close()
            raise
        channels.close_remote()
        return RunningProcess(command, channels, spec.timeout_s)

    async def kill_all(self) -> None:
        """Kill and reap every command and every descendant, within two seconds."""
        for guardian in self._guardians:
            await guardian.aclose()
        self._guardians = []

    def _ensure_guardian(self) -> GuardianClient:
        if self._closed:
            raise SpawnError("the server is shutting down")
        if not self._guardians or self._guardians[-1].ended:
            self._guardians = [guardian for guardian in self._guardians if not guardian.gone]
            try:
                self._guardians.append(GuardianClient.launch(self._files.found))
            except OSError as error:
                raise SpawnError(f"cannot run commands: {error.strerror}") from error
        return self._guardians[-1]


async def _ask(guardian: GuardianClient, text: tuple[object, ...], channels: Channels) -> Command:
    """Have the guardian start a command; it is killed if nobody waits for the answer."""
    details = (*text, tuple(channels.remote), channels.terminal)
    command = guardian.start(details, list(channels.remote.values()))
    try:
        await command.answered.wait()
    except BaseException:
        command.request_kill()
        with anyio.move_on_after(KILL_LIMIT_S, shield=True):
            await command.gone.wait()
        raise
    return command


def _text_of(spec: ProcessSpec) -> tuple[list[bytes], dict[bytes, bytes], bytes]:
    """The arguments, the environment and the working directory, for the system."""
    if not spec.argv or not spec.argv[0]:
        raise SpawnError("the command is empty")
    try:
        argv = [_encoded(argument) for argument in spec.argv]
        env = {_encoded(name): _encoded(value) for name, value in spec.env.items()}
        cwd = _encoded(str(spec.cwd))
    except ValueError as error:
        raise SpawnError(f"the command cannot be passed to the system: {error}") from error
    if sum(map(len, argv)) + sum(len(name) + len(env[name]) for name in env) > _MOST_TEXT:
        raise SpawnError(_refusal(spec, errno.E2BIG, frames.PROGRAM))
    return argv, env, cwd


def _encoded(text: str) -> bytes:
    if "\0" in text:
        raise ValueError("embedded null byte")
    return os.fsencode(text)


def _refusal(spec: ProcessSpec, error: int | None, unusable: str) -> str:
    reason = os.strerror(error or errno.EIO)
    if unusable == frames.CWD:
        return f"cannot use working directory {spec.cwd}: {reason}"
    if unusable == frames.GUARDIAN:
        return "cannot run commands: the process that starts them has ended"
    program = spec.argv[0]
    if error == errno.ENOENT and "/" not in program:
        return f"command not found: {program}"
    return f"cannot run {program}: {reason}"
