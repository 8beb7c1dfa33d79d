"""FileRow: a row of the index, and the file it speaks of, kept in agreement."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codex_rpc.protocol.ids import ThreadId
from codex_rpc.rollout.index.database import IndexConnection
from codex_rpc.rollout.index.heads import FileHead, FileState, decoded, encoded, read_file_head
from codex_rpc.rollout.stored_thread import StoredThread

COLUMNS = (
    "id, path, thread, created, archived, updated, known, inode, size, changed_ns,"
    " opening_end, opening_check, meta, stamp, git, preview, model, effort"
)


@dataclass(frozen=True, slots=True)
class FileRow:
    """What the index knows of a file. `head` is `None` if the file was not looked at yet."""

    row: int
    path: Path
    thread_id: str
    created: int
    archived: bool
    updated: int | None
    head: FileHead | None

    @classmethod
    def of(cls, columns: Sequence[Any]) -> "FileRow":
        """Read the `COLUMNS` of a row."""
        row, path, thread, created, archived, updated, known, *rest = columns
        return cls(
            row, Path(path), thread, created, bool(archived), updated, _head(rest) if known else None
        )

    @property
    def shown(self) -> bool:
        """Whether the file holds a thread in which the user said something."""
        return self.head is not None and self.head.meta is not None and bool(self.head.preview)

    def stored_thread(self, name: str | None = None) -> StoredThread | None:
        """What others may know of it; `None` if the file holds no thread."""
        if self.head is None or (meta := self.head.session) is None:
            return None
        return StoredThread(
            thread_id=ThreadId(meta.thread_id),
            path=self.path,
            archived=self.archived,
            meta=meta,
            created_at=int(meta.timestamp.timestamp()),
            updated_at=self.head.state.changed_ns // 1_000_000_000,
            preview=self.head.preview,
            name=name,
            model=self.head.model,
            effort=self.head.effort,
        )


def _head(columns: Sequence[Any]) -> FileHead:
    inode, size, changed_ns, end, check, meta, stamp, git, preview, model, effort = columns
    return FileHead(
        FileState(inode, size, changed_ns),
        end,
        check,
        decoded(meta),
        stamp,
        decoded(git),
        preview or "",
        model,
        effort,
    )


def look_again(row: FileRow) -> FileHead | None:
    """What the file holds now, by a look at it if it has changed.

    Raises:
        FileNotFoundError: if it is gone.
    """
    try:
        state = FileState.of(row.path.stat())
        if row.head is not None and row.head.state == state:
            return row.head
        with row.path.open("rb") as file:
            return read_file_head(file, row.head)
    except FileNotFoundError:
        raise
    except OSError:
        return None  # it cannot be read; others can


def store_head(connection: IndexConnection, row: int, head: FileHead, preview: str) -> None:
    """Remember what a file holds."""
    meta = head.session
    base = None if meta is None else meta.history_base
    values = {
        "inode": head.state.inode,
        "size": head.state.size,
        "changed_ns": head.state.changed_ns,
        "updated": head.state.changed_ns // 1_000_000,
        "known": 1,
        "opening_end": head.opening_end,
        "opening_check": head.opening_check,
        "kind": head.kind,
        "provider": None if meta is None else meta.model_provider,
        "originator": None if meta is None else meta.originator,
        "cwd": None if meta is None else str(meta.cwd),
        "parent": head.parent,
        "base": None if base is None else base.rollout_id,
        "base_end": None if base is None else base.end_byte_offset,
        "preview": preview,
        "meta": encoded(head.meta),
        "stamp": head.stamp,
        "git": encoded(head.git),
        "model": head.model,
        "effort": head.effort,
    }
    setting = ", ".join(f"{name} = :{name}" for name in values)
    with suppress(UnicodeEncodeError):  # half of a surrogate pair: then it is read each time
        connection.sql.execute(f"UPDATE files SET {setting} WHERE id = :row", values | {"row": row})  # noqa: S608
