"""AgentSlots: how many agents of one tree may be open at once."""

from collections.abc import Generator
from contextlib import contextmanager

from codex_rpc.errors import AgentLimitError
from codex_rpc.protocol.ids import ThreadId


class Reservation:
    """A slot that is kept for an agent that is about to come."""

    __slots__ = ("_slots", "taken_by")

    def __init__(self, slots: "AgentSlots") -> None:
        self._slots = slots
        self.taken_by: ThreadId | None = None

    def commit(self, agent_id: ThreadId) -> None:
        """The slot is this agent's from now on, until it is released."""
        self.taken_by = agent_id
        self._slots.taken.add(agent_id)


class AgentSlots:
    """Nothing here waits, so that reserving and giving back cannot be torn apart."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken: set[ThreadId] = set()
        self._reserved = 0

    @property
    def free(self) -> int:
        return self.limit - len(self.taken) - self._reserved

    @contextmanager
    def reserve(self) -> Generator[Reservation]:
        """Keep a slot; at the end it is given back, unless it was committed.

        Raises:
            AgentLimitError: if none is free.
        """
        if self.free <= 0:
            raise AgentLimitError(self.limit)
        self._reserved += 1
        try:
            yield Reservation(self)
        finally:
            self._reserved -= 1

    def release(self, agent_id: ThreadId) -> None:
        """Give an agent's slot back; an agent that has none has none."""
        self.taken.discard(agent_id)
