"""What carries messages to one server and back, whatever the transport."""

from collections.abc import Callable

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream
from mcp.shared._stream_protocols import WriteStream
from mcp.shared.message import SessionMessage
from msgspec import Struct, field


class Link(Struct, frozen=True):
    """Two streams, closed by whoever made them; `ended` is set when the server is gone."""

    incoming: MemoryObjectReceiveStream[SessionMessage | Exception]
    outgoing: WriteStream[SessionMessage]
    why_ended: Callable[[], str]
    """How the server ended, in words that follow its name."""
    needs_login: Callable[[], bool] = lambda: False
    """Whether it has refused requests because nobody is logged in."""
    ended: anyio.Event = field(default_factory=anyio.Event)
