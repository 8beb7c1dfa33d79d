"""The regular task: answer the user, using tools, until the model has nothing left to do."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from codex_rpc.errors import ContextWindowExceededError
from codex_rpc.session.compaction import can_be_compacted, compact, window_is_full
from codex_rpc.session.context import introduce
from codex_rpc.session.model_notice import warn_of_unknown_model
from codex_rpc.session.sampling import sample
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.session.user_input import record_input
from codex_rpc.state.turn_state import TurnInput

TOO_LONG = "The conversation does not fit the model's context window, even when it is summed up."


class RegularTask(Struct, frozen=True):
    """Answers `inputs`, and whatever the user adds meanwhile."""

    inputs: Sequence[TurnInput]
    kind: Literal["regular"] = "regular"

    async def run(self, turn: TurnContext) -> None:
        """Sample until the model calls no more tools and the user has added nothing."""
        # As added input, what the user said is dealt with even if the turn ends before it is heard.
        turn.state.pending_input.extend(self.inputs)
        warn_of_unknown_model(turn)
        if turn.services.managers.mcp is not None:
            await turn.services.managers.mcp.wait_for_required()
            await turn.services.managers.mcp.wait_for_new()
        await self._make_room(turn)
        introduce(turn)
        self._hear(turn)
        while await self._answer(turn):
            pass

    async def _make_room(self, turn: TurnContext) -> None:
        """Compact the history if the window is too full for what the user has said."""
        coming = [turn_input.message for turn_input in self.inputs]
        if not (window_is_full(turn, coming) and can_be_compacted(turn)):
            return
        try:
            await compact(turn, mid_turn=False)
        except Exception:
            # Left pending, the same words would begin the next turn, and fail it in the same way.
            introduce(turn)
            for _ in self.inputs:
                record_input(turn, turn.state.pending_input.popleft())
            raise

    def _hear(self, turn: TurnContext) -> bool:
        """Put on record what has come in, and tell whether the user has said anything."""
        turn.record(turn.state.take_reports())
        added = turn.state.take_input()
        for turn_input in added:
            record_input(turn, turn_input)
        return bool(added)

    async def _answer(self, turn: TurnContext) -> bool:
        """Sample once; `True` if the model has to be asked again."""
        try:
            sampled = await sample(turn)
        except ContextWindowExceededError:
            # Once: if a fresh summary is too long as well, another one will be no shorter.
            if turn.state.compacted_for_room or not can_be_compacted(turn):
                raise
            turn.state.compacted_for_room = True
            await compact(turn, mid_turn=True)
            return True
        turn.state.compacted_for_room = False
        follow_up = self._hear(turn) or sampled.needs_follow_up
        if follow_up and window_is_full(turn):
            await compact(turn, mid_turn=True)
            if window_is_full(turn):
                raise ContextWindowExceededError(TOO_LONG)
        return follow_up

    def close(self, turn: TurnContext) -> None:
        """Nothing: all of it is in the turn's state."""
