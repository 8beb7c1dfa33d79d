"""A terminal with what is shown of it."""

from dataclasses import dataclass, field

from msgspec import Struct

from codex_rpc.exec.output import OutputBuffer, Utf8Chunks
from codex_rpc.exec.terminals import Terminal
from codex_rpc.protocol.ids import TurnId
from codex_rpc.protocol.items import CommandExecutionItem
from codex_rpc.state.active_turn import ActiveTurn
from codex_rpc.state.open_item import SHOWN_OUTPUT_BYTES
from codex_rpc.tools.commands.terminals import TerminalLaunch


class OpenTerminal(Struct, frozen=True):
    """A terminal whose command runs, as clients may see it."""

    number: int
    turn_id: TurnId
    item: CommandExecutionItem
    """With all that the command has written so far."""
    script: str
    pid: int


@dataclass(slots=True, eq=False)
class ShownTerminal:
    """A terminal with what is shown of it."""

    terminal: Terminal
    turn: ActiveTurn
    launch: TerminalLaunch
    declared: bool = False
    """Whether it goes on when its turn ends."""
    completed: bool = False
    output: OutputBuffer = field(default_factory=lambda: OutputBuffer(SHOWN_OUTPUT_BYTES))
    text: Utf8Chunks = field(default_factory=Utf8Chunks)
    deltas: int = 0

    @property
    def item(self) -> CommandExecutionItem:
        return self.launch.item

    def now(self) -> CommandExecutionItem:
        """The item with all that the command has written so far."""
        output = self.output.text() if self.output.seen_bytes else None
        return self.item.model_copy(update={"aggregated_output": output})
