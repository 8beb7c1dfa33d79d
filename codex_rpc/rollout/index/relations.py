"""How threads depend on each other: who spawned whom, and who goes on from whose files."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from codex_rpc.protocol.ids import ThreadId
from codex_rpc.rollout.index.database import IndexConnection

DESCENDANTS = """
    WITH RECURSIVE below (thread) AS (
        SELECT thread FROM files WHERE parent = ?
        UNION SELECT files.thread FROM files JOIN below ON files.parent = below.thread
    ) SELECT thread FROM below
"""


class StoredFile(Struct, frozen=True):
    """A file of a thread."""

    path: Path
    archived: bool
    thread_id: ThreadId
    file_id: str


def files_of(connection: IndexConnection, thread_id: str) -> list[StoredFile]:
    """All files of a thread, oldest first."""
    rows = connection.sql.execute(
        "SELECT path, archived, thread, file_id FROM files WHERE thread = ? ORDER BY sequence",
        (thread_id,),
    )
    return [StoredFile(Path(row[0]), bool(row[1]), row[2], row[3]) for row in rows]


def began(connection: IndexConnection, thread_id: str | None) -> int:
    """From when on threads may depend on this one; 0 without one."""
    (created,) = connection.sql.execute(
        "SELECT min(created) FROM files WHERE thread = ?", (thread_id,)
    ).fetchone()
    return created or 0


def descendants(connection: IndexConnection, thread_id: str) -> list[ThreadId]:
    """The threads that a thread has spawned, and they in turn, of those that were looked at."""
    rows = connection.sql.execute(f"{DESCENDANTS} ORDER BY thread", (thread_id,))
    return [ThreadId(thread) for (thread,) in rows if thread != thread_id]


def is_gone_on_from(connection: IndexConnection, files: Sequence[StoredFile]) -> bool:
    """Whether another thread, of those that were looked at, begins in one of a thread's files."""
    found = (
        connection.sql.execute(
            "SELECT 1 FROM files WHERE base = ? AND thread <> ? LIMIT 1",
            (file.file_id, file.thread_id),
        ).fetchone()
        for file in files
    )
    return any(found)
