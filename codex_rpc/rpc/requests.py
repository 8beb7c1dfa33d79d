"""The peer's requests, from arrival to their one response each.

Owns the table of open requests and everything that ends one: the answer, a refusal, cancellation.
The order in which they begin is left to `lanes`, what they mean to the handler.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from msgspec import Struct

from codex_rpc.errors import CodexRpcError, ErrorKind
from codex_rpc.rpc.handler import ConnectionHandler, Reply, Schedule
from codex_rpc.rpc.lanes import FREE, Lanes, Ticket
from codex_rpc.rpc.messages import (
    CANCELLED,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    OVERLOAD,
    Request,
    RequestId,
    RpcError,
    encode_error,
    encode_result,
)

logger = logging.getLogger(__name__)

_DUPLICATE = RpcError(
    INVALID_REQUEST,
    "Invalid request: a request with this id is still open",
    {"kind": ErrorKind.INVALID_REQUEST},
)
_INTERNAL = RpcError(INTERNAL_ERROR, "Internal error", {"kind": ErrorKind.INTERNAL})


class RequestLimits(Struct, frozen=True):
    """How much may be open at once. What comes on top is refused as overload."""

    count: int = 512
    size: int = 256 * 1024 * 1024
    """Bytes of all open requests together; one alone may be larger."""

    overtaking_count: int = 4096
    """Open requests of any kind at which those that overtake are refused too."""


@dataclass(slots=True, eq=False)
class _OpenRequest:
    request: Request
    size: int
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ticket: Ticket | None = None
    begun: bool = False


class _Outcome(Struct, frozen=True):
    response: bytes
    then: Callable[[], None] | None = None


class Requests:
    """The open requests of one connection.

    `send` queues an encoded response. Each accepted request is answered once, whatever its handler
    does, and only then leaves its lane.
    """

    def __init__(
        self, handler: ConnectionHandler, send: Callable[[bytes], None], limits: RequestLimits
    ) -> None:
        self._handler = handler
        self._send = send
        self._limits = limits
        self._open: dict[RequestId, _OpenRequest] = {}
        self._size = 0
        self._lanes = Lanes()
        self._idle: anyio.Event | None = None

    @property
    def crowded(self) -> bool:
        """Whether so many are open that the cap is in sight."""
        return 4 * len(self._open) > self._limits.count

    async def accept(self, request: Request, size: int, tasks: TaskGroup) -> None:
        """Refuse the request, or have it run in `tasks` when its turn comes.

        Returns at once, unless the handler wants it inline. `size` is that of its line.
        """
        try:
            schedule = self._handler.schedule(request)
        except Exception as error:  # noqa: BLE001 - the request boundary; logged in _error_of
            self._refuse(request, self._error_of(error))
            return
        if (refusal := self._refusal(request, schedule, size)) is not None:
            self._refuse(request, refusal)
            return
        opened = _OpenRequest(request, size)
        self._open[request.id] = opened
        self._size += size

        def begin() -> None:
            opened.begun = True
            tasks.start_soon(self._run, opened)

        if schedule.inline:
            opened.begun = True
            await self._run(opened)
        else:
            lane = FREE if schedule.overtakes else schedule.lane
            opened.ticket = self._lanes.enter(lane, begin)

    def cancel(self, request_id: RequestId) -> bool:
        """Cancel an open request: it is answered as such, once its handler has let go.

        False if there is none of that id. A handler that completes nevertheless is believed.
        """
        opened = self._open.get(request_id)
        if opened is None:
            return False
        if opened.begun:
            opened.scope.cancel()
        else:
            self._answer(opened, _cancelled(opened))
        return True

    async def idle(self) -> None:
        """Wait until no request is open."""
        while self._open:
            if self._idle is None:
                self._idle = anyio.Event()
            await self._idle.wait()

    async def stop(self, grace_seconds: float) -> None:
        """Cancel all open requests and wait until they are answered.

        After the grace period, those whose handlers do not let go are answered all the same.
        """
        for request_id in list(self._open):
            self.cancel(request_id)
        with anyio.move_on_after(grace_seconds):
            await self.idle()
        for opened in list(self._open.values()):
            self._answer(opened, _cancelled(opened))

    def _refusal(self, request: Request, schedule: Schedule, size: int) -> RpcError | None:
        if request.id in self._open:
            return _DUPLICATE
        if schedule.overtakes:
            return OVERLOAD if len(self._open) >= self._limits.overtaking_count else None
        too_many = len(self._open) >= self._limits.count
        too_large = bool(self._open) and self._size + size > self._limits.size
        return OVERLOAD if too_many or too_large else None

    def _refuse(self, request: Request, error: RpcError) -> None:
        self._send(encode_error(request.id, error))

    async def _run(self, opened: _OpenRequest) -> None:
        outcome = None
        try:
            with opened.scope:
                # One that is cancelled before it starts shall not start at all.
                await anyio.lowlevel.checkpoint_if_cancelled()
                outcome = await self._outcome(opened.request)
        except anyio.get_cancelled_exc_class():
            if anyio.current_effective_deadline() == -math.inf:
                raise
            # Nobody cancelled us: the handler awaited something else that was cancelled. Passing
            # that on would end the connection.
        finally:
            # Also without an outcome: then it was cancelled, from whichever side.
            self._answer(opened, outcome or _cancelled(opened))

    async def _outcome(self, request: Request) -> _Outcome:
        try:
            result = await self._handler.handle_request(request)
            if isinstance(result, Reply):
                return _Outcome(encode_result(request.id, result.result), result.then)
            return _Outcome(encode_result(request.id, result))
        except Exception as error:  # noqa: BLE001 - the request boundary; logged in _error_of
            return _Outcome(encode_error(request.id, self._error_of(error)))

    def _answer(self, opened: _OpenRequest, outcome: _Outcome) -> None:
        if self._open.get(opened.request.id) is not opened:
            return
        del self._open[opened.request.id]
        self._size -= opened.size
        self._send(outcome.response)
        if outcome.then is not None:
            _call(outcome.then)
        if opened.ticket is not None:
            self._lanes.leave(opened.ticket)
        if not self._open and self._idle is not None:
            self._idle.set()
            self._idle = None

    def _error_of(self, error: Exception) -> RpcError:
        if not isinstance(error, CodexRpcError):
            logger.error("a request failed unexpectedly", exc_info=error)
        try:
            return self._handler.error_of(error)
        except Exception:
            logger.exception("an error could not be told")
            return _INTERNAL


def _cancelled(opened: _OpenRequest) -> _Outcome:
    return _Outcome(encode_error(opened.request.id, CANCELLED))


def _call(then: Callable[[], None]) -> None:
    try:
        then()
    except Exception:
        logger.exception("what follows a response failed")
