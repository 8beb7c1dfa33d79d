# pyright: reportPrivateUsage=false
# That nothing is left behind shows only inside.
import itertools
import random

from codex_rpc.rpc.lanes import CREATES, FREE, UNNAMED, Lane, LaneKind, Lanes, Ticket, named

ALPHABET = [FREE, named("a"), named("b"), CREATES, UNNAMED]


def waits_for(later: Lane, earlier: Lane) -> bool:
    """The rule itself, pair by pair."""
    kinds = {later.kind, earlier.kind}
    if LaneKind.FREE in kinds:
        return False
    if LaneKind.UNNAMED in kinds:
        return True
    return later == earlier and later.kind is LaneKind.NAMED


class Model:
    """Runs `Lanes` beside the rule and compares who has begun after every step."""

    def __init__(self) -> None:
        self.lanes = Lanes()
        self.entered: list[Lane] = []
        self.tickets: list[Ticket] = []
        self.begun: list[int] = []
        self.given_up: set[int] = set()
        self.left: set[int] = set()

    def enter(self, lane: Lane) -> None:
        index = len(self.entered)
        self.entered.append(lane)
        self.tickets.append(self.lanes.enter(lane, lambda: self.begun.append(index)))
        self.check()

    def leave(self, index: int) -> None:
        self.left.add(index)
        if index not in self.begun:
            self.given_up.add(index)
        before = len(self.begun)
        self.lanes.leave(self.tickets[index])
        assert self.begun[before:] == sorted(self.begun[before:])
        self.check()

    def check(self) -> None:
        assert len(self.begun) == len(set(self.begun))
        expected = {
            index
            for index, lane in enumerate(self.entered)
            if index not in self.given_up
            and all(
                earlier in self.left
                for earlier in range(index)
                if waits_for(lane, self.entered[earlier])
            )
        }
        assert set(self.begun) == expected


def test_every_sequence_of_four_begins_as_the_rule_says_in_every_order_of_answers() -> None:
    for lanes in itertools.product(ALPHABET, repeat=4):
        for answers in itertools.permutations(range(4)):
            model = Model()
            for lane in lanes:
                model.enter(lane)
            for index in answers:
                if index in model.begun:
                    model.leave(index)


def test_requests_given_up_while_they_wait_let_nobody_overtake() -> None:
    source = random.Random(7)
    for _ in range(100):
        model = Model()
        for _ in range(60):
            open_ones = [i for i in range(len(model.entered)) if i not in model.left]
            if open_ones and source.random() < 0.5:
                model.leave(source.choice(open_ones))
            else:
                model.enter(source.choice(ALPHABET))
        for index in range(len(model.entered)):
            if index not in model.left:
                model.leave(index)
        assert set(model.begun) | model.given_up == set(range(len(model.entered)))


def test_lanes_keep_nothing_of_what_has_left() -> None:
    lanes = Lanes()
    for lane in ALPHABET * 3:
        lanes.leave(lanes.enter(lane, lambda: None))
    assert lanes._first is lanes._last
    assert (lanes._first.lanes, lanes._first.gate) == ({}, None)


def test_what_was_given_up_behind_a_slow_request_is_forgotten() -> None:
    lanes = Lanes()
    slow = lanes.enter(named("a"), lambda: None)
    for lane in [*ALPHABET, named("a")] * 3:
        lanes.leave(lanes.enter(lane, lambda: None))
    assert lanes._first is lanes._last
    assert lanes._first.lanes == {"a": {slow: None}}


def test_thousands_given_up_in_one_lane_pass_the_turn_on() -> None:
    lanes = Lanes()
    begun: list[str] = []
    first = lanes.enter(named("a"), lambda: begun.append("first"))
    waiting = [lanes.enter(named("a"), lambda: begun.append("never")) for _ in range(10_000)]
    lanes.enter(named("a"), lambda: begun.append("last"))
    for ticket in waiting:
        lanes.leave(ticket)
    assert begun == ["first"]
    lanes.leave(first)
    assert begun == ["first", "last"]
