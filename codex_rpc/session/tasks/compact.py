"""The compact task: a compaction that the user asked for."""

from typing import Literal

from msgspec import Struct

from codex_rpc.session.compaction import compact
from codex_rpc.session.turn_context import TurnContext


class CompactTask(Struct, frozen=True):
    """Compacts the history as it is."""

    kind: Literal["compact"] = "compact"

    async def run(self, turn: TurnContext) -> None:
        """Put a summary in the place of the history."""
        await compact(turn, mid_turn=False)

    def close(self, turn: TurnContext) -> None:
        """Nothing: a compaction is whole or has not happened."""
