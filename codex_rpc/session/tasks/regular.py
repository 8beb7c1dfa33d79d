"""The regular task: answer the user, using tools, until the model has nothing left to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from codex_rpc.session.prompt import initial_context
from codex_rpc.session.sampling import sample
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.session.user_input import record_input
from codex_rpc.state.turn_state import TurnInput


@dataclass(frozen=True, slots=True)
class RegularTask:
    """Answers `inputs`, and whatever the user adds meanwhile."""

    inputs: Sequence[TurnInput]
    kind: Literal["regular"] = "regular"

    async def run(self, turn: TurnContext) -> None:
        """Sample until the model calls no more tools and the user has added nothing."""
        if not turn.session_state.context_recorded:
            turn.record(initial_context(turn))
            turn.session_state.context_recorded = True
        for turn_input in self.inputs:
            record_input(turn, turn_input)
        follow_up = True
        while follow_up:
            sampled = await sample(turn)
            added = turn.state.take_input()
            for turn_input in added:
                record_input(turn, turn_input)
            follow_up = sampled.needs_follow_up or bool(added)

    def close(self, turn: TurnContext) -> None:
        """Nothing: all of it is in the turn's state."""
