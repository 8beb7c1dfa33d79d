"""Reports of what happens elsewhere: heard when the model is asked next, and never asked for."""

from pathlib import Path

from codex_rpc.history.fragments import subagent_notification
from codex_rpc.protocol.response_items import FunctionCallOutputItem, MessageItem
from codex_rpc.session.ops import Report
from tests.support.programmed import Gate, ProgrammedModel, calls, gated_tool, says
from tests.support.session import LiveSession, live_session

NEWS = subagent_notification("a-1", "shutdown")


def told(live: LiveSession) -> list[str]:
    """What kinds of item the conversation has, without how things stood at its beginning."""
    kinds: list[str] = []
    for item in live.history():
        match item:
            case MessageItem(role=role) if item == NEWS:
                kinds.append("news")
            case MessageItem(role=role) if not item.text.startswith("<"):
                kinds.append(role)
            case FunctionCallOutputItem():
                kinds.append("output")
            case MessageItem():
                pass
            case _:
                kinds.append("call")
    return kinds


async def test_a_report_waits_for_the_outputs_of_running_calls(tmp_path: Path) -> None:
    gate = Gate()
    model = ProgrammedModel([[calls("work", "1")], [says("Done")]])
    async with live_session(tmp_path, model, [gated_tool("work", gate)]) as live:
        turn = await live.say("Go")
        await gate.reached()
        await live.submit(Report([NEWS]))
        gate.open()
        await live.end_of(turn.turn_id)
        assert told(live) == ["user", "call", "output", "news", "assistant"]
        assert NEWS in model.requests[-1].input


async def test_a_report_that_comes_too_late_for_a_turn_asks_for_no_answer(tmp_path: Path) -> None:
    gate = Gate()
    model = ProgrammedModel([[says("Done"), gate]])
    async with live_session(tmp_path, model) as live:
        turn = await live.say("Go")
        await gate.reached()
        await live.submit(Report([NEWS]))
        gate.open()
        await live.end_of(turn.turn_id)
        await live.idle()
        assert told(live) == ["user", "assistant", "news"]
        assert len(model.requests) == 1


async def test_a_report_outlives_the_interrupted_turn(tmp_path: Path) -> None:
    gate = Gate()
    model = ProgrammedModel([[calls("work", "1")]])
    async with live_session(tmp_path, model, [gated_tool("work", gate)]) as live:
        turn = await live.say("Go")
        await gate.reached()
        await live.submit(Report([NEWS]))
        live.session.interrupt()
        await live.end_of(turn.turn_id)
        assert told(live) == ["user", "call", "output", "news"]


async def test_an_idle_thread_has_a_report_on_record_and_starts_no_turn(tmp_path: Path) -> None:
    async with live_session(tmp_path, ProgrammedModel([])) as live:
        await live.submit(Report([NEWS]))
        assert list(live.recorded().history.snapshot()) == [NEWS]
        assert live.started() == []
