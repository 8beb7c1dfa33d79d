"""Compaction: putting a summary in the place of a history that has grown too long.

The history is untouched until the summary is there, so an interrupt or a failure changes nothing.
"""

from collections.abc import Sequence
from functools import partial

import anyio.lowlevel

from codex_rpc.errors import ContextWindowExceededError, ModelStreamError
from codex_rpc.history.compaction import (
    MESSAGE_BUDGET_TOKENS,
    compaction_input,
    replacement_history,
    without_oldest,
)
from codex_rpc.history.fragments import is_user_message
from codex_rpc.history.prompt_items import prompt_items
from codex_rpc.history.tokens import estimate_items, is_model_generated, tokens_in_use
from codex_rpc.model.events import OutputItemDone, ResponseCompleted
from codex_rpc.protocol.ids import new_item_id
from codex_rpc.protocol.items import ContextCompactionItem
from codex_rpc.protocol.response_items import MessageItem, ResponseItem
from codex_rpc.session.context import initial_context
from codex_rpc.session.prompt import plain_request
from codex_rpc.session.retries import with_retries
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.session.usage import announce_usage


def window_is_full(turn: TurnContext, coming: Sequence[ResponseItem] = ()) -> bool:
    """Whether the history, with what is about to be added, has to be compacted."""
    state = turn.session_state
    held = tokens_in_use(state.last_usage.total_tokens, state.history.snapshot(), heard=state.heard)
    return held + estimate_items(coming) >= turn.model.compact_at


async def compact(turn: TurnContext, *, mid_turn: bool) -> None:
    """Put a summary and the user's recent words in the place of the history.

    In the middle of a turn the model is told its surroundings at once; else the next turn does it.

    Raises:
        ModelError: if the model gives no summary; then nothing has changed.
    """
    item = ContextCompactionItem(id=new_item_id())
    turn.item_started(item)
    state = turn.session_state
    items = state.history.snapshot()
    summary = await _summary(turn, items)
    # An interrupt may have come in the moment the summary did, or be ignored by the model's client.
    await anyio.lowlevel.checkpoint_if_cancelled()
    replacement = replacement_history(
        items,
        summary,
        context_items=initial_context(turn) if mid_turn else (),
        budget_tokens=min(MESSAGE_BUDGET_TOKENS, turn.model.compact_at // 4),
    )
    turn.journal.replace_history(replacement, summary)
    state.told = turn.settings if mid_turn else None
    state.estimate_usage(estimate_items(replacement))
    announce_usage(turn)
    turn.item_completed(item)


def can_be_compacted(turn: TurnContext) -> bool:
    """Whether there is more to sum up than the user's first words, which are kept anyway."""
    items = turn.session_state.history.snapshot()
    return sum(is_user_message(item) or is_model_generated(item) for item in items) > 1


async def _summary(turn: TurnContext, items: Sequence[ResponseItem]) -> str:
    while True:
        try:
            return await with_retries(turn, partial(_ask, turn, compaction_input(items)))
        except ContextWindowExceededError:
            items = without_oldest(items, tokens=max(1, turn.model.compact_at // 4))
            if not items:
                raise


async def _ask(turn: TurnContext, items: Sequence[ResponseItem]) -> str:
    prompt = prompt_items(items, images="image" in turn.model.modalities)
    summary = ""
    async with turn.services.model.stream(plain_request(turn, prompt)) as batches:
        async for batch in batches:
            for event in batch:
                match event:
                    case OutputItemDone(item=MessageItem(role="assistant") as message):
                        summary = message.text
                    case ResponseCompleted(usage=usage):
                        if usage is not None:
                            turn.session_state.add_usage(usage)
                        return summary
                    case _:
                        pass
    raise ModelStreamError("stream closed before response.completed")
