"""A bare session with a model and tools that tests program; see `tests.support.programmed`.

Everything else is real: its history, its events, its rollout file.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import anyio
from msgspec.structs import replace

from codex_rpc.config.providers import ModelProvider
from codex_rpc.config.settings import ThreadSettings
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.shell import Shell
from codex_rpc.history.pairing import answers_of, call_id_of
from codex_rpc.managers.auth import AuthManager
from codex_rpc.managers.models import ModelsManager
from codex_rpc.protocol.approvals import ApprovalDecision, DecisionResponse
from codex_rpc.protocol.ids import ThreadId, TurnId, new_thread_id
from codex_rpc.protocol.inputs import TextInput
from codex_rpc.protocol.items import (
    AgentMessageItem,
    CommandExecutionItem,
    ThreadItem,
    UserMessageItem,
)
from codex_rpc.protocol.notifications import (
    CommandExecutionOutputDeltaNotification,
    ItemCompletedNotification,
    TerminalInteractionNotification,
    TurnCompletedNotification,
    TurnNotification,
    TurnStartedNotification,
    WarningNotification,
)
from codex_rpc.protocol.policies import DangerFullAccessPolicy
from codex_rpc.protocol.response_items import (
    FunctionCallOutputItem,
    ResponseItem,
    ToolOutputItem,
)
from codex_rpc.protocol.turn import Turn
from codex_rpc.rollout.reconstruct import Reconstructed, load_rollout
from codex_rpc.rollout.recorder import RolloutRecorder, rollout_path
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.session.event_channel import EventChannelClosedError
from codex_rpc.session.events import ApprovalRequested, Event
from codex_rpc.session.ops import Op, Steer, SubmitInput, Submitted
from codex_rpc.session.session import Session
from codex_rpc.state.services import Managers, SessionServices
from codex_rpc.state.session_state import SessionState
from codex_rpc.state.turn_state import ApprovalAnswer
from codex_rpc.tools.commands.environment import CommandEnvironment
from codex_rpc.tools.ports import Tool
from codex_rpc.tools.registry import ToolRegistry
from codex_rpc.tools.workspace.disk import DiskWorkspace
from tests.support.programmed import WAIT_SECONDS, ProgrammedModel

E = TypeVar("E", bound=Event)


def decided(decision: ApprovalDecision) -> ApprovalAnswer:
    """The answer to an approval."""
    return ApprovalAnswer(DecisionResponse(decision=decision))


@dataclass(slots=True)
class LiveSession:
    """A running session and everything it has emitted so far."""

    session: Session
    state: SessionState
    services: SessionServices
    path: Path
    events: list[Event] = field(default_factory=list[Event])
    over: anyio.Event = field(default_factory=anyio.Event)
    """Set when the session has ended and all its events have been read."""
    _arrived: anyio.Event = field(default_factory=anyio.Event)

    async def follow(self) -> None:
        """Read events until the session ends."""
        while True:
            try:
                self.events += await self.session.next_events()
            except EventChannelClosedError:
                self.over.set()
                return
            finally:
                self._arrived.set()
                self._arrived = anyio.Event()

    async def eventually(self, holds: Callable[[], bool]) -> None:
        """Wait until the events make the condition hold."""
        with anyio.fail_after(WAIT_SECONDS):
            while not holds():
                await self._arrived.wait()

    # --- what a client does --------------------------------------------------------------------

    async def submit(self, op: Op) -> Submitted:
        with anyio.fail_after(WAIT_SECONDS):
            return await self.session.submit(op)

    async def say(self, text: str) -> Submitted:
        return await self.submit(SubmitInput([TextInput(text=text)]))

    async def steer(self, text: str, turn_id: TurnId) -> Submitted:
        return await self.submit(Steer([TextInput(text=text)], turn_id))

    async def turn(self, text: str) -> Turn:
        """Say something while the session is idle, and wait for the end of the turn."""
        submitted = await self.say(text)
        return await self.end_of(submitted.turn_id)

    async def end_of(self, turn_id: TurnId | None) -> Turn:
        """The turn as its terminal event tells it."""
        await self.eventually(lambda: any(turn.id == turn_id for turn in self.ended()))
        return next(turn for turn in self.ended() if turn.id == turn_id)

    async def question(self) -> ApprovalRequested:
        """The first question that was asked."""
        await self.eventually(lambda: bool(self.of(ApprovalRequested)))
        return self.of(ApprovalRequested)[0]

    async def idle(self) -> None:
        """Wait until no turn is running and all events have been read."""
        with anyio.fail_after(WAIT_SECONDS):
            await self.session.idle()
        mark = WarningNotification(message="idle")
        self.session.emit(mark)
        await self.eventually(lambda: mark in self.events[-1:])
        self.events.pop()

    # --- what is seen --------------------------------------------------------------------------

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def started(self) -> list[Turn]:
        return [event.turn for event in self.of(TurnStartedNotification)]

    def ended(self) -> list[Turn]:
        return [event.turn for event in self.of(TurnCompletedNotification)]

    def items(self) -> list[ThreadItem]:
        return [event.item for event in self.of(ItemCompletedNotification)]

    def answers(self) -> list[str]:
        return [item.text for item in self.items() if isinstance(item, AgentMessageItem)]

    def heard(self) -> list[str]:
        """What the user said, as it was shown."""
        return [
            part.text
            for item in self.items()
            if isinstance(item, UserMessageItem)
            for part in item.content
            if isinstance(part, TextInput)
        ]

    def history(self) -> list[ResponseItem]:
        return list(self.state.history.snapshot())

    def recorded(self) -> Reconstructed:
        """What the rollout file adds up to."""
        return load_rollout(self.path)

    def check(self) -> None:
        """What always holds of an idle session."""
        assert_turns_in_order(self.events)
        assert_paired_in_order(self.history())
        if self.path.exists():
            assert list(self.recorded().history.snapshot()) == self.history()
        else:
            assert not self.history()
        assert self.session.pending_approvals() == ()
        assert self.session.snapshot().active_turn_id is None


def assert_turns_in_order(events: Sequence[Event]) -> None:
    """One turn at a time, each with one end, and nothing of a turn behind its end."""
    running: str | None = None
    over: set[str] = set()
    for event in events:
        match event:
            case TurnStartedNotification(turn=turn):
                assert running is None, "a turn started while another one ran"
                running = turn.id
            case TurnCompletedNotification(turn=turn):
                assert running == turn.id, "a turn ended that was not running"
                over.add(turn.id)
                running = None
            case TurnNotification(turn_id=turn_id) if not _of_terminal(event):
                assert turn_id not in over, f"{event.METHOD} came after its turn's end"
            case _:
                pass
    assert running is None, "a turn has no end"


def _of_terminal(event: Event) -> bool:
    """Whether it may come after its turn's end, which terminals outlive."""
    match event:
        case ItemCompletedNotification(item=CommandExecutionItem(source=source)):
            return source == "unifiedExecStartup"
        case CommandExecutionOutputDeltaNotification() | TerminalInteractionNotification():
            return True
        case _:
            return False


def assert_paired_in_order(items: Sequence[ResponseItem]) -> None:
    """Each call has an output, outputs come in the order of their calls, and none stands alone."""
    called = [call_id for item in items if (call_id := call_id_of(item)) is not None]
    answered = [item.call_id for item in items if isinstance(item, ToolOutputItem)]
    assert called == answered
    assert len(answers_of(items)) == len(called)


SETTINGS = ThreadSettings(
    model="scripted",
    model_provider="programmed",
    cwd=Path(),
    approval_policy="never",
    approvals_reviewer="user",
    sandbox_policy=DangerFullAccessPolicy(),
)


@asynccontextmanager
async def live_session(
    folder: Path,
    model: ProgrammedModel,
    tools: Sequence[Tool] | Callable[[CommandEnvironment], Sequence[Tool]] = (),
    settings: ThreadSettings = SETTINGS,
) -> AsyncGenerator[LiveSession]:
    """A session whose rollout is in `folder`; at the end it is shut down and checked."""
    thread_id = new_thread_id()
    settings = replace(settings, cwd=folder)
    recorder = _recorder(folder, thread_id, settings)
    state = SessionState(settings)
    async with ProcessRunner() as processes, anyio.create_task_group() as tasks:
        environment = CommandEnvironment(processes, Shell("sh", "/bin/sh"), {"PATH": "/bin"})
        services = SessionServices(
            provider=ModelProvider(id="programmed", name="Programmed", stream_max_retries=0),
            model=model,
            tools=ToolRegistry(lambda: tools(environment) if callable(tools) else tools),
            exec=environment,
            managers=Managers(AuthManager(folder, {}), ModelsManager()),
            workspace=DiskWorkspace(),
            recorder=recorder,
        )
        session = Session(thread_id, state, services)
        live = LiveSession(session, state, services, recorder.path)
        await tasks.start(session.run)
        tasks.start_soon(live.follow)
        try:
            yield live
        finally:
            session.shutdown()
        await live.over.wait()
        live.check()
        assert model.broken_rules == []


def _recorder(folder: Path, thread_id: ThreadId, settings: ThreadSettings) -> RolloutRecorder:
    created = datetime.now(UTC)
    meta = SessionMeta(
        thread_id=thread_id,
        timestamp=created,
        cwd=settings.cwd,
        originator="tests",
        cli_version="1",
        source="vscode",
        model_provider=settings.model_provider,
    )
    return RolloutRecorder(rollout_path(folder, thread_id, created), meta)


def outputs(live: LiveSession) -> list[str]:
    """What the history says of each tool call, in order."""
    return [str(item.output) for item in live.history() if isinstance(item, FunctionCallOutputItem)]


def statuses(live: LiveSession) -> Sequence[str]:
    """How the turns have ended, in order."""
    return [turn.status for turn in live.ended()]
