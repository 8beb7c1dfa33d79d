"""The regular task: answer the user, using tools, until the model has nothing left to do."""

from codex_rpc.session.prompt import initial_context
from codex_rpc.session.sampling import sample
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.session.user_input import user_message_item
from codex_rpc.state.turn_state import TurnInput


async def run_regular(turn: TurnContext, first: TurnInput) -> None:
    """Sample until the model calls no more tools and the user has added nothing.

    Raises:
        ModelError: if the model cannot be had.
    """
    if not turn.session_state.context_recorded:
        turn.record(initial_context(turn))
        turn.session_state.context_recorded = True
    record_input(turn, first)
    follow_up = True
    while follow_up:
        sampled = await sample(turn)
        added = turn.state.take_input()
        for turn_input in added:
            record_input(turn, turn_input)
        follow_up = sampled.needs_follow_up or bool(added)


def record_input(turn: TurnContext, turn_input: TurnInput) -> None:
    """Put what the user said on record and show it. Empty input leaves no trace."""
    if not turn_input.parts:
        return
    turn.record([turn_input.message])
    item = user_message_item(turn_input)
    turn.item_started(item)
    turn.item_completed(item)
    if not turn.session_state.preview:
        turn.session_state.preview = turn_input.message.text
