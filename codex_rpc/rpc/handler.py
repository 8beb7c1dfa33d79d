"""What a connection asks of the layer above it: the meaning of messages.

Only the port is here; `connection` and `requests` call it.
"""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from codex_rpc.rpc.lanes import FREE, Lane
from codex_rpc.rpc.messages import Notification, Payload, Request, RpcError


class Schedule(Struct, frozen=True):
    """When a request may begin.

    `inline` requests hold up the read loop until they are answered: nothing else is read, so they
    must be short and never ask the peer. `overtakes` ignores lanes and the cap on open requests:
    for what has to get through under load, such as interrupts and answers to approvals.
    """

    lane: Lane = FREE
    inline: bool = False
    overtakes: bool = False


class Reply(Struct, frozen=True):
    """A result, and what to do as soon as the response is queued, before anything else can be."""

    result: Payload
    then: Callable[[], None]


class ConnectionHandler(Protocol):
    """The meaning of what the peer sends. One per connection."""

    def schedule(self, request: Request) -> Schedule:
        """Say when `request` may begin. An exception refuses it, as `error_of` says."""
        ...

    async def handle_request(self, request: Request) -> Payload | Reply:
        """Carry the request out. Any exception becomes an error response, as `error_of` says.

        It is cancelled when the peer cancels the request or the connection ends.
        """
        ...

    def handle_notification(self, notification: Notification) -> None:
        """Take note, in order of arrival and without waiting."""
        ...

    def error_of(self, error: Exception) -> RpcError:
        """What the peer is told of `error`."""
        ...

    async def drained(self) -> None:
        """Wait until all work that the answered requests started is over."""
        ...
