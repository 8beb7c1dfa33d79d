"""LanguageClient: the editor as a client of the server, whose events the face sees as well."""

from collections.abc import Callable
from dataclasses import dataclass, field

from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.notifications import Notification
from codex_rpc.rpc.messages import encode_notification
from codex_rpc.server.client import Client
from codex_rpc.server.outgoing import DELTA_TYPES, QueuedDelta

Observer = Callable[[Notification], None]


def _encoded(event: Notification) -> bytes:
    """The message for `event`. The envelopes of the protocol have no room for a time stamp."""
    return encode_notification(event.METHOD, event.__pydantic_serializer__.to_json(event))


class _QueuedDelta(QueuedDelta, frozen=True):
    def encode(self) -> bytes:
        return _encoded(self.event)


@dataclass(slots=True, eq=False)
class LanguageClient(Client):
    """A client whose events go to `observers` before they are sent, wanted or not."""

    observers: list[Observer] = field(default_factory=list[Observer])

    def notify(self, event: Notification, thread_id: ThreadId | None = None) -> None:
        """See `Client.notify`."""
        for observe in self.observers:
            observe(event)
        if not self.wants(event):
            return
        if isinstance(event, DELTA_TYPES):
            self.connection.send_delta(_QueuedDelta(event))
        else:
            self.connection.send(_encoded(event), group=thread_id)
