"""OpLoop: carries out what is submitted to a session, one op after the other.

An op is checked completely before it changes anything. Nothing here waits for a turn's work, except
where an op cannot join a running turn and has to come after it.
"""

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, assert_never

import anyio

from codex_rpc.config.settings import SettingsOverrides, ThreadSettings
from codex_rpc.errors import (
    CodexRpcError,
    CwdNotFoundError,
    EmptyParamError,
    NoActiveTurnError,
    SessionClosedError,
    SteerMismatchError,
    ThreadChangedError,
    TurnNotSteerableError,
)
from codex_rpc.history.tokens import estimate_items
from codex_rpc.managers.skills.manager import SkillSource
from codex_rpc.protocol.inputs import UserInput
from codex_rpc.protocol.notifications import ThreadRevertedNotification
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.session.events import SettingsChanged
from codex_rpc.session.journal import Journal
from codex_rpc.session.ops import (
    InjectItems,
    Op,
    Report,
    RollBack,
    RunShellCommand,
    StartCompaction,
    StartReview,
    Steer,
    Submission,
    SubmitInput,
    Submitted,
    UpdateSettings,
)
from codex_rpc.session.recollection import Recollection
from codex_rpc.session.settings_view import settings_updated
from codex_rpc.session.turn_slot import TurnSlot
from codex_rpc.state.session_state import SessionState
from codex_rpc.state.turn_state import TurnInput

if TYPE_CHECKING:
    from codex_rpc.session.tasks.task import TurnTask

logger = logging.getLogger(__name__)

INBOX_SIZE = 64
"""Ops that may wait before `submit` waits."""


class OpLoop:
    """The session's inbox and the one task that empties it."""

    def __init__(self, state: SessionState, journal: Journal, skills: SkillSource) -> None:
        self._state = state
        self._journal = journal
        self._skills = skills
        self._send, self._receive = anyio.create_memory_object_stream[Submission](INBOX_SIZE)
        self._closed = False

    async def submit(self, op: Op) -> Submitted:
        """Have `op` carried out after those submitted before it.

        Raises:
            CodexRpcError: if it is refused; then it has changed nothing.
        """
        submission = Submission(op)
        try:
            await self._send.send(submission)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            raise _closed() from None
        outcome = await submission.outcome.wait()
        if isinstance(outcome, CodexRpcError):
            raise outcome
        return outcome

    def close(self) -> None:
        """Refuse all ops from now on, those that wait included, and let `run` end."""
        self._closed = True
        self._send.close()

    async def run(self, slot: TurnSlot, recollection: Recollection) -> None:
        """Carry ops out until the loop is closed."""
        async with self._receive:
            async for submission in self._receive:
                try:
                    await recollection.ready()
                    outcome = await self._carry_out(submission.op, slot)
                except CodexRpcError as error:
                    outcome = error
                except Exception:
                    logger.exception("an op failed")
                    outcome = CodexRpcError("Internal error")
                submission.outcome.resolve(outcome)

    async def _carry_out(self, op: Op, slot: TurnSlot) -> Submitted:
        match op:
            case SubmitInput():
                return await self._take_input(op, slot)
            case Steer():
                return await self._steer(op, slot)
            case StartCompaction():
                # Rare tasks are loaded when they are wanted.
                from codex_rpc.session.tasks.compact import CompactTask

                return await self._replace(CompactTask(), slot)
            case StartReview(target=target):
                from codex_rpc.session.review_target import review_request
                from codex_rpc.session.tasks.review import ReviewTask

                return await self._replace(ReviewTask(review_request(target)), slot)
            case RunShellCommand():
                return await self._run_shell_command(op, slot)
            case UpdateSettings(overrides=overrides):
                return Submitted(settings=self._apply(await self._checked(overrides)))
            case InjectItems(items=items):
                self._journal.start()
                self._journal.record(items)
                return Submitted()
            case Report(items=items):
                return await self._report(items, slot)
            case RollBack():
                return self._roll_back(op, slot)
            case _:
                assert_never(op)

    async def _take_input(self, op: SubmitInput, slot: TurnSlot) -> Submitted:
        settings = await self._checked(op.overrides)
        turn_input = await self._prepared(op.parts, settings, op.client_id)
        if slot.active is not None and (slot.active.stopping or not slot.active.takes_input):
            await slot.vacant()
        self._refuse_if_closed()
        changed = self._apply(settings)
        if slot.active is not None:
            slot.active.state.pending_input.append(turn_input)
            return Submitted(slot.active.turn_id, "steered", changed)
        from codex_rpc.session.tasks.regular import RegularTask

        turn_id = slot.start(RegularTask([turn_input]), op.output_schema)
        return Submitted(turn_id, "started", changed)

    async def _steer(self, op: Steer, slot: TurnSlot) -> Submitted:
        if not op.parts:
            raise EmptyParamError("input")
        turn_input = await self._prepared(op.parts, self._state.settings, op.client_id)
        active = slot.active
        if active is None or active.stopping:
            raise NoActiveTurnError("steer")
        if active.turn_id != op.expected_turn_id:
            raise SteerMismatchError(op.expected_turn_id, active.turn_id)
        if active.kind == "review" or active.kind == "compact":
            raise TurnNotSteerableError(active.kind)
        active.state.pending_input.append(turn_input)
        self._state.updated_at = int(time.time())
        return Submitted(active.turn_id, "steered")

    async def _replace(self, task: "TurnTask", slot: TurnSlot) -> Submitted:
        if slot.active is not None:
            slot.active.stop("replaced")
            await slot.vacant()
        self._refuse_if_closed()
        return Submitted(slot.start(task), "started")

    async def _run_shell_command(self, op: RunShellCommand, slot: TurnSlot) -> Submitted:
        if not op.command.strip():
            raise EmptyParamError("command")
        from codex_rpc.session.tasks.user_shell import UserShellTask

        task = UserShellTask(op.command, op.timeout_s)
        if slot.active is not None and not slot.start_aside(task.run):
            await slot.vacant()
        elif slot.active is not None:
            return Submitted(slot.active.turn_id, "steered")
        self._refuse_if_closed()
        return Submitted(slot.start(task), "started")

    async def _report(self, items: Sequence[ResponseItem], slot: TurnSlot) -> Submitted:
        if slot.active is not None:
            slot.active.state.pending_reports.extend(items)
            return Submitted()
        self._journal.start()
        self._journal.record(items)
        await self._journal.flush()
        return Submitted()

    def _roll_back(self, op: RollBack, slot: TurnSlot) -> Submitted:
        if slot.active is not None or len(self._state.history) != op.expected_items:
            raise ThreadChangedError
        self._journal.start()
        self._journal.roll_back(op.num_turns, op.before_turn, op.history)
        self._state.told = op.told
        self._state.last_turn_id = op.last_turn_id
        self._state.estimate_usage(estimate_items(op.history))
        self._state.last_turn_failed = False
        self._state.updated_at = int(time.time())
        self._journal.emit(ThreadRevertedNotification(thread_id=self._journal.thread_id))
        return Submitted()

    async def _checked(self, overrides: SettingsOverrides) -> ThreadSettings:
        """The settings with `overrides`, if they can be used.

        Raises:
            CwdNotFoundError: if the working directory does not exist.
        """
        settings = self._state.settings.with_overrides(overrides)
        if overrides.cwd is not None and not await anyio.Path(settings.cwd).is_dir():
            raise CwdNotFoundError(str(settings.cwd))
        return settings

    async def _prepared(
        self, parts: Sequence[UserInput], settings: ThreadSettings, client_id: str | None
    ) -> TurnInput:
        from codex_rpc.session.user_input import prepare_input

        skills = self._state.skills = await self._skills.skills_in(settings.cwd)
        return await prepare_input(parts, cwd=settings.cwd, skills=skills, client_id=client_id)

    def _apply(self, settings: ThreadSettings) -> SettingsChanged | None:
        self._state.updated_at = int(time.time())
        if settings == self._state.settings:
            return None
        self._state.settings = settings
        changed = SettingsChanged(settings_updated(self._journal.thread_id, settings))
        self._journal.emit(changed)
        return changed

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise _closed()


def _closed() -> SessionClosedError:
    return SessionClosedError("the thread is closed")
