"""What always holds of a session, each with the race that would break it.

Sessions here are bare: a model and tools that the test programs, with gates where it wants to act.
Ending one checks that turns were one at a time with one end each and nothing behind it, that calls
are paired, and that the rollout file adds up to the history. See `tests.support.session`.
"""

from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from msgspec.structs import replace

from codex_rpc.config.settings import SettingsOverrides
from codex_rpc.errors import (
    ApprovalResolvedError,
    CodexRpcError,
    CwdNotFoundError,
    NoActiveTurnError,
    SessionClosedError,
)
from codex_rpc.history.compaction import is_summary
from codex_rpc.model.port import Credits, RateLimits, RateWindow
from codex_rpc.protocol.ids import ApprovalId, TurnId
from codex_rpc.protocol.notifications import (
    AccountRateLimitsUpdatedNotification,
    ItemCompletedNotification,
    ThreadStatusChangedNotification,
    ThreadTokenUsageUpdatedNotification,
    TurnCompletedNotification,
    TurnStartedNotification,
)
from codex_rpc.protocol.response_items import user_message
from codex_rpc.rollout.reconstruct import load_rollout
from codex_rpc.session.events import SessionConfigured
from codex_rpc.session.ops import (
    InjectItems,
    Op,
    RunShellCommand,
    StartCompaction,
    SubmitInput,
    UpdateSettings,
)
from codex_rpc.tools.ports import ToolCall, ToolContext
from tests.support.programmed import (
    ASKING,
    Gate,
    ProgrammedModel,
    ProgrammedTool,
    calls,
    gated_tool,
    says,
    used,
)
from tests.support.session import SETTINGS, decided, live_session, outputs, statuses

# --- events ------------------------------------------------------------------------------------


async def test_the_first_event_is_the_configuration(tmp_path: Path) -> None:
    async with live_session(tmp_path, ProgrammedModel([[says("Hello")]])) as live:
        await live.turn("Hi")
        [configured] = live.of(SessionConfigured)
        assert live.events[0] is configured
        assert configured.settings == replace(SETTINGS, cwd=tmp_path)


async def test_each_turn_has_one_end_and_nothing_follows_it(tmp_path: Path) -> None:
    """However it ends: answered, failed, interrupted, or broken by a bug in a tool."""

    async def breaks(call: ToolCall, context: ToolContext) -> str:
        raise RuntimeError(call.name)

    gate = Gate()
    model = ProgrammedModel(
        [[says("Hello")], [], [calls("break", "c1")], [says("Oh")], [says("One"), gate]]
    )
    async with live_session(tmp_path, model, [ProgrammedTool("break", breaks)]) as live:
        for _ in range(3):
            await live.turn("Hi")
        submitted = await live.say("Hi")
        await gate.reached()
        live.session.interrupt()
        await live.end_of(submitted.turn_id)
        await live.turn("No reply is left")
        assert statuses(live) == ["completed"] * 3 + ["interrupted", "failed"]


async def test_a_turn_that_breaks_by_a_bug_harms_nothing_else(tmp_path: Path) -> None:
    model = ProgrammedModel([[says("Hello")]])
    async with live_session(tmp_path, model) as live:
        [rest] = [model.requests]
        model.requests = None  # type: ignore[assignment]  # the next request raises AttributeError
        assert (await live.turn("Hi")).status == "failed"
        model.requests = rest
        assert (await live.turn("Hi")).status == "completed"


async def test_the_old_turn_ends_before_the_one_that_replaces_it_starts(tmp_path: Path) -> None:
    gate = Gate()
    model = ProgrammedModel([[says("One"), gate], [says("Story")]])
    async with live_session(tmp_path, model) as live:
        old = await live.say("Hi")
        await gate.reached()
        new = await live.submit(StartCompaction())
        await live.end_of(new.turn_id)
        order = [
            event.turn.id
            for event in live.events
            if isinstance(event, TurnStartedNotification | TurnCompletedNotification)
        ]
        assert order == [old.turn_id, old.turn_id, new.turn_id, new.turn_id]


async def test_what_is_delivered_is_on_disk(tmp_path: Path) -> None:
    """Persist before deliver: completed items and ends of turns, the moment they are seen."""
    model = ProgrammedModel([[calls("ask", "c1"), says("Thinking")], [says("Done")]])
    async with live_session(tmp_path, model, [ASKING]) as live:
        seen = 0

        def on_disk() -> bool:
            nonlocal seen
            content = live.path.read_text() if live.path.exists() else ""
            for event in live.events[seen:]:
                if isinstance(event, ItemCompletedNotification):
                    assert event.item.id in content or event.item.type == "userMessage"
                if isinstance(event, TurnCompletedNotification):
                    assert "task_complete" in content
                    return True
            seen = len(live.events)
            for question in live.session.pending_approvals():
                live.session.respond_to_approval(question.approval_id, decided("accept"))
            return False

        await live.say("Hi")
        await live.eventually(on_disk)


async def test_shutdown_is_the_end(tmp_path: Path) -> None:
    gate = Gate()
    async with live_session(tmp_path, ProgrammedModel([[says("One"), gate]])) as live:
        await live.say("Hi")
        await gate.reached()
        live.session.shutdown()
        await live.idle()
        ops: list[Op] = [SubmitInput([]), StartCompaction(), RunShellCommand("true")]
        for op in ops:
            with pytest.raises(SessionClosedError):
                await live.submit(op)
        with pytest.raises(NoActiveTurnError):
            live.session.interrupt()
        assert statuses(live) == ["interrupted"]


# --- calls and outputs -------------------------------------------------------------------------


async def test_outputs_are_on_record_in_call_order(tmp_path: Path) -> None:
    """Whichever call is done first."""
    slow, quick = Gate(), Gate()
    quick.open()
    tools = [
        replace(gated_tool("slow", slow), parallel=True),
        replace(gated_tool("quick", quick), parallel=True),
    ]
    answers = [[calls("slow", "c1"), calls("quick", "c2"), calls("none", "c3")], [says("Done")]]
    async with live_session(tmp_path, ProgrammedModel(answers), tools) as live:
        submitted = await live.say("Hi")
        await slow.reached()
        await anyio.lowlevel.checkpoint()
        slow.open()
        await live.end_of(submitted.turn_id)
        assert outputs(live) == ["done", "done", "unsupported call: none"]


async def test_a_reused_call_id_still_gives_each_call_its_output(tmp_path: Path) -> None:
    """Some models count their calls anew in every response, or use one id twice in one."""
    gate = Gate()
    gate.open()
    answers = [[calls("t", "c1"), calls("t", "c1")], [calls("t", "c1")], [says("Done")]]
    async with live_session(tmp_path, ProgrammedModel(answers), [gated_tool("t", gate)]) as live:
        assert (await live.turn("Hi")).status == "completed"
        assert outputs(live) == ["done"] * 3


async def test_interrupting_calls_that_share_an_id_leaves_each_with_an_output(
    tmp_path: Path,
) -> None:
    gate = Gate()
    answers = [[calls("t", "c1"), calls("t", "c1")], [says("Done")]]
    async with live_session(tmp_path, ProgrammedModel(answers), [gated_tool("t", gate)]) as live:
        submitted = await live.say("Hi")
        await gate.reached()
        await live.eventually(lambda: len(live.history()) >= 5)
        live.session.interrupt()
        await live.end_of(submitted.turn_id)
        assert len(outputs(live)) == 2


# --- settings ----------------------------------------------------------------------------------


async def test_refused_settings_change_nothing(tmp_path: Path) -> None:
    model = ProgrammedModel([[says("One")]])
    async with live_session(tmp_path, model) as live:
        wrong = SettingsOverrides(model="other", cwd=tmp_path / "nowhere")
        before = live.session.snapshot()
        for op in (UpdateSettings(wrong), SubmitInput([], overrides=wrong)):
            with pytest.raises(CwdNotFoundError):
                await live.submit(op)
        assert live.session.snapshot() == before
        assert len(live.events) == 1
        assert (await live.turn("Hi")).status == "completed"
        assert model.requests[0].model == SETTINGS.model


async def test_a_running_turn_keeps_the_settings_it_began_with(tmp_path: Path) -> None:
    gate = Gate()
    model = ProgrammedModel([[calls("t", "c1")], [says("One")], [says("Two")]])
    async with live_session(tmp_path, model, [gated_tool("t", gate)]) as live:
        submitted = await live.say("Hi")
        await gate.reached()
        await live.submit(UpdateSettings(SettingsOverrides(model="other")))
        gate.open()
        await live.end_of(submitted.turn_id)
        await live.turn("Again")
        asked = [request.model for request in model.requests]
        assert asked == [SETTINGS.model, SETTINGS.model, "other"]


# --- usage and record --------------------------------------------------------------------------


async def test_total_usage_only_grows_and_the_last_is_the_latest_requests(tmp_path: Path) -> None:
    costs = [300, 100, 50, 200]
    answers = [[says(str(cost)), used(cost)] for cost in costs]
    answers.insert(2, [says("Story"), used(400)])
    async with live_session(tmp_path, ProgrammedModel(answers)) as live:
        for _ in costs[:2]:
            await live.turn("Hi")
        compaction = await live.submit(StartCompaction())
        await live.end_of(compaction.turn_id)
        for _ in costs[2:]:
            await live.turn("Hi")
        told = [event.token_usage for event in live.of(ThreadTokenUsageUpdatedNotification)]
        assert [usage.total.total_tokens for usage in told] == [300, 400, 800, 850, 1050]
        last = [usage.last.total_tokens for usage in told]
        assert [*last[:2], *last[3:]] == costs
        recorded = live.recorded()
        assert recorded.total_usage == live.state.total_usage
        assert recorded.last_usage == live.state.last_usage


async def test_a_report_of_rate_limits_keeps_what_it_does_not_mention(tmp_path: Path) -> None:
    """Credits and plan come with some responses only."""
    full = RateLimits(RateWindow(10.0), None, Credits(has_credits=True, unlimited=False), "pro")
    bare = RateLimits(RateWindow(20.0))
    answers = [[limits, says("Hi"), used(10)] for limits in (full, bare)]
    async with live_session(tmp_path, ProgrammedModel(answers)) as live:
        await live.turn("Hi")
        await live.turn("Hi")
        told = [event.rate_limits for event in live.of(AccountRateLimitsUpdatedNotification)]
    assert [limits.primary and limits.primary.used_percent for limits in told] == [10, 20]
    assert [limits.plan_type for limits in told] == ["pro", "pro"]
    assert all(limits.credits is not None for limits in told)


async def test_the_record_adds_up_to_the_live_history_at_every_end_of_a_turn(
    tmp_path: Path,
) -> None:
    gate = Gate()
    model = ProgrammedModel(
        [[calls("t", "c1")], [says("Story")], [says("One")], [says("Two")], [says("Story")]]
    )
    async with live_session(tmp_path, model, [gated_tool("t", gate)]) as live:
        interrupted = await live.say("Hi")
        await gate.reached()
        live.session.interrupt()
        await live.end_of(interrupted.turn_id)
        ops: list[Op] = [
            StartCompaction(),
            SubmitInput([]),
            RunShellCommand("echo out"),
            InjectItems([user_message("injected")]),
            SubmitInput([], overrides=SettingsOverrides(effort="high")),
            StartCompaction(),
        ]
        for op in ops:
            submitted = await live.submit(op)
            if submitted.turn_id is not None:
                await live.end_of(submitted.turn_id)
                recorded = await anyio.to_thread.run_sync(load_rollout, live.path)
                assert list(recorded.history.snapshot()) == live.history()
        assert is_summary(live.history()[-1])
        assert len(live.recorded().turns) == len(live.ended())


async def test_a_users_command_that_breaks_by_a_bug_harms_neither_turn_nor_session(
    tmp_path: Path,
) -> None:
    """It runs beside the turn, whose own work goes on."""
    gate = Gate()
    async with live_session(tmp_path, ProgrammedModel([[says("One"), gate, says("Two")]])) as live:
        submitted = await live.say("Hi")
        await gate.reached()
        await live.submit(RunShellCommand("echo \0"))
        gate.open()
        assert (await live.end_of(submitted.turn_id)).status == "completed"
        assert live.answers() == ["One", "Two"]


async def test_the_status_is_told_whenever_it_changes(tmp_path: Path) -> None:
    model = ProgrammedModel([[calls("ask", "c1")], [says("Done")]])
    async with live_session(tmp_path, model, [ASKING]) as live:
        submitted = await live.say("Hi")
        asked = await live.question()
        live.session.respond_to_approval(asked.approval.approval_id, decided("accept"))
        await live.end_of(submitted.turn_id)
        told = [event.status for event in live.of(ThreadStatusChangedNotification)]
        flags = [getattr(status, "active_flags", None) for status in told]
        assert flags == [[], ["waitingOnApproval"], [], None]
        assert told[-1] == live.session.snapshot().status


async def test_ops_of_others_are_refused_without_harm(tmp_path: Path) -> None:
    async with live_session(tmp_path, ProgrammedModel([[says("One")]])) as live:
        with pytest.raises(CodexRpcError):
            await live.steer("Hi", TurnId("no turn"))
        with pytest.raises(ApprovalResolvedError):
            live.session.respond_to_approval(ApprovalId("none"), decided("accept"))
        assert (await live.turn("Hi")).status == "completed"
