"""Slots are kept, taken and given back, whatever happens in between."""

import pytest

from codex_rpc.errors import AgentLimitError
from codex_rpc.protocol.ids import new_thread_id
from codex_rpc.threads.agent_slots import AgentSlots
from codex_rpc.threads.nicknames import NAMES, Nicknames


def test_a_reserved_slot_counts_before_it_is_taken() -> None:
    slots = AgentSlots(1)
    with slots.reserve(), pytest.raises(AgentLimitError), slots.reserve():
        pass
    assert slots.free == 1


def test_a_slot_that_is_not_taken_is_given_back() -> None:
    slots = AgentSlots(1)
    with pytest.raises(ValueError, match="no"), slots.reserve():
        raise ValueError("no")
    assert slots.free == 1


def test_a_taken_slot_is_kept_until_it_is_released_and_released_once() -> None:
    slots, first, second = AgentSlots(2), new_thread_id(), new_thread_id()
    for agent_id in (first, second):
        with slots.reserve() as slot:
            slot.commit(agent_id)
    assert slots.free == 0
    for _ in range(2):
        slots.release(first)
    slots.release(new_thread_id())
    assert slots.free == 1


def test_no_nickname_is_given_twice() -> None:
    nicknames = Nicknames()
    nicknames.used(NAMES[1])
    taken = [nicknames.take() for _ in range(2 * len(NAMES))]
    assert len({*taken, NAMES[1]}) == 2 * len(NAMES) + 1
