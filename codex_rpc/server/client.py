"""Client: one connection's peer, as far as the server has to remember it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup

from codex_rpc.errors import AlreadyInitializedError, NotInitializedError
from codex_rpc.protocol.handshake import InitializeCapabilities, InitializeParams
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.notifications import Notification
from codex_rpc.protocol.settings import ThreadSettingsUpdatedNotification
from codex_rpc.rpc.connection import Connection
from codex_rpc.server.client_commands import ClientCommands
from codex_rpc.server.outgoing import DELTA_TYPES, QueuedDelta, encode_event

if TYPE_CHECKING:
    from codex_rpc.server.connection_resources import ConnectionResources

EXPERIMENTAL_NOTIFICATIONS = frozenset({ThreadSettingsUpdatedNotification.METHOD})
"""Sent only to clients that may use what is experimental."""


@dataclass(slots=True, eq=False)
class Client:
    """Who is at the other end, what it can do, and which threads it follows."""

    connection: Connection
    tasks: TaskGroup
    """What belongs to the connection runs there."""
    commands: ClientCommands = field(default_factory=ClientCommands)
    name: str | None = None
    capabilities: InitializeCapabilities | None = None
    newest_thread: ThreadId | None = None
    """What a request means that names no thread."""
    _starts: int = 0
    _newest_start: int = 0
    _opted_out: frozenset[str] = frozenset()
    _answering: dict[ThreadId, set[anyio.Event]] = field(
        default_factory=dict[ThreadId, set[anyio.Event]]
    )
    _resources: "ConnectionResources | None" = None

    @property
    def resources(self) -> "ConnectionResources":
        """Its watches and searches; loaded when the first is wanted."""
        if self._resources is None:
            from codex_rpc.server.connection_resources import ConnectionResources

            self._resources = ConnectionResources(self.tasks, self.notify_in_time)
        return self._resources

    def initialize(self, params: InitializeParams) -> None:
        """Remember who the client is.

        Raises:
            AlreadyInitializedError: if it has said so before.
        """
        if self.capabilities is not None:
            raise AlreadyInitializedError
        self.name = params.client_info.name
        self.capabilities = params.capabilities or InitializeCapabilities()
        self._opted_out = frozenset(self.capabilities.opt_out_notification_methods or ())

    def require_initialized(self) -> InitializeCapabilities:
        """What the client can do.

        Raises:
            NotInitializedError: if it has not introduced itself.
        """
        if self.capabilities is None:
            raise NotInitializedError
        return self.capabilities

    def notify(self, event: Notification, thread_id: ThreadId | None = None) -> None:
        """Send `event`, unless the client has not introduced itself or does not want its kind."""
        if not self.wants(event):
            return
        if isinstance(event, DELTA_TYPES):
            self.connection.send_delta(QueuedDelta(event))
        else:
            self.connection.send(encode_event(event), group=thread_id)

    def wants(self, event: Notification) -> bool:
        """Whether the client has introduced itself and is to be sent such events."""
        if self.capabilities is None or event.METHOD in self._opted_out:
            return False
        experimental = event.METHOD in EXPERIMENTAL_NOTIFICATIONS
        return self.capabilities.experimental_api or not experimental

    async def notify_in_time(self, event: Notification) -> None:
        """`notify`, once the client has read enough of what came before."""
        await self.connection.room()
        self.notify(event)

    # Threads may come up in another order than they were asked for; the newest is the one that was
    # asked for last.

    def asks_for_thread(self) -> int:
        """Take a number for a thread that is about to be made."""
        self._starts += 1
        return self._starts

    def got_thread(self, number: int, thread_id: ThreadId) -> None:
        if number > self._newest_start:
            self._newest_start, self.newest_thread = number, thread_id

    # A request that changes a thread is answered before the events it causes are sent: the thread's
    # feed waits for the answers that are being worked out when it has something to deliver.

    def begin_answer(self, thread_id: ThreadId) -> anyio.Event:
        """Hold the thread's events back until the returned event is given to `end_answer`."""
        answered = anyio.Event()
        self._answering.setdefault(thread_id, set()).add(answered)
        return answered

    def end_answer(self, thread_id: ThreadId, answered: anyio.Event) -> None:
        answered.set()
        waiting = self._answering.get(thread_id)
        if waiting is not None:
            waiting.discard(answered)
            if not waiting:
                del self._answering[thread_id]

    async def answers_sent(self, thread_id: ThreadId) -> None:
        """Wait for the answers about a thread that are being worked out now."""
        for answered in tuple(self._answering.get(thread_id, ())):
            await answered.wait()
