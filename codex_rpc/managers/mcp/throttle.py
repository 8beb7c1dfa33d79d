"""How fast a server is listened to, so that one that floods costs the others nothing."""

import anyio

BURST = 2_000
"""Messages that are taken at once."""
PER_SECOND = 1_000.0
"""Messages a second that are taken in the long run."""


class Throttle:
    """A bucket of tokens, one of which is paid for each message."""

    def __init__(self, burst: int = BURST, per_second: float = PER_SECOND) -> None:
        self._burst = burst
        self._per_second = per_second
        self._tokens = float(burst)
        self._filled_at = anyio.current_time()

    async def pay(self, count: int = 1) -> None:
        """Wait until `count` more messages may be taken."""
        now = anyio.current_time()
        earned = (now - self._filled_at) * self._per_second
        self._tokens = min(self._burst, self._tokens + earned) - count
        self._filled_at = now
        if self._tokens < 0:
            await anyio.sleep(-self._tokens / self._per_second)
