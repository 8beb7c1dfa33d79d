"""The order in which requests begin.

Requests in one lane run one after another, in order of arrival; lanes do not wait for each other,
except for requests that do not name theirs. Owns no request and no task: it calls back when a
request may begin. Answering, cancelling and limits are left to `requests`.
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import assert_never

from msgspec import Struct


class LaneKind(Enum):
    FREE = auto()
    """Concerns nothing that has an order: begins at once and holds up nobody."""

    NAMED = auto()
    """Begins when everything earlier in the lane of that name has been answered."""

    CREATES = auto()
    """Makes something that later unnamed requests may mean: they wait for it."""

    UNNAMED = auto()
    """Waits for all earlier requests but the free ones, and all later ones but those wait for it:
    what it means depends on what the earlier ones did."""


class Lane(Struct, frozen=True):
    kind: LaneKind
    name: Hashable = None


FREE = Lane(LaneKind.FREE)
CREATES = Lane(LaneKind.CREATES)
UNNAMED = Lane(LaneKind.UNNAMED)


def named(name: Hashable) -> Lane:
    """The lane of one named thing, such as a thread."""
    return Lane(LaneKind.NAMED, name)


@dataclass(slots=True, eq=False)
class Ticket:
    """One request's place. Its fields belong to `Lanes`."""

    number: int
    begin: Callable[[], None]
    lane: Hashable = None
    epoch: "_Epoch | None" = None
    begun: bool = False


@dataclass(slots=True, eq=False)
class _Epoch:
    """The requests between two unnamed ones, by lane and in order, and the later of the two."""

    lanes: dict[Hashable, dict[Ticket, None]] = field(
        default_factory=dict[Hashable, dict[Ticket, None]]
    )
    gate: Ticket | None = None
    next: "_Epoch | None" = None

    def add(self, ticket: Ticket) -> None:
        ticket.epoch = self
        self.lanes.setdefault(ticket.lane, {})[ticket] = None

    def remove(self, ticket: Ticket) -> None:
        lane = self.lanes[ticket.lane]
        del lane[ticket]
        if not lane:
            del self.lanes[ticket.lane]


class Lanes:
    """Who waits for whom.

    Only the first epoch runs: the first request of each of its lanes, and when no lane is left, its
    gate. When a gate goes, its turn come or not, the epochs on both sides of it become one.
    """

    def __init__(self) -> None:
        self._count = 0
        self._first = self._last = _Epoch()

    def enter(self, lane: Lane, begin: Callable[[], None]) -> Ticket:
        """Take a place. `begin` is called once, at once if nothing is ahead.

        It is called from `enter` or `leave`, and must do no more than start the request.
        """
        self._count += 1
        ticket = Ticket(self._count, begin, lane.name)
        epoch = self._last
        match lane.kind:
            case LaneKind.FREE:
                ticket.begun = True
                begin()
                return ticket
            case LaneKind.NAMED:
                epoch.add(ticket)
            case LaneKind.CREATES:
                ticket.lane = object()
                epoch.add(ticket)
            case LaneKind.UNNAMED:
                ticket.epoch = epoch
                epoch.gate = ticket
                epoch.next = self._last = _Epoch()
            case _:
                assert_never(lane.kind)
        if epoch is self._first:
            self._begin_heads([ticket.lane])
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """The request has been answered, whether it had begun or not. Once per ticket."""
        epoch = ticket.epoch
        if epoch is None:
            return
        if ticket is epoch.gate:
            self._merge_next_into(epoch)
            touched = list(epoch.lanes)
        else:
            epoch.remove(ticket)
            touched = [ticket.lane]
        if epoch is self._first:
            self._begin_heads(touched)

    def _merge_next_into(self, epoch: _Epoch) -> None:
        merged = epoch.next
        if merged is None:
            return
        for lane in merged.lanes.values():
            for ticket in lane:
                epoch.add(ticket)
        epoch.gate, epoch.next = merged.gate, merged.next
        if epoch.gate is not None:
            epoch.gate.epoch = epoch
        if self._last is merged:
            self._last = epoch

    def _begin_heads(self, lanes: Iterable[Hashable]) -> None:
        """Begin what may begin in `lanes` of the first epoch, in order of arrival."""
        first = self._first
        heads = [next(iter(first.lanes[lane])) for lane in lanes if lane in first.lanes]
        if not first.lanes and first.gate is not None:
            heads = [first.gate]
        for ticket in sorted(heads, key=lambda head: head.number):
            if not ticket.begun:
                ticket.begun = True
                ticket.begin()
