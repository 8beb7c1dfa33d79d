"""What waits to be written to the peer, bounded.

Deltas are merged above one mark, their sources wait above the next. Owns no task and no stream: the
connection's writer takes from here. What a delta is and how two become one is left to the layer
above.
"""

import logging
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

import anyio
from msgspec import Struct

logger = logging.getLogger(__name__)

_FOLD_EVERY = 64


class OutboxLimits(Struct, frozen=True):
    """Marks of the queue, in bytes."""

    merge: int = 256 * 1024
    """Above it, deltas with equal keys are merged."""

    high: int = 1024 * 1024
    """Above it, `room` waits."""

    low: int = 256 * 1024
    """Down to here."""

    batch: int = 256 * 1024
    """How much one write takes, or one message if that is larger."""


class Delta(Protocol):
    """An immutable piece of something that grows, encoded only when it is due."""

    @property
    def group(self) -> Hashable:
        """The stream it belongs to; it never moves past another message of its group."""
        ...

    @property
    def merge_key(self) -> Hashable:
        """What grows. Pieces with the same group and key may be joined."""
        ...

    @property
    def size(self) -> int:
        """About how many bytes `encode` gives."""
        ...

    def encode(self) -> bytes:
        """The message as one JSON object."""
        ...

    def merged(self, later: Sequence[Self]) -> Self:
        """One delta that says what this one and then the later ones say."""
        ...


@dataclass(slots=True, eq=False)
class _Pile:
    """A queued delta and what has been merged into it since.

    The joining is put off, because joining each piece as it comes would copy what has piled up
    every time.
    """

    delta: Delta
    size: int
    later: list[Delta] = field(default_factory=list[Delta])

    def add(self, delta: Delta) -> int:
        """Take one more piece and return by how much this grew."""
        self.later.append(delta)
        before = self.size
        if len(self.later) < _FOLD_EVERY:
            self.size += delta.size
        else:
            self.fold()
        return self.size - before

    def fold(self) -> Delta:
        if self.later:
            self.delta = self.delta.merged(self.later)
            self.later = []
            self.size = self.delta.size
        return self.delta


class Outbox:
    """The queue between everybody who sends and the one who writes.

    Putting is synchronous and always succeeds. Whoever produces without being asked (event sources)
    awaits `room` beforehand; answers and questions to the peer do not. Order is kept, except that
    above `limits.merge` a delta may join an earlier one of its key, past deltas of other keys and
    messages of other groups, but never past another message of its group or one without a group.
    """

    def __init__(self, limits: OutboxLimits | None = None) -> None:
        self._limits = limits or OutboxLimits()
        self._queue: deque[bytes | _Pile] = deque()
        self._size = 0
        # Piles that may still grow. Not empty only while the queue stays above the merge mark.
        self._growing: dict[Hashable, dict[Hashable, _Pile]] = {}
        self._filled: anyio.Event | None = None
        self._taken: anyio.Event | None = None
        self._finished = False

    @property
    def size(self) -> int:
        """Bytes that are queued, not counting what the writer has taken."""
        return self._size

    def put(self, message: bytes, group: Hashable = None) -> None:
        """Queue an encoded message. Later deltas of its group stay behind it.

        A message without a group keeps all later deltas behind it.
        """
        if group is None:
            self._growing.clear()
        else:
            self._growing.pop(group, None)
        self._append(message, len(message))

    def put_delta(self, delta: Delta) -> None:
        """Queue a delta, or merge it into one that is queued."""
        if self._size <= self._limits.merge:
            self._growing.clear()
            encoded = delta.encode()
            self._append(encoded, len(encoded))
            return
        piles = self._growing.setdefault(delta.group, {})
        if (pile := piles.get(delta.merge_key)) is not None:
            self._size += pile.add(delta)
        else:
            pile = _Pile(delta, delta.size)
            self._append(pile, pile.size)
            if not self._finished:
                piles[delta.merge_key] = pile

    async def room(self) -> None:
        """Wait while too much is queued. Does not yield when there is room."""
        if self._size > self._limits.high:
            await self.shrink_to(self._limits.low)

    async def shrink_to(self, size: int) -> None:
        """Wait until at most `size` bytes are queued."""
        while self._size > size:
            if self._taken is None:
                self._taken = anyio.Event()
            await self._taken.wait()

    async def filled(self) -> bool:
        """Wait for something to take. False: there is nothing, and nothing will come."""
        while not self._queue:
            if self._finished:
                return False
            self._filled = anyio.Event()
            await self._filled.wait()
        return True

    def take(self) -> list[bytes]:
        """Remove the oldest messages, as many as one write should carry."""
        messages: list[bytes] = []
        room = self._limits.batch
        while self._queue and (room > 0 or not messages):
            entry = self._queue.popleft()
            if isinstance(entry, bytes):
                self._size -= len(entry)
                messages.append(entry)
                room -= len(entry)
            elif (encoded := self._close_pile(entry)) is not None:
                messages.append(encoded)
                room -= len(encoded)
        _set(self._taken)
        self._taken = None
        return messages

    def finish(self) -> None:
        """Accept nothing more; what is queued is still to be taken."""
        self._finished = True
        _set(self._filled)

    def close(self) -> None:
        """Drop what is queued, accept nothing more, and let nobody wait."""
        self._queue.clear()
        self._growing.clear()
        self._size = 0
        self.finish()
        _set(self._taken)
        self._taken = None

    def _append(self, entry: bytes | _Pile, size: int) -> None:
        if self._finished:
            return
        self._queue.append(entry)
        self._size += size
        if self._filled is not None:
            self._filled.set()
            self._filled = None

    def _close_pile(self, pile: _Pile) -> bytes | None:
        self._size -= pile.size
        piles = self._growing.get(pile.delta.group)
        if piles is not None and piles.get(pile.delta.merge_key) is pile:
            del piles[pile.delta.merge_key]
        try:
            return pile.fold().encode()
        except Exception:
            # One broken message must not end the connection for all others.
            logger.exception("a queued message could not be encoded")
            return None


def _set(event: anyio.Event | None) -> None:
    if event is not None:
        event.set()
