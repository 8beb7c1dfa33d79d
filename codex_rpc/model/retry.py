"""How long to wait before trying again. Pure: whoever waits brings attempt numbers and jitter."""

import random

FIRST_DELAY = 0.2
"""Seconds before the first repetition; each further one waits twice as long."""

LONGEST_DELAY = 60.0
"""Seconds that doubling stops at."""

LONGEST_REQUESTED_DELAY = 300.0
"""A provider that asks to wait for more seconds than this is not asked again."""


def jitter() -> float:
    """A factor near one, so that clients which failed together do not return together."""
    return random.uniform(0.9, 1.1)


def request_delay(attempt: int, jitter: float) -> float:
    """Seconds to wait before repeating a request that was not accepted; attempts count from 1."""
    return min(FIRST_DELAY * 2 ** min(attempt - 1, 16), LONGEST_DELAY) * jitter


def stream_delay(attempt: int, retry_after: float | None, jitter: float) -> float:
    """Seconds to wait before asking again for a response that broke off; attempts count from 1.

    What the provider asked for is never undercut.
    """
    return request_delay(attempt, jitter) if retry_after is None else retry_after
