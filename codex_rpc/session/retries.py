"""Asking the model again when a response breaks off."""

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from codex_rpc.errors import ModelError
from codex_rpc.model.retry import stream_delay
from codex_rpc.protocol.notifications import ErrorNotification
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.session.turn_errors import turn_error

T = TypeVar("T")


async def with_retries(turn: TurnContext, attempt: Callable[[], Awaitable[T]]) -> T:
    """What `attempt` gives, tried as often as the provider allows; the client is told each time.

    Raises:
        ModelError: the last one, or the first that no repetition can mend.
    """
    retries = 0
    while True:
        try:
            return await attempt()
        except ModelError as error:
            limit = turn.services.provider.stream_max_retries
            if not error.retryable or retries >= limit:
                raise
            retries += 1
            _tell(turn, error, f"Reconnecting... {retries}/{limit}")
            await anyio.sleep(stream_delay(retries, error.retry_after, random.uniform(0.9, 1.1)))


def _tell(turn: TurnContext, error: ModelError, message: str) -> None:
    turn.emit(
        ErrorNotification(
            thread_id=turn.thread_id,
            turn_id=turn.turn_id,
            error=turn_error(error, message=message),
            will_retry=True,
        )
    )
