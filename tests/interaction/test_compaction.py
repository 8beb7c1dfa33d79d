"""Compaction: what it leaves of a conversation, when it comes by itself, how it goes wrong."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from codex_rpc.errors import (
    ContextWindowExceededError,
    ModelError,
    NoActiveTurnError,
    TurnNotSteerableError,
    UsageLimitError,
)
from codex_rpc.history.compaction import SUMMARY_PREFIX, is_summary
from codex_rpc.history.fragments import is_context, is_user_message
from codex_rpc.model.port import ModelRequest
from codex_rpc.protocol.ids import TurnId
from codex_rpc.protocol.items import ContextCompactionItem
from codex_rpc.protocol.response_items import MessageItem, ResponseItem
from codex_rpc.session.ops import StartCompaction
from tests.support.app import App
from tests.support.model_script import Step, fails, runs
from tests.support.model_script import says as speaks
from tests.support.outline import ends, items, of_turn, texts
from tests.support.peer import Message, Peer
from tests.support.programmed import (
    Gate,
    ProgrammedModel,
    Reply,
    asks_for_summary,
    calls,
    gated_tool,
    says,
    used,
)
from tests.support.session import SETTINGS, LiveSession, live_session

SMALL = {"model_context_window": 1000, "model_auto_compact_token_limit": 800}
LIMITED = replace(SETTINGS, auto_compact_limit=1000)


def spoken(history: list[ResponseItem]) -> list[str]:
    """The texts of the user's messages and the assistant's; a summary without its prefix."""
    return [
        item.text.removeprefix(SUMMARY_PREFIX).strip()
        for item in history
        if isinstance(item, MessageItem) and (item.role == "assistant" or is_user_message(item))
    ]


def compactions(live: LiveSession) -> int:
    return sum(isinstance(item, ContextCompactionItem) for item in live.items())


async def compact(live: LiveSession) -> TurnId:
    turn_id = (await live.submit(StartCompaction())).turn_id
    assert turn_id is not None
    return turn_id


async def compact_over_the_wire(peer: Peer, thread: Message) -> list[Message]:
    await peer.call("thread/compact/start", {"threadId": thread["id"]})
    return await peer.until("turn/completed")


# --- asked for ---------------------------------------------------------------------------------


async def test_a_compaction_is_shown_as_a_turn_with_one_item(app: App) -> None:
    """`thread/compact/start` runs a turn with a `contextCompaction` item."""
    peer = await app.connect()
    thread = await peer.start_thread([[speaks("Hello")], [speaks("We greeted.")]])
    await peer.turn(thread)
    told = await compact_over_the_wire(peer, thread)
    assert of_turn(told) == [
        "response",
        "thread/status/changed active",
        "turn/started",
        "item/started contextCompaction",
        "item/completed contextCompaction",
        "thread/status/changed idle",
        "turn/completed completed",
    ]
    assert len(items(told, "contextCompaction")) == 1


async def test_a_compaction_tells_how_little_of_the_window_is_left_in_use(app: App) -> None:
    peer = await app.connect()
    steps: list[Step] = [
        {"output": [speaks("word " * 500)], "usage": {"inputTokens": 5000, "outputTokens": 600}},
        {"output": [speaks("Short.")], "usage": {"inputTokens": 5700, "outputTokens": 10}},
    ]
    thread = await peer.start_thread(steps)
    await peer.turn(thread)
    told = await compact_over_the_wire(peer, thread)
    [usage] = [
        message["params"]["tokenUsage"]
        for message in told
        if message.get("method") == "thread/tokenUsage/updated"
    ]
    assert usage["last"]["totalTokens"] < 400
    assert usage["total"]["totalTokens"] == 5600 + 5710


async def test_a_compaction_keeps_the_users_words_and_ends_with_the_summary(tmp_path: Path) -> None:
    model = ProgrammedModel([[says("One")], [says("Two")], [says("The story")]])
    async with live_session(tmp_path, model) as live:
        await live.turn("First")
        await live.turn("Second")
        await live.end_of(await compact(live))
        assert spoken(live.history()) == ["First", "Second", "The story"]
        assert is_summary(live.history()[-1])
        assert model.requests[-1].tools == ()


async def test_the_turn_after_a_compaction_tells_the_surroundings_anew(tmp_path: Path) -> None:
    model = ProgrammedModel([[says("One")], [says("The story")], [says("Two")]])
    async with live_session(tmp_path, model) as live:
        await live.turn("First")
        before = [item for item in live.history() if is_context(item)]
        await live.end_of(await compact(live))
        assert not any(is_context(item) for item in live.history())
        await live.turn("Second")
        assert [item for item in live.history() if is_context(item)] == before
        assert spoken(live.history()) == ["First", "The story", "Second", "Two"]


async def test_a_second_compaction_sums_up_the_first_summary_and_drops_it(tmp_path: Path) -> None:
    model = ProgrammedModel([[says("One")], [says("Old")], [says("New")]])
    async with live_session(tmp_path, model) as live:
        await live.turn("First")
        await live.end_of(await compact(live))
        await live.end_of(await compact(live))
        assert spoken(list(model.requests[-1].input))[:2] == ["First", "Old"]
        assert spoken(live.history()) == ["First", "New"]


# --- by itself ---------------------------------------------------------------------------------


async def test_a_full_window_is_compacted_before_the_turn(app: App) -> None:
    peer = await app.connect()
    steps = [[speaks("long " * 700)], [speaks("Summed up")], [speaks("Fine")]]
    thread = await peer.start_thread(steps, config=SMALL)
    await peer.turn(thread)
    told = await peer.turn(thread, "And now?")
    assert of_turn(told)[3:] == [
        "item/started contextCompaction",
        "item/completed contextCompaction",
        "item/started userMessage",
        "item/completed userMessage",
        "item/started agentMessage",
        "item/completed agentMessage",
        "thread/status/changed idle",
        "turn/completed completed",
    ]
    assert texts(told) == ["Fine"]


async def test_what_is_about_to_be_said_counts_as_well(tmp_path: Path) -> None:
    model = ProgrammedModel([[says("One"), used(500)], [says("Story")], [says("Two"), used(10)]])
    async with live_session(tmp_path, model, settings=LIMITED) as live:
        await live.turn("First")
        await live.turn("long " * 500)
        assert compactions(live) == 1
        assert live.answers() == ["One", "Two"]


async def test_a_window_that_fills_in_mid_turn_is_compacted_there(app: App) -> None:
    peer = await app.connect()
    steps: list[Step] = [
        {"output": [runs("echo", "out")], "usage": {"inputTokens": 900}},
        [speaks("Half way")],
        {"output": [speaks("Done")], "usage": {"inputTokens": 100}},
    ]
    thread = await peer.start_thread(steps, config=SMALL)
    told = await peer.turn(thread, "Go")
    assert len(items(told, "contextCompaction")) == 1
    assert texts(told) == ["Done"]
    assert [turn["status"] for turn in ends(told)] == ["completed"]


async def test_after_a_compaction_in_mid_turn_the_surroundings_stand_above_the_users_words(
    tmp_path: Path,
) -> None:
    model = ProgrammedModel(
        [[calls("quick", "c1"), used(2000)], [says("Half way")], [says("Done"), used(10)]]
    )
    open_gate = Gate()
    open_gate.open()
    async with live_session(
        tmp_path, model, [gated_tool("quick", open_gate)], settings=LIMITED
    ) as live:
        await live.turn("Go")
        prompt = list(model.requests[-1].input)
        assert spoken(prompt) == ["Go", "Half way"]
        assert all(is_context(item) for item in prompt[:-2])
        assert len(prompt) > 2


async def test_a_request_that_does_not_fit_is_tried_again_after_a_compaction(
    tmp_path: Path,
) -> None:
    too_long = ContextWindowExceededError("too long")
    model = ProgrammedModel([[says("One")], [too_long], [says("Story")], [says("Two")]])
    async with live_session(tmp_path, model) as live:
        await live.turn("First")
        assert (await live.turn("Second")).status == "completed"
        assert compactions(live) == 1
        assert live.answers() == ["One", "Two"]
        assert live.heard() == ["First", "Second"]


async def test_a_conversation_too_long_to_be_summed_up_loses_its_oldest_first(
    tmp_path: Path,
) -> None:
    too_long = ContextWindowExceededError("too long")
    model = ProgrammedModel([[says("word " * 400)], [says("Two")], [too_long], [says("Story")]])
    async with live_session(tmp_path, model, settings=LIMITED) as live:
        await live.turn("First")
        await live.turn("Second")
        assert (await live.end_of(await compact(live))).status == "completed"
        whole, shorter = model.requests[-2:]
        assert len(shorter.input) < len(whole.input)
        assert list(shorter.input) == list(whole.input)[-len(shorter.input) :]
        assert spoken(live.history())[-1] == "Story"


# --- going wrong -------------------------------------------------------------------------------


async def test_a_summary_that_cannot_be_had_fails_the_turn_and_changes_nothing(
    tmp_path: Path,
) -> None:
    model = ProgrammedModel([[says("One")], [UsageLimitError("used up")], [says("Two")]])
    async with live_session(tmp_path, model) as live:
        await live.turn("First")
        before = live.history()
        ended = await live.end_of(await compact(live))
        assert ended.status == "failed"
        assert ended.error is not None
        assert ended.error.codex_error_info == "usageLimitExceeded"
        assert live.history() == before
        await live.turn("Second")
        assert live.answers() == ["One", "Two"]


async def test_a_failed_compaction_before_a_turn_fails_it_once_and_keeps_what_was_said(
    tmp_path: Path,
) -> None:
    model = ProgrammedModel(
        [[says("One"), used(2000)], [UsageLimitError("used up")], [says("Story")], [says("Two")]]
    )
    async with live_session(tmp_path, model, settings=LIMITED) as live:
        await live.turn("First")
        assert (await live.turn("Second")).status == "failed"
        await live.idle()
        assert [turn.status for turn in live.ended()] == ["completed", "failed"]
        assert spoken(live.history()) == ["First", "One", "Second"]
        await live.turn("Third")
        assert live.heard() == ["First", "Second", "Third"]
        assert live.answers() == ["One", "Two"]


async def test_a_summary_that_breaks_off_is_asked_for_again(app: App) -> None:
    peer = await app.connect()
    steps = [
        [speaks("Hello")],
        [fails(500, "passing")],
        [speaks("Summed up")],
        [speaks("Fine")],
    ]
    thread = await peer.start_thread(steps)
    await peer.turn(thread)
    told = await compact_over_the_wire(peer, thread)
    assert "error willRetry=True" in of_turn(told)
    assert of_turn(told)[-1] == "turn/completed completed"
    assert texts(await peer.turn(thread)) == ["Fine"]


@pytest.mark.parametrize("limit", [1, 3, 1000, 100_000])
async def test_a_model_for_which_everything_is_too_long_ends_in_one_failed_turn(
    tmp_path: Path, limit: int
) -> None:
    """Never loops."""
    overflowing = False

    def answer(_: ModelRequest) -> Reply:
        return [ContextWindowExceededError("too long")] if overflowing else [says("One")]

    model = ProgrammedModel(answer)
    settings = replace(SETTINGS, auto_compact_limit=limit)
    async with live_session(tmp_path, model, settings=settings) as live:
        await live.turn("First")
        overflowing = True
        ended = await live.turn("Second")
        await live.idle()
        assert ended.error is not None
        assert ended.error.codex_error_info == "contextWindowExceeded"
        assert len(live.ended()) == 2
        assert len(model.requests) < 20


async def test_a_model_that_only_ever_sums_up_ends_in_one_failed_turn(tmp_path: Path) -> None:
    """Never loops: a fresh summary that does not fit is not summed up again."""

    def answer(request: ModelRequest) -> Reply:
        if asks_for_summary(request):
            return [says("Story")]
        return [ContextWindowExceededError("too long")] if len(model.requests) > 1 else [says("1")]

    model = ProgrammedModel(answer)
    async with live_session(tmp_path, model) as live:
        await live.turn("First")
        assert (await live.turn("Second")).status == "failed"
        await live.idle()
        assert compactions(live) == 1
        assert len(model.requests) == 4


async def test_a_first_message_that_does_not_fit_is_not_summed_up(tmp_path: Path) -> None:
    """There is nothing else that could make room for it."""
    model = ProgrammedModel([[ContextWindowExceededError("too long")]])
    async with live_session(tmp_path, model) as live:
        ended = await live.turn("First")
        assert ended.error is not None
        assert ended.error.codex_error_info == "contextWindowExceeded"
        assert compactions(live) == 0


# --- others meanwhile --------------------------------------------------------------------------


@pytest.mark.parametrize("stubborn", [False, True])
async def test_an_interrupt_during_a_compaction_changes_nothing(
    tmp_path: Path, stubborn: bool
) -> None:
    """Not even if the model goes on and gives its summary in the end."""
    gate = Gate(stubborn)
    model = ProgrammedModel([[says("One")], [gate, says("Story")], [says("Two")]])
    async with live_session(tmp_path, model) as live:
        await live.turn("First")
        before = live.history()
        turn_id = await compact(live)
        await gate.reached()
        live.session.interrupt(turn_id)
        assert (await live.end_of(turn_id)).status == "interrupted"
        gate.open()
        await live.turn("Second")
        assert live.history()[: len(before)] == before
        assert live.answers() == ["One", "Two"]
        assert live.heard() == ["First", "Second"]


async def test_an_interrupt_in_the_moment_the_summary_arrives_changes_nothing(
    tmp_path: Path,
) -> None:
    gate = Gate(stubborn=True)
    model = ProgrammedModel([[says("One")], [says("Story"), gate]])
    async with live_session(tmp_path, model) as live:
        await live.turn("First")
        before = live.history()
        turn_id = await compact(live)
        await gate.reached()
        gate.open()
        live.session.interrupt(turn_id)
        assert (await live.end_of(turn_id)).status == "interrupted"
        assert live.history()[: len(before)] == before
        assert not any(is_summary(item) for item in live.history())


async def test_an_interrupt_during_a_compaction_before_a_turn_keeps_what_was_said(
    tmp_path: Path,
) -> None:
    gate = Gate()
    model = ProgrammedModel([[says("One"), used(2000)], [gate, says("Story")]])
    async with live_session(tmp_path, model, settings=LIMITED) as live:
        await live.turn("First")
        submitted = await live.say("Second")
        await gate.reached()
        live.session.interrupt()
        assert (await live.end_of(submitted.turn_id)).status == "interrupted"
        assert spoken(live.history()) == ["First", "One", "Second"]
        assert live.heard() == ["First", "Second"]


async def test_input_that_comes_during_a_compaction_is_answered_after_it(app: App) -> None:
    """`turn/start` right behind `thread/compact/start`: both sent at once."""
    peer = await app.connect()
    thread = await peer.start_thread([[speaks("Hello")], [speaks("Summed up")], [speaks("Fine")]])
    await peer.turn(thread)
    say = {"threadId": thread["id"], "input": [{"type": "text", "text": "Next"}]}
    await peer.send(
        {"id": "c", "method": "thread/compact/start", "params": {"threadId": thread["id"]}},
        {"id": "s", "method": "turn/start", "params": say},
    )
    compaction = await peer.until("turn/completed")
    answer = await peer.until("turn/completed")
    assert len(items(compaction, "contextCompaction")) == 1
    assert texts(answer) == ["Fine"]
    assert [turn["status"] for turn in ends(compaction + answer)] == ["completed", "completed"]


async def test_a_compaction_takes_no_input_of_its_own(tmp_path: Path) -> None:
    gate = Gate()
    model = ProgrammedModel([[says("One")], [gate, says("Story")]])
    async with live_session(tmp_path, model) as live:
        await live.turn("First")
        turn_id = await compact(live)
        await gate.reached()
        with pytest.raises(TurnNotSteerableError):
            await live.steer("More", turn_id)
        gate.open()
        await live.end_of(turn_id)
        with pytest.raises(NoActiveTurnError):
            await live.steer("More", turn_id)


async def test_what_is_added_while_a_turn_compacts_is_answered_in_it(tmp_path: Path) -> None:
    gate = Gate()
    model = ProgrammedModel([[says("One"), used(2000)], [gate, says("Story")], [says("Both")]])
    async with live_session(tmp_path, model, settings=LIMITED) as live:
        await live.turn("First")
        submitted = await live.say("Second")
        await gate.reached()
        assert submitted.turn_id is not None
        await live.steer("Third", submitted.turn_id)
        gate.open()
        await live.end_of(submitted.turn_id)
        assert live.heard() == ["First", "Second", "Third"]
        assert live.answers() == ["One", "Both"]
        assert len(model.requests) == 3


async def test_what_is_added_to_a_failing_compaction_is_answered_by_the_next_turn(
    tmp_path: Path,
) -> None:
    gate = Gate()
    failing: Reply = [gate, ModelError("no")]
    model = ProgrammedModel([[says("One"), used(2000)], failing, [says("Story")], [says("Both")]])
    async with live_session(tmp_path, model, settings=LIMITED) as live:
        await live.turn("First")
        submitted = await live.say("Second")
        await gate.reached()
        assert submitted.turn_id is not None
        await live.steer("Third", submitted.turn_id)
        gate.open()
        await live.eventually(lambda: len(live.ended()) == 3)
        assert [turn.status for turn in live.ended()] == ["completed", "failed", "completed"]
        assert live.heard() == ["First", "Second", "Third"]
        assert live.answers() == ["One", "Both"]


async def test_a_compaction_takes_the_place_of_a_running_turn(tmp_path: Path) -> None:
    gate = Gate()
    model = ProgrammedModel([[says("One"), gate], [says("Story")]])
    async with live_session(tmp_path, model) as live:
        submitted = await live.say("First")
        await gate.reached()
        await live.end_of(await compact(live))
        assert [turn.status for turn in live.ended()] == ["interrupted", "completed"]
        assert live.ended()[0].id == submitted.turn_id
        assert spoken(live.history()) == ["First", "Story"]
