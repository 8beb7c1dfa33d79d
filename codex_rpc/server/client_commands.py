"""The commands that one connection's client has running, and how far they have got.

They live in the requests that started them, which end with the connection.
"""

from collections.abc import Generator
from contextlib import contextmanager

import anyio

from codex_rpc.errors import CommandExistsError, CommandNotFoundError
from codex_rpc.exec.process_spec import Stdin
from codex_rpc.exec.running_process import RunningProcess


class ClientCommand:
    """One of them. Requests about it wait until it has been started."""

    def __init__(self) -> None:
        self.process: RunningProcess | None = None
        self.stdin: Stdin = "null"
        self.stdin_closed = False
        self.writing = anyio.Lock()
        """Input is written in the order of its requests."""
        self._settled = anyio.Event()

    def started(self, process: RunningProcess, stdin: Stdin) -> None:
        self.process, self.stdin = process, stdin
        self._settled.set()

    @property
    def takes_input(self) -> bool:
        return self.stdin != "null"

    @property
    def is_terminal(self) -> bool:
        return self.stdin == "terminal"

    def ended(self) -> None:
        """It has ended, or could not be started."""
        self.process = None
        self._settled.set()

    async def running(self, process_id: str) -> RunningProcess:
        """The process.

        Raises:
            CommandNotFoundError: if it has ended, or could not be started.
        """
        await self._settled.wait()
        if self.process is None:
            raise CommandNotFoundError(process_id)
        return self.process


class ClientCommands:
    """By the names that the client gave them; those without a name cannot be found again."""

    def __init__(self) -> None:
        self._named: dict[str, ClientCommand] = {}

    @contextmanager
    def added(self, process_id: str | None) -> Generator[ClientCommand]:
        """A command to be, which can be found within the context.

        Raises:
            CommandExistsError: if another one has that name.
        """
        command = ClientCommand()
        if process_id is not None:
            if process_id in self._named:
                raise CommandExistsError(process_id)
            self._named[process_id] = command
        try:
            yield command
        finally:
            command.ended()
            if process_id is not None:
                del self._named[process_id]

    def find(self, process_id: str) -> ClientCommand:
        """The command of that name.

        Raises:
            CommandNotFoundError: if there is none.
        """
        try:
            return self._named[process_id]
        except KeyError:
            raise CommandNotFoundError(process_id) from None


class CappedStream:
    """One stream of a command's output: so many bytes of it are passed on or kept."""

    def __init__(self, cap: int | None) -> None:
        self._cap = cap
        self._kept = bytearray()
        self._passed = 0

    def admit(self, data: bytes) -> bytes:
        """As much of `data` as there is room for."""
        admitted = data if self._cap is None else data[: max(self._cap - self._passed, 0)]
        self._passed += len(admitted)
        return admitted

    @property
    def full(self) -> bool:
        """Whether nothing more is passed on."""
        return self._cap is not None and self._passed >= self._cap

    def keep(self, data: bytes) -> None:
        self._kept += data

    def text(self) -> str:
        """What was kept."""
        return self._kept.decode(errors="replace")
