"""The gate's promises, with every call stopped where it waits or stands inside."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskGroup
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_rpc.session.tool_gate import ToolGate

PATIENCE = 10


@dataclass(eq=False)
class Call:
    """A call that goes through the gate, and stays inside until it is told to leave."""

    exclusive: bool
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    entered: anyio.Event = field(default_factory=anyio.Event)
    leave: anyio.Event = field(default_factory=anyio.Event)
    gone: anyio.Event = field(default_factory=anyio.Event)

    async def run(self, hall: "Hall") -> None:
        gate = hall.gate
        with self.scope:
            async with gate.exclusive() if self.exclusive else gate.parallel():
                hall.order.append(self)
                hall.inside.append(self)
                self.entered.set()
                try:
                    await self.leave.wait()
                finally:
                    hall.inside.remove(self)
        self.gone.set()


class Hall:
    """A gate, the calls that came to it in order, and those that stand inside."""

    def __init__(self, tasks: TaskGroup) -> None:
        self.gate = ToolGate()
        self.arrived: list[Call] = []
        self.order: list[Call] = []
        self.inside: list[Call] = []
        self.tasks = tasks

    async def arrive(self, *, exclusive: bool) -> Call:
        call = Call(exclusive)
        self.arrived.append(call)
        self.tasks.start_soon(call.run, self)
        await settle()
        return call

    @property
    def waiting(self) -> Sequence[Call]:
        return [call for call in self.arrived if not (call.entered.is_set() or call.gone.is_set())]


async def settle() -> None:
    """Let every task run as far as it can; one hand-over takes a few rounds of the loop."""
    for _ in range(8):
        await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def open_hall() -> AsyncGenerator[Hall]:
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            hall = Hall(tasks)
            yield hall
            for call in hall.arrived:
                call.leave.set()


async def test_parallel_calls_overlap() -> None:
    async with open_hall() as hall:
        first = await hall.arrive(exclusive=False)
        second = await hall.arrive(exclusive=False)
        assert hall.inside == [first, second]


async def test_an_exclusive_call_is_alone() -> None:
    async with open_hall() as hall:
        first = await hall.arrive(exclusive=True)
        second = await hall.arrive(exclusive=True)
        third = await hall.arrive(exclusive=False)
        assert hall.inside == [first]

        first.leave.set()
        await second.entered.wait()
        assert hall.inside == [second]

        second.leave.set()
        await third.entered.wait()
        assert hall.inside == [third]


async def test_an_exclusive_call_waits_for_all_parallel_ones() -> None:
    async with open_hall() as hall:
        first = await hall.arrive(exclusive=False)
        second = await hall.arrive(exclusive=False)
        third = await hall.arrive(exclusive=True)
        first.leave.set()
        await first.gone.wait()
        await settle()
        assert hall.inside == [second]

        second.leave.set()
        await third.entered.wait()


async def test_a_parallel_call_does_not_overtake_a_waiting_exclusive_one() -> None:
    async with open_hall() as hall:
        first = await hall.arrive(exclusive=False)
        second = await hall.arrive(exclusive=True)
        third = await hall.arrive(exclusive=False)
        fourth = await hall.arrive(exclusive=False)
        assert hall.inside == [first]

        first.leave.set()
        await second.entered.wait()
        assert hall.inside == [second]

        second.leave.set()
        await fourth.entered.wait()
        assert hall.inside == [third, fourth]


async def test_a_cancelled_waiter_lets_those_behind_it_pass() -> None:
    async with open_hall() as hall:
        first = await hall.arrive(exclusive=False)
        second = await hall.arrive(exclusive=True)
        third = await hall.arrive(exclusive=False)
        second.scope.cancel()
        await third.entered.wait()
        assert hall.inside == [first, third]
        assert not second.entered.is_set()


async def test_a_waiter_cancelled_within_the_queue_leaves_the_order_as_it_was() -> None:
    async with open_hall() as hall:
        first = await hall.arrive(exclusive=True)
        second = await hall.arrive(exclusive=True)
        third = await hall.arrive(exclusive=True)
        fourth = await hall.arrive(exclusive=True)
        third.scope.cancel()
        await third.gone.wait()
        first.leave.set()
        await second.entered.wait()
        second.leave.set()
        await fourth.entered.wait()
        assert hall.order == [first, second, fourth]


@pytest.mark.parametrize("exclusive", [False, True])
async def test_a_call_cancelled_inside_makes_room(exclusive: bool) -> None:
    async with open_hall() as hall:
        first = await hall.arrive(exclusive=exclusive)
        second = await hall.arrive(exclusive=True)
        first.scope.cancel()
        await second.entered.wait()
        assert hall.inside == [second]


@pytest.mark.parametrize("exclusive", [False, True])
async def test_a_call_cancelled_as_it_is_admitted_keeps_nobody_out(exclusive: bool) -> None:
    """The one ahead leaves and the waiter is cancelled before its task has run again."""
    async with open_hall() as hall:
        gate, cancelled = hall.gate, Call(exclusive)
        async with gate.exclusive():
            hall.arrived.append(cancelled)
            hall.tasks.start_soon(cancelled.run, hall)
            await settle()
        cancelled.scope.cancel()
        await cancelled.gone.wait()
        last = await hall.arrive(exclusive=True)
        assert last in hall.inside


async def test_a_task_cancelled_by_asyncio_as_it_is_admitted_gives_its_place_back() -> None:
    """Unlike a cancel scope, `Task.cancel` reaches a task that has been woken but has not run."""
    gate = ToolGate()

    async def call() -> None:
        async with gate.exclusive():
            raise AssertionError("the call was cancelled")

    async with gate.exclusive():
        task = asyncio.create_task(call())
        await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with anyio.fail_after(PATIENCE):
        async with gate.exclusive():
            pass


async def test_a_cancelled_task_does_not_get_in() -> None:
    gate = ToolGate()
    entered = False
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with gate.parallel():
            entered = True
    assert not entered
    with anyio.fail_after(PATIENCE):
        async with gate.exclusive():
            pass


async def test_a_call_that_fails_makes_room() -> None:
    gate = ToolGate()
    with pytest.raises(ZeroDivisionError):
        async with gate.exclusive():
            raise ZeroDivisionError
    with anyio.fail_after(PATIENCE):
        async with gate.exclusive():
            pass


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.booleans()),
        st.tuples(st.sampled_from(["leave", "cancel", "leave and cancel"]), st.integers(0, 30)),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(STEPS)
def test_any_sequence_keeps_the_order_and_the_exclusion(
    steps: list[tuple[str, int]],
) -> None:
    anyio.run(_play, steps)


async def _play(steps: Sequence[tuple[str, int]]) -> None:
    async with open_hall() as hall:
        for what, number in steps:
            await _step(hall, what, number)
            _check(hall)
        for call in [*hall.arrived]:
            call.leave.set()
        await settle()
    assert not hall.inside
    assert not hall.waiting


async def _step(hall: Hall, what: str, number: int) -> None:
    if what == "arrive":
        await hall.arrive(exclusive=bool(number))
        return
    present = [call for call in hall.arrived if not call.gone.is_set()]
    if not present:
        return
    call = present[number % len(present)]
    if "leave" in what:
        call.leave.set()
        if what == "leave and cancel":
            await anyio.lowlevel.checkpoint()  # its place is being handed over just now
            behind = present[(number + 1) % len(present)]
            behind.scope.cancel()
    else:
        call.scope.cancel()
    await settle()


def _check(hall: Hall) -> None:
    exclusive = [call for call in hall.inside if call.exclusive]
    assert len(exclusive) <= 1
    assert not exclusive or len(hall.inside) == 1
    assert hall.order == sorted(hall.order, key=hall.arrived.index)
    if hall.waiting:
        next_one = hall.waiting[0]
        assert exclusive or (next_one.exclusive and hall.inside)
