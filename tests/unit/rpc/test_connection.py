import anyio
import pytest
from pydantic_core import to_json

from codex_rpc.errors import InvalidParamsError
from codex_rpc.rpc.connection import ConnectionLimits
from codex_rpc.rpc.handler import Reply, Schedule
from codex_rpc.rpc.lanes import CREATES, UNNAMED, named
from codex_rpc.rpc.messages import Notification, Payload, Request, Response
from codex_rpc.rpc.requests import RequestLimits
from tests.unit.rpc.peer import (
    CANCELLED,
    OVERLOADED,
    Gate,
    SettableHandler,
    connected,
    request,
)


async def test_a_request_is_answered_with_its_own_id() -> None:
    async with connected() as peer:
        await peer.send(request(1, "echo", a=1), request("1", "echo", a=2))
        assert await peer.receive_all(2) == [
            {"id": 1, "result": {"echo": {"a": 1}}},
            {"id": "1", "result": {"echo": {"a": 2}}},
        ]


async def test_the_version_is_sent_once_the_client_has_sent_it() -> None:
    async with connected() as peer:
        await peer.send({"jsonrpc": "2.0", **request(1, "echo")})
        assert await peer.receive() == {"jsonrpc": "2.0", "id": 1, "result": {"echo": {}}}
        peer.connection.notify("note", {"x": 1}, emitted_at_ms=5)
        assert await peer.receive() == {
            "jsonrpc": "2.0",
            "method": "note",
            "params": {"x": 1},
            "emittedAtMs": 5,
        }


async def test_malformed_lines_are_answered_and_the_loop_goes_on() -> None:
    limits = ConnectionLimits(line=1000)
    async with connected(limits=limits) as peer:
        await peer.sending.send(b'{oops\n[]\n{"id":3}\n' + b"x" * 2000 + b"\n")
        await peer.send(request(4, "echo"))
        answers = await peer.receive_all(5)
        assert [(a["id"], a.get("error", {}).get("code")) for a in answers] == [
            (None, -32700),
            (None, -32600),
            (3, -32600),
            (None, -32700),
            (4, None),
        ]


async def test_a_line_of_20_megabytes_is_answered() -> None:
    async with connected() as peer:
        text = "x" * 20_000_000
        line = to_json(request(1, "echo", text=text)) + b"\n"
        async with anyio.create_task_group() as tasks:

            async def feed() -> None:
                for at in range(0, len(line), 65536):
                    await peer.sending.send(line[at : at + 65536])

            tasks.start_soon(feed)
            assert await peer.receive() == {"id": 1, "result": {"echo": {"text": text}}}


@pytest.mark.parametrize(
    "schedule",
    [Schedule(), Schedule(named("t")), Schedule(UNNAMED), Schedule(CREATES)],
    ids=["free", "one lane", "unnamed", "creating"],
)
async def test_a_thousand_requests_in_one_chunk_are_all_carried_out_once(
    schedule: Schedule,
) -> None:
    handler = SettableHandler()
    handler.schedules["echo"] = lambda _: schedule
    async with connected(handler) as peer:
        await peer.send(*(request(number, "echo", n=number) for number in range(1000)))
        answers = await peer.receive_all(1000)
        assert answers == [{"id": n, "result": {"echo": {"n": n}}} for n in range(1000)]


async def test_requests_of_one_lane_begin_after_the_earlier_ones_are_answered() -> None:
    handler = SettableHandler()
    gate = handler.carry["work"] = Gate()
    handler.schedules["work"] = lambda request: Schedule(named(str(request.id)[0]))
    async with connected(handler) as peer:
        await peer.send(*(request(name, "work") for name in ["a1", "a2", "b1", "a3"]))
        await gate.entered("b1")
        assert gate.begun == ["a1", "b1"]
        gate.open("a1")
        assert (await peer.receive())["id"] == "a1"
        await gate.entered("a2")
        gate.open("a3")
        gate.open("a2")
        gate.open("b1")
        assert {(await peer.receive())["id"] for _ in range(3)} == {"a2", "a3", "b1"}
        assert gate.begun == ["a1", "b1", "a2", "a3"]


async def test_an_overtaking_request_passes_its_lane_and_the_cap() -> None:
    handler = SettableHandler()
    gate = handler.carry["work"] = Gate()
    handler.schedules["work"] = lambda _: Schedule(named("t"))
    handler.schedules["interrupt"] = lambda _: Schedule(named("t"), overtakes=True)
    limits = ConnectionLimits(requests=RequestLimits(count=2))
    async with connected(handler, limits=limits) as peer:
        await peer.send(*(request(number, "work") for number in range(3)))
        assert await peer.receive() == {"id": 2, "error": OVERLOADED}
        await peer.send(request("i", "interrupt"))
        assert (await peer.receive())["id"] == "i"
        gate.open(0)
        gate.open(1)
        assert [(await peer.receive())["id"] for _ in range(2)] == [0, 1]
        await peer.send(request(3, "echo"))
        assert (await peer.receive())["id"] == 3


async def test_requests_that_hold_too_many_bytes_are_refused() -> None:
    handler = SettableHandler()
    gate = handler.carry["work"] = Gate()
    limits = ConnectionLimits(requests=RequestLimits(size=1000))
    async with connected(handler, limits=limits) as peer:
        await peer.send(request(1, "work", text="x" * 2000), request(2, "work"))
        assert await peer.receive() == {"id": 2, "error": OVERLOADED}
        gate.open(1)
        assert await peer.receive() == {"id": 1, "result": {}}
        await peer.send(request(3, "work"), request(4, "echo"))
        assert await peer.receive() == {"id": 4, "result": {"echo": {}}}


async def test_nothing_is_read_while_an_inline_request_runs() -> None:
    handler = SettableHandler()
    gate = handler.carry["initialize"] = Gate()
    handler.schedules["initialize"] = lambda _: Schedule(inline=True)
    async with connected(handler) as peer:
        await peer.send(request(0, "initialize"), request(1, "echo"))
        await gate.entered(0)
        await anyio.wait_all_tasks_blocked()
        gate.open(0)
        assert [(await peer.receive())["id"] for _ in range(2)] == [0, 1]


async def test_a_second_request_with_an_open_id_is_refused() -> None:
    handler = SettableHandler()
    gate = handler.carry["work"] = Gate()
    async with connected(handler) as peer:
        await peer.send(request(1, "work"), request(1, "work"), request("1", "echo"))
        answers = await peer.receive_all(2)
        assert answers[0]["id"] == 1
        assert answers[0]["error"]["code"] == -32600
        assert answers[1] == {"id": "1", "result": {"echo": {}}}
        gate.open(1)
        assert await peer.receive() == {"id": 1, "result": {}}
        await peer.send(request(1, "echo"))
        assert await peer.receive() == {"id": 1, "result": {"echo": {}}}


async def test_whatever_a_handler_raises_becomes_the_one_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handler = SettableHandler()

    async def refuse(_: Request) -> Payload:
        raise InvalidParamsError("wrong")

    async def crash(_: Request) -> Payload:
        raise ExceptionGroup("several", [KeyError("secret")])

    async def unspeakable(_: Request) -> Payload:
        return {"x": object()}

    async def cancel_itself(_: Request) -> Payload:
        raise anyio.get_cancelled_exc_class()

    handler.carry |= {
        "refuse": refuse,
        "crash": crash,
        "unspeakable": unspeakable,
        "cancel": cancel_itself,
    }
    async with connected(handler) as peer:
        await peer.send(*(request(name, name) for name in handler.carry))
        answers = {a["id"]: a["error"] for a in await peer.receive_all(4)}
        assert answers["refuse"] == {"code": -32603, "message": "told: wrong"}
        assert answers["crash"]["code"] == answers["unspeakable"]["code"] == -32603
        assert answers["cancel"] == CANCELLED
        await peer.send(request(1, "echo"))
        assert (await peer.receive())["id"] == 1
    logged = [record.exc_info[0] for record in caplog.records if record.exc_info]
    assert ExceptionGroup in logged
    assert InvalidParamsError not in logged


async def test_a_schedule_that_fails_refuses_the_request() -> None:
    handler = SettableHandler()

    def fail(_: Request) -> Schedule:
        raise InvalidParamsError("no such thread")

    handler.schedules["work"] = fail
    async with connected(handler) as peer:
        await peer.send(request(1, "work"))
        assert (await peer.receive())["error"]["message"] == "told: no such thread"


async def test_a_notification_that_fails_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    handler = SettableHandler()

    def fail(_: Notification) -> None:
        raise KeyError("x")

    handler.on_notification = fail
    async with connected(handler) as peer:
        await peer.send({"method": "initialized"}, request(1, "echo"))
        assert (await peer.receive())["id"] == 1
    assert "a notification could not be taken" in caplog.text


async def test_what_follows_a_response_is_sent_right_after_it() -> None:
    handler = SettableHandler()
    async with connected(handler) as peer:

        async def start(_: Request) -> Reply:
            return Reply({"thread": 1}, lambda: peer.connection.notify("thread/started"))

        handler.carry["start"] = start
        await peer.send(request(1, "start"), request(2, "echo"))
        assert await peer.receive_all(3) == [
            {"id": 1, "result": {"thread": 1}},
            {"method": "thread/started"},
            {"id": 2, "result": {"echo": {}}},
        ]


async def test_cancelling_a_running_request_answers_it_and_frees_its_lane() -> None:
    handler = SettableHandler()
    gate = handler.carry["work"] = Gate()
    handler.schedules["work"] = lambda _: Schedule(named("t"))
    async with connected(handler) as peer:
        await peer.send(request(1, "work"), request(2, "work"), request(3, "work"))
        await gate.entered(1)
        assert peer.connection.cancel_request(2)
        assert await peer.receive() == {"id": 2, "error": CANCELLED}
        assert peer.connection.cancel_request(1)
        assert await peer.receive() == {"id": 1, "error": CANCELLED}
        assert not peer.connection.cancel_request(1)
        await gate.entered(3)
        gate.open(3)
        assert await peer.receive() == {"id": 3, "result": {}}
        assert gate.begun == [1, 3]


async def test_a_handler_that_completes_in_spite_of_cancellation_is_believed() -> None:
    handler = SettableHandler()
    gate = Gate()

    async def stubborn(request: Request) -> Payload:
        with anyio.CancelScope(shield=True):
            await gate(request)
        return {}

    handler.carry["work"] = stubborn
    async with connected(handler) as peer:
        await peer.send(request(1, "work"))
        await gate.entered(1)
        peer.connection.cancel_request(1)
        gate.open(1)
        assert await peer.receive() == {"id": 1, "result": {}}


async def test_we_can_ask_the_peer() -> None:
    handler = SettableHandler()
    async with connected(handler) as peer:

        async def ask(_: Request) -> Payload:
            reply = await peer.connection.ask("approve", {"what": "rm"})
            assert reply is not None
            return {"answer": reply.result}

        handler.carry["work"] = ask
        await peer.send(request(0, "work"))
        assert await peer.receive() == {"method": "approve", "id": 0, "params": {"what": "rm"}}
        await peer.send({"id": 99, "result": "stray"}, {"id": "0", "result": "wrong type"})
        await peer.send({"id": 0, "result": "yes"}, {"id": 0, "result": "twice"})
        assert await peer.receive() == {"id": 0, "result": {"answer": "yes"}}


async def test_a_late_reply_to_an_abandoned_question_is_dropped() -> None:
    replies: list[Response | None] = []
    async with connected() as peer:
        first = peer.connection.call("approve", {}, replies.append)
        second = peer.connection.call("approve", {}, replies.append)
        assert (first, second) == (0, 1)
        peer.connection.abandon(first)
        await peer.send({"id": 0, "result": "late"}, {"id": 1, "error": {"code": 3}})
        await peer.send(request(1, "echo"))
        assert [(await peer.receive())["id"] for _ in range(3)] == [0, 1, 1]
    assert [reply and reply.id for reply in replies] == [1]


async def test_a_reply_is_read_while_requests_are_refused_for_load() -> None:
    handler = SettableHandler()
    limits = ConnectionLimits(requests=RequestLimits(count=4))
    async with connected(handler, limits=limits) as peer:
        replies: list[Response | None] = []
        answered = anyio.Event()

        def on_reply(reply: Response | None) -> None:
            replies.append(reply)
            answered.set()

        async def wait_for_approval(_: Request) -> Payload:
            await answered.wait()
            return {}

        handler.carry["work"] = wait_for_approval
        peer.connection.call("approve", {}, on_reply)
        flood = [request(number, "work") for number in range(200)]
        await peer.send(*flood[:100], {"id": 0, "result": "yes"}, *flood[100:])
        answers = await peer.receive_all(201)
        assert replies == [Response(0, "yes")]
        assert sorted(a["id"] for a in answers if "method" not in a) == list(range(200))
        assert {"id": 3, "result": {}} in answers
        assert {"id": 50, "error": OVERLOADED} in answers
