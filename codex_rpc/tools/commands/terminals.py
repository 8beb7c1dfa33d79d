"""The port to a thread's terminals, for the tools that open them and come back to them.

A terminal is shown by the item of the call that opened it. As long as that call waits, it belongs
to the turn; once the model has been told its number, it goes on until its command ends or the
thread does.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from codex_rpc.exec.process_spec import ProcessSpec
from codex_rpc.exec.terminals import Terminal
from codex_rpc.protocol.items import CommandExecutionItem


class TerminalLaunch(Struct, frozen=True):
    """A terminal to be: its number, the item that has been shown for it, and what to run.

    `script` is the command in the model's own words. `clean_up`, which may block, is called when
    nothing of the command is left.
    """

    number: int
    item: CommandExecutionItem
    script: str
    spec: ProcessSpec
    clean_up: Callable[[], None] | None = None


class Terminals(Protocol):
    """The terminals of a thread, as a running turn may deal with them."""

    def reserved(self) -> AbstractContextManager[int]:
        """A number for a terminal that may be opened within the context."""
        ...

    async def open(self, launch: TerminalLaunch) -> Terminal:
        """Start the command. From now on its output is read and shown, and its item completed.

        Raises:
            SpawnError: if it cannot be started; then the item is the caller's to complete, and
                what there is to clean up has been.
        """
        ...

    def find(self, number: int) -> Terminal:
        """The terminal of that number.

        Raises:
            TerminalNotFoundError: if there is none, or its end has been told.
        """
        ...

    def interacted(self, terminal: Terminal, text: str) -> None:
        """Show that `text` was typed, or, empty, that the terminal was looked at."""
        ...

    def declare(self, terminal: Terminal) -> None:
        """The model knows the number: the terminal does not end with the turn."""
        ...

    def forget(self, terminal: Terminal) -> None:
        """The model knows that the command has ended."""
        ...

    async def abandon(self, terminal: Terminal) -> None:
        """Nobody will come back: complete the item at once, and kill the command."""
        ...
