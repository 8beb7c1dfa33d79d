"""The calls that run on one connection: their time limits, and whom their servers may ask.

The protocol does not say which call a server's question belongs to. It is taken to be about the
newest call that is not asking already.
"""

from collections.abc import Generator
from contextlib import contextmanager

import anyio

from codex_rpc.errors import McpError
from codex_rpc.managers.mcp.port import ElicitAnswer, Elicitor, ElicitRequest


class ConnectionLostError(McpError):
    """The server is gone, or does not answer us any more."""


class LoginNeededError(ConnectionLostError):
    """The server refuses everybody it does not know."""


class SessionForgottenError(ConnectionLostError):
    """The server has forgotten us, and has done nothing of what it was asked for."""


class Call:
    """One call. Its clock stands still while the user is asked; what is asked ends with it."""

    def __init__(self, elicitor: Elicitor, timeout_s: float) -> None:
        self.scope = anyio.CancelScope(deadline=anyio.current_time() + timeout_s)
        self.asking = 0
        self._elicitor = elicitor
        self._questions: set[anyio.CancelScope] = set()

    async def elicit(self, server: str, request: ElicitRequest) -> ElicitAnswer:
        """Ask the user. A call that has ended meanwhile needs no answer any more."""
        with self._stopped_clock(), anyio.CancelScope() as question:
            self._questions.add(question)
            try:
                return await self._elicitor.elicit(server, request)
            finally:
                self._questions.remove(question)
        return ElicitAnswer("cancel")

    def end(self) -> None:
        """Nobody waits for its result any more."""
        for question in tuple(self._questions):
            question.cancel()

    @contextmanager
    def _stopped_clock(self) -> Generator[None]:
        self.asking += 1
        if self.asking == 1:
            self._left_s = self.scope.deadline - anyio.current_time()
            self.scope.deadline = float("inf")
        try:
            yield
        finally:
            self.asking -= 1
            if not self.asking:
                self.scope.deadline = anyio.current_time() + self._left_s


class RunningCalls:
    """All calls that run on one connection, oldest first."""

    def __init__(self) -> None:
        self._running: list[Call] = []

    @contextmanager
    def running(self, call: Call) -> Generator[None]:
        """Count `call` among them, and end it when its time is over."""
        self._running.append(call)
        try:
            with call.scope:
                yield
        finally:
            self._running.remove(call)
            call.end()

    def asked_by(self) -> Call | None:
        """The call that a question of the server is about, if there is one."""
        idle = [call for call in self._running if not call.asking]
        return (idle or self._running or [None])[-1]
