"""Terminals: commands that may go on after whoever started them has stopped waiting.

A `Terminal` keeps what its command has written until somebody asks for it; a `TerminalTable` knows
those of one thread by their numbers and how many there may be. Who reads their output, and what a
client is shown of it, is decided in `session.background_terminals`.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import anyio
from msgspec import Struct

from codex_rpc.errors import TerminalNotFoundError
from codex_rpc.exec.output import OutputBuffer
from codex_rpc.exec.process_spec import ProcessExit
from codex_rpc.exec.running_process import RunningProcess

UNREAD_BYTES = 1024 * 1024
"""How much output is kept for whoever asks next; of more, the middle is lost."""
MAX_TERMINALS = 64
"""How many a thread may have; for another one, one of them is ended."""
PROTECTED_TERMINALS = 8
"""How many of the most recently used are never ended for another one."""

_NUMBERS = range(1_000, 100_000)


class Unread(Struct, frozen=True):
    """What a command has written since it was last asked for."""

    text: str
    """With a note where the middle of it is missing."""
    total_bytes: int
    total_lines: int


class Terminal:
    """A running command, or one that has ended and not been asked for since."""

    def __init__(self, number: int, process: RunningProcess, *, tty: bool) -> None:
        self.number = number
        self.tty = tty
        self.exit: ProcessExit | None = None
        self.ended = anyio.Event()
        """Set when the command has ended and all of its output has been read."""
        self._process = process
        self._unread = OutputBuffer(UNREAD_BYTES)
        self._lines = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    async def read(self) -> bytes | None:
        """The next piece of output, which is kept as well; `None` at the end. There is one reader.

        A reader that gets to the end goes on with `end`.
        """
        output = await self._process.read()
        if output is None:
            return None
        self._unread.append(output.data)
        self._lines += output.data.count(b"\n")
        return output.data

    async def end(self) -> None:
        """Have nothing left of the command, which is killed if it still runs."""
        try:
            await self._process.aclose()
        finally:
            self.exit = self._process.exit
            self.ended.set()

    async def write(self, data: bytes) -> None:
        """Have the command read `data`; waits while it does not.

        Raises:
            StdinClosedError: if it takes no input, or none any more.
        """
        await self._process.write(data)

    async def kill(self) -> None:
        """Kill the command and all that it has started."""
        await self._process.kill()

    def take(self) -> Unread:
        """What has been written since the last call."""
        unread, lines = self._unread, self._lines
        self._unread, self._lines = OutputBuffer(UNREAD_BYTES), 0
        return Unread(unread.text(), unread.seen_bytes, lines)


class TerminalTable:
    """A thread's terminals, those used last at the end."""

    def __init__(self) -> None:
        self._terminals: dict[int, Terminal] = {}
        self._reserved: set[int] = set()

    def __len__(self) -> int:
        return len(self._terminals)

    def __iter__(self) -> Iterator[Terminal]:
        return iter(tuple(self._terminals.values()))

    @contextmanager
    def reserved(self) -> Generator[int]:
        """A number for a terminal that may be added within the context."""
        number = _random_number()
        while number in self._terminals or number in self._reserved:
            number = _random_number()
        self._reserved.add(number)
        try:
            yield number
        finally:
            self._reserved.discard(number)

    def add(self, terminal: Terminal) -> None:
        self._terminals[terminal.number] = terminal

    def find(self, number: int) -> Terminal:
        """The terminal of that number, which counts as used by that.

        Raises:
            TerminalNotFoundError: if there is none, or its end has been told.
        """
        terminal = self._terminals.pop(number, None)
        if terminal is None:
            raise TerminalNotFoundError(number)
        self._terminals[number] = terminal
        return terminal

    def remove(self, terminal: Terminal) -> None:
        """Forget a terminal, if it is there."""
        self._terminals.pop(terminal.number, None)

    def surplus(self) -> Terminal | None:
        """The one to give up because there are too many; `None` if there are not.

        The longest unused one that has ended is first, then the longest unused one.
        """
        if len(self._terminals) <= MAX_TERMINALS:
            return None
        candidates = list(self._terminals.values())[:-PROTECTED_TERMINALS]
        ended = (terminal for terminal in candidates if terminal.ended.is_set())
        return next(ended, candidates[0])


def _random_number() -> int:
    return _NUMBERS[int.from_bytes(os.urandom(8), "big") % len(_NUMBERS)]
