"""Random things done to a session at random moments: whatever comes of it, the invariants hold.

A case is a list of what a client does and a list of what the model does. Each ends with an idle
session that is checked as in `tests.support.session`; here, also each word of the user counts once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, assert_never, get_args

import anyio
import anyio.lowlevel
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from codex_rpc.config.settings import SettingsOverrides
from codex_rpc.errors import (
    ApprovalResolvedError,
    CodexRpcError,
    ContextWindowExceededError,
    ModelError,
    NoActiveTurnError,
)
from codex_rpc.model.port import ModelRequest
from codex_rpc.protocol.response_items import FunctionCallOutputItem, user_message
from codex_rpc.session.ops import (
    InjectItems,
    Op,
    RunShellCommand,
    StartCompaction,
    Steer,
    SubmitInput,
    UpdateSettings,
)
from codex_rpc.protocol.inputs import TextInput
from codex_rpc.state.turn_state import ApprovalAnswer
from tests.support.session import (
    SETTINGS,
    LiveSession,
    ProgrammedModel,
    ProgrammedTool,
    Reply,
    asks_for_summary,
    calls,
    live_session,
    says,
    used,
)
from tests.support.tools import ASKING, patient_tool

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
                try:
                    session.interrupt()
                except NoActiveTurnError:
                    pass
            case "accept" | "acceptForSession" | "decline" | "cancel":
                for question in session.pending_approvals()[:1]:
                    session.respond_to_approval(question.approval_id, ApprovalAnswer(deed))
            case "wait a little" | "wait long":
                for _ in range(3 if deed == "wait a little" else 40):
                    await anyio.lowlevel.checkpoint()
            case _:
                await self._submit(OPS[deed](self.live.path.parents[4]))

    async def _speak(self, deed: Literal["say", "steer"]) -> None:
        self.said += 1
        word = f"word {self.said}"
        parts = [TextInput(text=word)]
        active = self.live.session.snapshot().active_turn_id
        op = Steer(parts, active) if deed == "steer" and active else SubmitInput(parts)
        if await self._submit(op):
            self.words.append(word)

    async def _submit(self, op: Op) -> bool:
        """Whether it was accepted. Questions that keep it waiting are declined."""
        accepted = False

        async def submit() -> None:
            nonlocal accepted
            try:
                await self.live.submit(op)
            except CodexRpcError:
                return
            finally:
                over.set()
            accepted = True

        over = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(submit)
            await self.decline_until(over.is_set)
        return accepted

    async def decline_until(self, holds: Callable[[], bool]) -> None:
        with anyio.fail_after(10):
            while not holds():
                for question in self.live.session.pending_approvals():
                    self.live.session.respond_to_approval(
                        question.approval_id, ApprovalAnswer("decline")
                    )
                await anyio.sleep(0)
