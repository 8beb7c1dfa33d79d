"""Standing: how a thread gets on with its work, for those who wait for it from outside."""

from collections.abc import Callable

import anyio

from codex_rpc.protocol.items import CollabAgentState


class Standing:
    """One thread's. Its session sets it, synchronously; anybody may look and wait."""

    __slots__ = ("_changed", "ends", "now", "outcome")

    def __init__(self) -> None:
        self.now = CollabAgentState(status="pendingInit")
        self.ends = 0
        """How many turns have ended."""
        self.outcome: CollabAgentState | None = None
        """How the last of them ended."""
        self._changed = anyio.Event()

    @property
    def over(self) -> bool:
        """Whether the thread itself has ended."""
        return self.now.status == "shutdown"

    def at_work(self) -> None:
        """A turn has been accepted."""
        self._set(CollabAgentState(status="running"))

    def turn_ended(self, outcome: CollabAgentState) -> None:
        """A turn has ended, and none has come in its place yet."""
        self.ends += 1
        self.outcome = outcome
        self._set(outcome)

    def end(self) -> None:
        """The thread has ended."""
        self._set(CollabAgentState(status="shutdown"))

    def _set(self, state: CollabAgentState) -> None:
        self.now = state
        self._changed.set()
        self._changed = anyio.Event()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until a change makes the condition hold, if it does not hold now."""
        while not holds():
            await self._changed.wait()
