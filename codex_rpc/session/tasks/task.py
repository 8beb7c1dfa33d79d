"""TurnTask: what a turn is about, as the runner sees it."""

from typing import Protocol

from codex_rpc.session.turn_context import TurnContext
from codex_rpc.state.active_turn import TaskKind


class TurnTask(Protocol):
    """The work of one turn. It emits what happens, but never how the turn ended."""

    @property
    def kind(self) -> TaskKind: ...

    async def run(self, turn: TurnContext) -> None:
        """Do the work.

        Raises:
            ModelError: if the model cannot be had.
        """
        ...

    def close(self, turn: TurnContext) -> None:
        """Finish what was begun, once, however the work ended; synchronous, and never fails."""
        ...
