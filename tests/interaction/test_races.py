"""What holds of a session whatever comes in between: interrupts, answers and input at any moment.

The sessions are those of `test_invariants`.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from msgspec.structs import replace

from codex_rpc.errors import (
    ApprovalResolvedError,
    ModelError,
    NoActiveTurnError,
    SteerMismatchError,
)
from codex_rpc.protocol.approvals import ApprovalDecision
from codex_rpc.session.events import ApprovalRequested, ApprovalResolved
from codex_rpc.tools.ports import ToolCall, ToolContext
from tests.support.programmed import (
    ASKING,
    Gate,
    ProgrammedModel,
    ProgrammedTool,
    ask_user,
    calls,
    gated_tool,
    says,
)
from tests.support.session import decided, live_session, outputs, statuses

# --- interrupts --------------------------------------------------------------------------------


@pytest.mark.parametrize("stubborn", [False, True])
async def test_an_interrupt_ends_the_turn_whatever_the_model_does(
    tmp_path: Path, stubborn: bool
) -> None:
    """A model's client that ignores cancellation is left behind; what it still says is dropped."""
    gate = Gate(stubborn)
    model = ProgrammedModel([[says("One"), gate, says("Late")], [says("Two")]])
    async with live_session(tmp_path, model) as live:
        submitted = await live.say("Hi")
        await gate.reached()
        live.session.interrupt()
        assert (await live.end_of(submitted.turn_id)).status == "interrupted"
        gate.open()
        await live.turn("Again")
        assert live.answers() == ["One", "Two"]


@pytest.mark.parametrize("stubborn", [False, True])
async def test_an_interrupt_ends_the_turn_whatever_a_tool_does(
    tmp_path: Path, stubborn: bool
) -> None:
    """The call gets an aborted output, and its late result is dropped."""
    gate = Gate(stubborn)
    model = ProgrammedModel([[calls("t", "c1")], [says("Two")]])
    async with live_session(tmp_path, model, [gated_tool("t", gate)]) as live:
        submitted = await live.say("Hi")
        await gate.reached()
        live.session.interrupt()
        assert (await live.end_of(submitted.turn_id)).status == "interrupted"
        gate.open()
        await live.turn("Again")
        [output] = outputs(live)
        assert output.startswith("aborted by user after")


async def test_a_stubborn_tool_does_not_reach_into_the_next_turn(tmp_path: Path) -> None:
    """While the next turn runs, the old one's tool wakes up and asks, shows and records things."""
    old, new = Gate(stubborn=True), Gate()

    async def nags(call: ToolCall, context: ToolContext) -> str:
        with anyio.CancelScope(shield=True):
            await old.stand()
            await ask_user(call, context)
        return "late"

    model = ProgrammedModel([[calls("nag", "c1")], [says("Two"), new]])
    async with live_session(tmp_path, model, [ProgrammedTool("nag", nags)]) as live:
        first = await live.say("Hi")
        await old.reached()
        live.session.interrupt()
        await live.end_of(first.turn_id)
        second = await live.say("Again")
        await new.reached()
        old.open()
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        assert live.of(ApprovalRequested) == []
        assert live.session.pending_approvals() == ()
        new.open()
        await live.end_of(second.turn_id)
        assert len(outputs(live)) == 1


async def test_interrupting_twice_ends_the_turn_once(tmp_path: Path) -> None:
    gate = Gate()
    model = ProgrammedModel([[says("One"), gate], [says("Two")]])
    async with live_session(tmp_path, model) as live:
        submitted = await live.say("Hi")
        await gate.reached()
        live.session.interrupt()
        live.session.interrupt(submitted.turn_id)
        await live.end_of(submitted.turn_id)
        with pytest.raises(NoActiveTurnError):
            live.session.interrupt()
        await live.turn("Again")
        assert statuses(live) == ["interrupted", "completed"]


@pytest.mark.parametrize("beats", range(12))
async def test_an_interrupt_at_any_moment_ends_the_turn_once(tmp_path: Path, beats: int) -> None:
    """From its first step to its last; `beats` is how far it gets."""
    opened = Gate()
    opened.open()
    model = ProgrammedModel([[says("One"), calls("t", "c1")], [says("Two")], [says("Three")]])
    async with live_session(tmp_path, model, [gated_tool("t", opened)]) as live:
        submitted = await live.say("Hi")
        for _ in range(beats):
            await anyio.lowlevel.checkpoint()
        with suppress(NoActiveTurnError):
            live.session.interrupt()
        await live.end_of(submitted.turn_id)
        assert (await live.turn("Again")).status == "completed"
        assert live.heard() == ["Hi", "Again"]


# --- approvals ---------------------------------------------------------------------------------


async def test_an_interrupted_question_counts_as_cancelled_not_as_refused(tmp_path: Path) -> None:
    model = ProgrammedModel([[calls("ask", "c1")], [says("Two")]])
    async with live_session(tmp_path, model, [ASKING]) as live:
        submitted = await live.say("Hi")
        asked = await live.question()
        live.session.interrupt()
        await live.end_of(submitted.turn_id)
        with pytest.raises(ApprovalResolvedError):
            live.session.respond_to_approval(
                asked.approval.approval_id, decided("acceptForSession")
            )
        assert live.state.approved_commands == set()
        assert [event.approval_id for event in live.of(ApprovalResolved)] == [
            asked.approval.approval_id
        ]
        [output] = outputs(live)
        assert "declined" not in output


@pytest.mark.parametrize("answer_first", [False, True])
async def test_an_answer_in_the_moment_of_an_interrupt_starts_nothing(
    tmp_path: Path, answer_first: bool
) -> None:
    model = ProgrammedModel([[calls("ask", "c1")], [says("Two")]])
    async with live_session(tmp_path, model, [ASKING]) as live:
        submitted = await live.say("Hi")
        asked = await live.question()
        answer = decided("accept")
        if answer_first:
            live.session.respond_to_approval(asked.approval.approval_id, answer)
        live.session.interrupt()
        if not answer_first:
            live.session.respond_to_approval(asked.approval.approval_id, answer)
        assert (await live.end_of(submitted.turn_id)).status == "interrupted"
        assert len(model.requests) == 1


async def test_parallel_questions_are_answered_on_their_own(tmp_path: Path) -> None:
    """Calls come one after the other, or together: each gets the answer to its own question."""
    model = ProgrammedModel([[calls("ask", "c1"), calls("ask", "c2")], [says("Done")]])
    async with live_session(tmp_path, model, [replace(ASKING, parallel=True)]) as live:
        submitted = await live.say("Hi")
        decisions: Iterator[ApprovalDecision] = iter(("decline", "accept"))

        def answered() -> bool:
            for question in live.session.pending_approvals():
                live.session.respond_to_approval(question.approval_id, decided(next(decisions)))
            return len(live.of(ApprovalResolved)) == 2

        await live.eventually(answered)
        await live.end_of(submitted.turn_id)
        assert outputs(live) == ["declined", "approved"]


async def test_a_command_approved_for_the_session_is_asked_for_once_others_still_are(
    tmp_path: Path,
) -> None:
    same = calls("ask", "c").model_copy(update={"arguments": '{"words": ["make"]}'})
    model = ProgrammedModel([[same], [same, calls("ask", "other")], [says("Done")]])
    async with live_session(tmp_path, model, [ASKING]) as live:
        submitted = await live.say("Hi")
        first = await live.question()
        live.session.respond_to_approval(first.approval.approval_id, decided("acceptForSession"))
        await live.eventually(lambda: len(live.of(ApprovalRequested)) == 2)
        [other] = live.session.pending_approvals()
        live.session.respond_to_approval(other.approval_id, decided("decline"))
        await live.end_of(submitted.turn_id)
        assert outputs(live) == ["approvedForSession", "approvedForSession", "declined"]


# --- input -------------------------------------------------------------------------------------


@pytest.mark.parametrize("beats", range(16))
async def test_input_at_any_moment_is_answered_once(tmp_path: Path, beats: int) -> None:
    """Steered into the running turn or, as it ends, made the next one's: never lost or doubled."""
    opened = Gate()
    opened.open()
    answers = [[says("One"), calls("t", "c1")], *([says(str(n))] for n in range(4))]
    async with live_session(tmp_path, ProgrammedModel(answers), [gated_tool("t", opened)]) as live:
        submitted = await live.say("Hi")
        assert submitted.turn_id is not None
        for _ in range(beats):
            await anyio.lowlevel.checkpoint()
        try:
            await live.steer("More", submitted.turn_id)
        except (NoActiveTurnError, SteerMismatchError):
            await live.say("More")
        await live.idle()
        assert live.heard() == ["Hi", "More"]
        [*_, last] = live.history()
        assert last.type == "message"
        assert live.answers()[-1] == getattr(last, "text", None)


async def test_input_before_an_interrupt_is_on_record_but_not_answered(tmp_path: Path) -> None:
    gate = Gate()
    model = ProgrammedModel([[says("One"), gate], [says("Two")]])
    async with live_session(tmp_path, model) as live:
        submitted = await live.say("Hi")
        assert submitted.turn_id is not None
        await gate.reached()
        await live.steer("More", submitted.turn_id)
        live.session.interrupt()
        await live.end_of(submitted.turn_id)
        await live.idle()
        assert live.heard() == ["Hi", "More"]
        assert len(live.started()) == 1


async def test_input_in_a_failed_turn_starts_the_next_one(tmp_path: Path) -> None:
    gate = Gate()
    model = ProgrammedModel([[says("One"), gate, ModelError("no")], [says("Two")]])
    async with live_session(tmp_path, model) as live:
        submitted = await live.say("Hi")
        assert submitted.turn_id is not None
        await gate.reached()
        await live.steer("More", submitted.turn_id)
        gate.open()
        await live.eventually(lambda: len(live.ended()) == 2)
        assert statuses(live) == ["failed", "completed"]
        assert live.heard() == ["Hi", "More"]
        assert live.answers() == ["One", "Two"]
