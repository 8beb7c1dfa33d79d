"""How a connection ends, and what becomes of a peer that does not read."""

import anyio

from codex_rpc.rpc.connection import ConnectionEnd, ConnectionLimits
from codex_rpc.rpc.handler import Schedule
from codex_rpc.rpc.lanes import UNNAMED, named
from codex_rpc.rpc.messages import Payload, Request, Response
from codex_rpc.rpc.outbox import OutboxLimits
from tests.unit.rpc.peer import (
    CANCELLED,
    Gate,
    SettableHandler,
    TextDelta,
    connected,
    request,
)


async def test_the_end_of_input_cancels_and_answers_what_is_open() -> None:
    handler = SettableHandler()
    gate = handler.carry["work"] = Gate()
    handler.schedules["work"] = lambda _: Schedule(named("t"))
    async with connected(handler) as peer:
        reply: list[Response | None] = []
        peer.connection.call("approve", {}, reply.append)
        await peer.send(request(1, "work"), request(2, "work"))
        await gate.entered(1)
        peer.sending.close()
        rest = await peer.receive_rest()
        assert rest[1:] == [{"id": 2, "error": CANCELLED}, {"id": 1, "error": CANCELLED}]
        assert peer.end is ConnectionEnd.EOF
        assert gate.begun == [1]
        assert reply == [None]


async def test_the_end_of_input_lets_no_waiting_request_begin() -> None:
    handler = SettableHandler()
    gate = handler.carry["work"] = Gate()
    lanes = {1: named("a"), 2: UNNAMED, 3: named("b"), 4: UNNAMED}
    handler.schedules["work"] = lambda request: Schedule(lanes[int(request.id)])
    async with connected(handler) as peer:
        await peer.send(*(request(number, "work") for number in lanes))
        await gate.entered(1)
        peer.sending.close()
        rest = await peer.receive_rest()
        assert sorted(answer["id"] for answer in rest) == [1, 2, 3, 4]
        assert all(answer["error"] == CANCELLED for answer in rest)
        assert gate.begun == [1]


async def test_a_last_line_without_a_newline_is_read() -> None:
    async with connected(drain=True) as peer:
        await peer.sending.send(b'{"id":1,"method":"echo"}')
        peer.sending.close()
        assert await peer.receive_rest() == [{"id": 1, "result": {"echo": None}}]


async def test_draining_answers_everything_and_waits_for_what_was_started() -> None:
    handler = SettableHandler()
    handler.drained_gate = anyio.Event()
    gate = handler.carry["work"] = Gate()
    handler.schedules["work"] = lambda _: Schedule(named("t"))
    async with connected(handler, drain=True) as peer:
        await peer.send(request(1, "work"), request(2, "work"))
        peer.sending.close()
        gate.open(1)
        gate.open(2)
        assert await peer.receive_all(2) == [{"id": 1, "result": {}}, {"id": 2, "result": {}}]
        await anyio.wait_all_tasks_blocked()
        assert not peer.ended.is_set()
        peer.connection.notify("turn/completed")
        handler.drained_gate.set()
        assert await peer.receive_rest() == [{"method": "turn/completed"}]
        assert peer.end is ConnectionEnd.EOF


async def test_a_question_in_a_drain_ends_unanswered() -> None:
    handler = SettableHandler()
    async with connected(handler, drain=True) as peer:

        async def ask(_: Request) -> Payload:
            return {"answer": await peer.connection.ask("approve", {})}

        handler.carry["work"] = ask
        await peer.send(request(1, "work"))
        assert (await peer.receive())["method"] == "approve"
        await peer.send(request(2, "work"))
        peer.sending.close()
        answers = {a["id"]: a for a in await peer.receive_rest() if "method" not in a}
        assert answers[1] == {"id": 1, "result": {"answer": None}}
        assert answers[2] == {"id": 2, "result": {"answer": None}}


async def test_closing_answers_what_is_open_and_ends_the_connection() -> None:
    handler = SettableHandler()
    gate = handler.carry["work"] = Gate()
    async with connected(handler) as peer:
        await peer.send(request(1, "work"))
        await gate.entered(1)
        peer.connection.close()
        assert await peer.receive_rest() == [{"id": 1, "error": CANCELLED}]
        assert peer.end is ConnectionEnd.CLOSED
        peer.connection.notify("late")
        await peer.connection.room()
        replies: list[Response | None] = []
        peer.connection.call("late", {}, replies.append)
        assert replies == [None]


async def test_a_broken_pipe_ends_the_connection() -> None:
    handler = SettableHandler()
    gate = handler.carry["work"] = Gate()
    async with connected(handler) as peer:
        await peer.send(request(1, "work"))
        await gate.entered(1)
        peer.receiving.close()
        peer.connection.notify("note")
        await peer.ended.wait()
        assert peer.end is ConnectionEnd.BROKEN_PIPE


async def test_a_peer_that_does_not_read_cannot_hold_up_the_end() -> None:
    limits = ConnectionLimits(flush_seconds=0.01)
    async with connected(limits=limits) as peer:
        await peer.send(request(1, "echo"))
        peer.sending.close()
        await peer.ended.wait()
        assert peer.end is ConnectionEnd.EOF


async def test_a_handler_that_resists_cancellation_cannot_hold_back_its_answer() -> None:
    handler = SettableHandler()
    gate = Gate()

    async def resist(request: Request) -> Payload:
        with anyio.CancelScope(shield=True):
            await gate(request)
        return {}

    handler.carry["work"] = resist
    limits = ConnectionLimits(cancel_seconds=0.01)
    async with connected(handler, limits=limits) as peer:
        await peer.send(request(1, "work"))
        await gate.entered(1)
        peer.sending.close()
        assert await peer.receive() == {"id": 1, "error": CANCELLED}
        gate.open(1)
        assert await peer.receive_rest() == []


async def test_cancelling_the_connection_starts_no_request_that_was_waiting() -> None:
    handler = SettableHandler()
    gate = handler.carry["work"] = Gate()
    handler.schedules["work"] = lambda _: Schedule(named("t"))
    async with connected(handler) as peer:
        await peer.send(request(1, "work"), request(2, "work"))
        await gate.entered(1)
    assert gate.begun == [1]
    assert peer.end is None


async def test_a_slow_reader_gets_merged_deltas_and_loses_nothing() -> None:
    limits = ConnectionLimits(outbox=OutboxLimits(merge=2000, high=8000, low=2000, batch=1000))
    async with connected(limits=limits) as peer:
        sources_done = anyio.Event()
        peak, count, answered = 0, 0, False

        async def source() -> None:
            nonlocal peak
            for number in range(5000):
                peer.connection.send_delta(TextDelta("t", "i", f"{number},"))
                peak = max(peak, peer.connection.backlog)
                await peer.connection.room()
            sources_done.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(source)
            await anyio.wait_all_tasks_blocked()
            # Nothing is read yet, and still requests are carried out.
            assert not sources_done.is_set()
            await peer.send(request(1, "echo"))
            await anyio.wait_all_tasks_blocked()
            text = ""
            while text != "".join(f"{number}," for number in range(5000)):
                message = await peer.receive()
                if "id" in message:
                    answered = True
                else:
                    count += 1
                    text += message["params"]["text"]
        assert answered
        assert count < 2500
        assert peak < 9000


async def test_a_peer_that_floods_and_never_reads_is_read_no_further() -> None:
    limits = ConnectionLimits(backlog=10_000)
    async with connected(limits=limits) as peer:
        sent = 0

        async def flood() -> None:
            nonlocal sent
            while True:
                await peer.send(request(sent, "echo", text="x" * 100))
                sent += 1

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(flood)
            await anyio.wait_all_tasks_blocked()
            assert peer.connection.backlog < 15_000
            stopped_at = sent
            assert stopped_at < 1000
            for _ in range(stopped_at):
                await peer.receive()
            await anyio.wait_all_tasks_blocked()
            assert sent > stopped_at
            tasks.cancel_scope.cancel()
