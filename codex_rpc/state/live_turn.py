"""LiveTurn: what of a running turn is not on disk yet, for whoever comes to watch in its middle."""

from collections.abc import Sequence

from msgspec import Struct

from codex_rpc.protocol.ids import TurnId
from codex_rpc.protocol.items import ThreadItem


class LiveTurn(Struct, frozen=True):
    """A running turn at one moment; `started_at` in unix seconds."""

    turn_id: TurnId
    started_at: int
    open_items: Sequence[ThreadItem]
    """Items that were started and not completed, with all that has been shown of them so far."""


class ReadPoint(Struct, frozen=True):
    """One moment of a loaded thread: what was on record then, and what was under way.

    Events before it are in the file up to `end` or in `live`; those after it are neither.
    """

    end: int | None
    """How far the thread's log belongs to it, in bytes; `None` if nothing is on disk."""
    live: LiveTurn | None
    outliving: Sequence[tuple[TurnId, ThreadItem]] = ()
    """Items that are open though their turns have gone on without them, or ended."""
