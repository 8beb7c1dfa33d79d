"""Positions in a list of threads, and the cursors that stand for them."""

from datetime import UTC, datetime

from msgspec import Struct

from codex_rpc.errors import InvalidCursorError
from codex_rpc.rollout.envelope import moment_of, utc_millis


class Position(Struct, frozen=True):
    """A place between threads in some order; without `thread_id`, beside all of that moment."""

    key: int
    """Unix milliseconds."""
    thread_id: str | None = None

    @classmethod
    def of_cursor(cls, cursor: str) -> "Position":
        """Read a cursor, ours or the other program's.

        Raises:
            InvalidCursorError: if it is none.
        """
        stamp, bar, thread_id = cursor.partition("|")
        moment = moment_of(stamp) if "T" in stamp else None
        if moment is None or (bar and not thread_id):
            raise InvalidCursorError(cursor)
        return cls(round(moment.timestamp() * 1000), thread_id or None)

    @property
    def cursor(self) -> str:
        stamp = utc_millis(datetime.fromtimestamp(self.key / 1000, UTC))
        return stamp if self.thread_id is None else f"{stamp}|{self.thread_id}"
