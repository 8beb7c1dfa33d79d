"""Random things done to a session at random moments: whatever comes of it, the invariants hold.

A case is a list of what a client does and a list of what the model does. Each ends with an idle
session that is checked as in `tests.support.session`; here, also each word of the user counts once.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, assert_never, get_args

import anyio
import anyio.lowlevel
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from codex_rpc.config.settings import SettingsOverrides
from codex_rpc.errors import (
    CodexRpcError,
    ContextWindowExceededError,
    ModelError,
    NoActiveTurnError,
)
from codex_rpc.model.port import ModelRequest
from codex_rpc.protocol.inputs import TextInput
from codex_rpc.protocol.response_items import user_message
from codex_rpc.session.ops import (
    InjectItems,
    Op,
    RunShellCommand,
    StartCompaction,
    Steer,
    SubmitInput,
    UpdateSettings,
)
from codex_rpc.tools.ports import ToolCall, ToolContext
from tests.support.programmed import (
    ASKING,
    WAIT_SECONDS,
    ProgrammedModel,
    ProgrammedTool,
    Reply,
    calls,
    says,
    used,
)
from tests.support.session import SETTINGS, LiveSession, decided, live_session

Deed = Literal[
    "say",
    "steer",
    "interrupt",
    "compact",
    "settings",
    "wrong settings",
    "shell",
    "inject",
    "accept",
    "acceptForSession",
    "decline",
    "cancel",
    "wait a little",
    "wait long",
]
Mood = Literal[
    "talk", "look", "ask", "look and ask", "same id", "much", "too long", "fail", "break"
]


@dataclass(slots=True)
class MoodyModel:
    """Is in one mood after the other, and then only talks."""

    moods: Sequence[Mood]
    asked: int = 0

    def answer(self, request: ModelRequest) -> Reply:
        mood = self.moods[self.asked] if self.asked < len(self.moods) else "talk"
        self.asked += 1
        number = self.asked
        match mood:
            case "talk":
                return [says(f"answer {number}"), used(50)]
            case "look":
                return [says("looking"), calls("look", f"look-{number}"), used(50)]
            case "ask":
                return [calls("ask", f"ask-{number}"), used(50)]
            case "look and ask":
                return [calls("look", f"l-{number}"), calls("ask", f"a-{number}"), used(50)]
            case "same id":
                return [calls("look", "id"), calls("none", "id"), used(50)]
            case "much":
                return [says("much"), calls("look", f"m-{number}"), used(5000)]
            case "too long":
                return [ContextWindowExceededError("too long")]
            case "fail":
                return [says("half an answer"), ModelError("no")]
            case "break":
                return [says("half"), calls("look", f"b-{number}"), ModelError("broken")]
            case _:
                assert_never(mood)


@dataclass(slots=True)
class Client:
    """Does what it is told, and remembers which of its words were accepted."""

    live: LiveSession
    words: list[str] = field(default_factory=list[str])
    said: int = 0

    async def do(self, deed: Deed) -> None:
        session = self.live.session
        match deed:
            case "say" | "steer":
                await self._speak(deed)
            case "interrupt":
                with suppress(NoActiveTurnError):
                    session.interrupt()
            case "accept" | "acceptForSession" | "decline" | "cancel":
                for question in session.pending_approvals()[:1]:
                    session.respond_to_approval(question.approval_id, decided(deed))
            case "wait a little" | "wait long":
                for _ in range(3 if deed == "wait a little" else 40):
                    await anyio.lowlevel.checkpoint()
            case _:
                await self._submit(_op(deed))

    async def _speak(self, deed: Literal["say", "steer"]) -> None:
        self.said += 1
        word = f"word {self.said}"
        parts = [TextInput(text=word)]
        active = self.live.session.snapshot().active_turn_id
        op = Steer(parts, active) if deed == "steer" and active else SubmitInput(parts)
        if await self._submit(op):
            self.words.append(word)

    async def _submit(self, op: Op) -> bool:
        """Whether it was accepted."""
        try:
            await self.live.submit(op)
        except CodexRpcError:
            return False
        return True

    async def come_to_rest(self) -> None:
        """Decline what is asked until no turn is running."""
        session = self.live.session
        with anyio.fail_after(WAIT_SECONDS):
            while session.snapshot().active_turn_id is not None:
                for question in session.pending_approvals():
                    session.respond_to_approval(question.approval_id, decided("decline"))
                await anyio.lowlevel.checkpoint()
        await self.live.idle()


def _op(deed: Deed) -> Op:
    match deed:
        case "compact":
            return StartCompaction()
        case "settings":
            return UpdateSettings(SettingsOverrides(effort="high"))
        case "wrong settings":
            return UpdateSettings(SettingsOverrides(cwd=Path("/nowhere")))
        case "shell":
            return RunShellCommand("true")
        case _:
            return InjectItems([user_message("injected")])


async def _look(call: ToolCall, context: ToolContext) -> str:
    for _ in range(5):
        await anyio.lowlevel.checkpoint()
    return "seen"


LOOKING = ProgrammedTool("look", _look, parallel=True)


async def _play(folder: Path, deeds: Sequence[Deed], moods: Sequence[Mood]) -> None:
    model = ProgrammedModel(MoodyModel(moods).answer)
    limited = replace(SETTINGS, auto_compact_limit=3000)
    async with live_session(folder, model, [LOOKING, ASKING], limited) as live:
        client = Client(live)
        for deed in deeds:
            await client.do(deed)
        await client.come_to_rest()
        live.check()
        assert live.heard() == client.words
        await client.do("say")
        await client.come_to_rest()
        assert live.heard() == client.words


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
@given(
    st.lists(st.sampled_from(get_args(Deed)), max_size=14),
    st.lists(st.sampled_from(get_args(Mood)), max_size=8),
)
@example(["say", "wait long", "compact", "say", "steer", "interrupt"], ["ask", "look"])
@example(["say", "wait long", "interrupt", "accept", "say"], ["look and ask", "same id"])
@example(["say", "wait long", "say", "wait long", "say"], ["much", "too long", "fail", "much"])
def test_whatever_is_done_in_whichever_moment_the_invariants_hold(
    deeds: list[Deed], moods: list[Mood]
) -> None:
    with TemporaryDirectory() as folder:
        anyio.run(_play, Path(folder), deeds, moods)
