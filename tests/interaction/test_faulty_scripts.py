"""Whatever the model does, a turn ends exactly once and its record stays whole."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.app import running_app
from tests.support.model_script import (
    CUT,
    STALL,
    Output,
    adds_file,
    calls,
    fails,
    patches,
    plans,
    runs,
    says,
    thinks,
)
from tests.support.outline import ends
from tests.support.peer import ASKING, FREE, Message, Peer
from tests.support.rollout import (
    assert_calls_are_paired,
    assert_turns_are_closed,
    events,
    read_rollout,
)

HARMLESS: list[Output] = [
    says("a", "b"),
    says(""),
    thinks("Hm", "hmm"),
    plans("Read"),
    runs("true"),
    runs("touch", "x"),
    runs("no-such-program"),
    adds_file("x.txt", "x"),
    patches("nonsense\n"),
    calls("no_such_tool", x=1),
    calls("shell", command="wrong"),
]
STALLED = "I have nothing more to say"
ENDINGS: list[list[Output]] = [
    [],
    [CUT],
    [says(STALLED), STALL],
    [fails(400, "no")],
    [fails(500, "oops")],
    [fails(None, "passing")],
]


def step(body: list[Output], ending: list[Output]) -> list[Output]:
    return body + ending


steps = st.builds(step, st.lists(st.sampled_from(HARMLESS), max_size=3), st.sampled_from(ENDINGS))
decisions = st.sampled_from(["accept", "acceptForSession", "decline", "cancel", "nonsense", None])


QUESTIONS = ("item/commandExecution/requestApproval", "item/fileChange/requestApproval")
TELLING = ("turn/completed", "item/agentMessage/delta", *QUESTIONS)


class Scenario:
    """A client that answers every question as drawn, and interrupts a model that went silent."""

    def __init__(self, peer: Peer, thread: dict[str, Any], answers: list[str | None]) -> None:
        self._peer = peer
        self._thread = thread
        self._answers = answers

    async def play(self) -> None:
        """Have one turn, and see it through to its end."""
        await self._peer.say(self._thread)
        while (message := await self._peer.next(*TELLING))["method"] != "turn/completed":
            if message["method"] in QUESTIONS:
                await self._answer(message)
            elif message["params"]["delta"] == STALLED:
                await self._interrupt()

    async def _answer(self, question: Message) -> None:
        decision = self._answers.pop() if self._answers else "accept"
        if decision is None:
            await self._interrupt()
        else:
            await self._peer.answer(question, decision)

    async def _interrupt(self) -> None:
        params = {"threadId": self._thread["id"], "turnId": ""}
        await self._peer.request("turn/interrupt", params)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    script=st.lists(steps, max_size=6),
    answers=st.lists(decisions, max_size=6),
    asking=st.booleans(),
)
def test_every_turn_ends_exactly_once_whatever_the_model_does(
    script: list[list[Output]], answers: list[str | None], asking: bool
) -> None:
    """Trust: each accepted turn ends in exactly one `turn/completed`, nothing of it comes after."""

    async def play() -> None:
        with TemporaryDirectory() as folder:
            async with running_app(Path(folder)) as app:
                peer = await app.connect()
                thread = await peer.start_thread(script, **(ASKING if asking else FREE))
                scenario = Scenario(peer, thread, list(answers))
                for _ in range(2):
                    await scenario.play()
                await peer.call("thread/loaded/list", {})
                check(peer, Path(thread["path"]))

    anyio.run(play)


def check(peer: Peer, rollout: Path) -> None:
    told = [m for m in peer.messages if "method" in m and "id" not in m]
    started = [m["params"]["turn"]["id"] for m in told if m["method"] == "turn/started"]
    assert [turn["id"] for turn in ends(told)] == started
    assert len(set(started)) == 2
    for turn_id in started:
        end = next(n for n, m in enumerate(told) if _ends(m, turn_id))
        assert [m for m in told[end + 1 :] if m["params"].get("turnId") == turn_id] == []
    opened = [m["params"]["item"]["id"] for m in told if m["method"] == "item/started"]
    closed = [m["params"]["item"]["id"] for m in told if m["method"] == "item/completed"]
    assert sorted(opened) == sorted(closed)
    lines = read_rollout(rollout)
    assert_calls_are_paired(lines)
    assert_turns_are_closed(lines)
    assert [event["item"]["id"] for event in events(lines, "item_completed")] == closed


def _ends(message: Message, turn_id: str) -> bool:
    return message["method"] == "turn/completed" and message["params"]["turn"]["id"] == turn_id
