"""TurnTerminals: a turn's view of its thread's terminals."""

from contextlib import AbstractContextManager

from msgspec import Struct

from codex_rpc.exec.terminals import Terminal
from codex_rpc.session.background_terminals import BackgroundTerminals
from codex_rpc.state.active_turn import ActiveTurn
from codex_rpc.tools.commands.terminals import TerminalLaunch


class TurnTerminals(Struct, frozen=True):
    """Implements `tools.terminals.Terminals`."""

    terminals: BackgroundTerminals
    turn: ActiveTurn

    def reserved(self) -> AbstractContextManager[int]:
        return self.terminals.reserved()

    async def open(self, launch: TerminalLaunch) -> Terminal:
        return await self.terminals.open(launch, self.turn)

    def find(self, number: int) -> Terminal:
        return self.terminals.find(number)

    def interacted(self, terminal: Terminal, text: str) -> None:
        self.terminals.interacted(terminal, text, self.turn)

    def declare(self, terminal: Terminal) -> None:
        self.terminals.declare(terminal)

    def forget(self, terminal: Terminal) -> None:
        self.terminals.forget(terminal)

    async def abandon(self, terminal: Terminal) -> None:
        await self.terminals.abandon(terminal)
