"""OpLoop: carries out what is submitted to a session, one op after the other.

An op is checked completely before it changes anything. Nothing here waits for a turn's work: turns
run beside the loop.
"""

import logging
import time
from typing import assert_never

import anyio

from codex_rpc.errors import CodexRpcError, CwdNotFoundError, SessionClosedError
from codex_rpc.session.ops import Op, Submission, SubmitInput, Submitted
from codex_rpc.session.tasks.regular import RegularTask
from codex_rpc.session.turn_slot import TurnSlot
from codex_rpc.session.user_input import prepare_input
from codex_rpc.state.session_state import SessionState

logger = logging.getLogger(__name__)

INBOX_SIZE = 64
"""Ops that may wait before `submit` waits."""


class OpLoop:
    """The session's inbox and the one task that empties it."""

    def __init__(self, state: SessionState) -> None:
        self._state = state
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

    async def run(self, slot: TurnSlot) -> None:
        """Carry ops out until the loop is closed."""
        async with self._receive:
            async for submission in self._receive:
                try:
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
            case _:
                assert_never(op)

    async def _take_input(self, op: SubmitInput, slot: TurnSlot) -> Submitted:
        settings = self._state.settings.with_overrides(op.overrides)
        if op.overrides.cwd is not None and not await anyio.Path(settings.cwd).is_dir():
            raise CwdNotFoundError(str(settings.cwd))
        turn_input = await prepare_input(op.parts, cwd=settings.cwd, client_id=op.client_id)
        if slot.active is not None and slot.active.stopping:
            await slot.vacant()
        if self._closed:
            raise _closed()
        self._state.settings = settings
        self._state.updated_at = int(time.time())
        if slot.active is not None:
            slot.active.state.pending_input.append(turn_input)
            return Submitted(slot.active.turn_id, "steered")
        return Submitted(slot.start(RegularTask([turn_input]), op.output_schema), "started")


def _closed() -> SessionClosedError:
    return SessionClosedError("the thread is closed")
