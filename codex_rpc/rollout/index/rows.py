"""FileRow: a row of the index, and the file it speaks of, kept in agreement."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.errors import RolloutError
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.rollout.index.database import IndexConnection
from codex_rpc.rollout.index.heads import FileHead, FileState, decoded, encoded, read_file_head
from codex_rpc.rollout.stored_thread import StoredThread
from codex_rpc.rollout.thread_log import open_log

COLUMNS = (
    "path, thread, created, archived, updated, known, inode, size, changed_ns,"
    " opening_end, opening_check, meta, stamp, git, preview, model, effort"
)

_UNREADABLE = FileState(0, 0, 0)


class FileRow(Struct, frozen=True):
    """What the index knows of a file. `head` is `None` if the file was not looked at yet."""

    path: Path
    thread_id: str
    created: int
    archived: bool
    updated: int | None
    known: bool
    """Whether `head` needs no look at the file, unless that has changed."""
    head: FileHead | None

    @classmethod
    def of(cls, columns: Sequence[Any]) -> "FileRow":
        """Read the `COLUMNS` of a row."""
        path, thread, created, archived, updated, known, *rest = columns
        return cls(Path(path), thread, created, bool(archived), updated, bool(known), _head(rest))

    @property
    def readable(self) -> bool:
        return self.head is not None and self.head.state != _UNREADABLE

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


def _head(columns: Sequence[Any]) -> FileHead | None:
    inode, size, changed_ns, end, check, meta, stamp, git, preview, model, effort = columns
    if end is None:
        return None
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


def look_again(row: FileRow, codex_home: Path) -> FileRow:
    """The row as it should be, by a look at the file if that has changed.

    Raises:
        FileNotFoundError: if it is gone.
    """
    try:
        if row.head is not None and row.head.state == FileState.of(row.path.stat()):
            return row
        with row.path.open("rb") as file:
            head = read_file_head(file, row.head)
    except FileNotFoundError:
        raise
    except OSError:  # it cannot be read, so there is nothing to show; next time perhaps
        return replace(row, head=FileHead(_UNREADABLE))
    return replace(
        row,
        head=_with_first_words(head, row, codex_home),
        thread_id=head.thread_id or row.thread_id,
        updated=head.state.changed_ns // 1_000_000,
    )


def read_thread_file(path: Path, codex_home: Path, *, archived: bool = False) -> FileRow:
    """What a file anywhere holds.

    Raises:
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        head = read_file_head(file)
    row = FileRow(path, head.thread_id or "", 0, archived, None, known=False, head=None)
    return replace(row, head=_with_first_words(head, row, codex_home))


def _with_first_words(head: FileHead, row: FileRow, codex_home: Path) -> FileHead:
    """A thread that goes on from another file began with what was said there."""
    meta = head.session
    if meta is None or meta.history_base is None or (row.head is not None and row.head.preview):
        return head
    try:
        for segment in open_log(codex_home, row.path).segments:
            with segment.path.open("rb") as file:
                words = read_file_head(file, end=segment.end).preview
            if words:
                return replace(head, preview=words)
    except (OSError, RolloutError):
        return head
    return head


def store_row(connection: IndexConnection, row: FileRow) -> None:
    """Remember what a file holds. Numbers of rows may be others by now, paths are not."""
    head = row.head
    assert head is not None, "looked at"
    meta = head.session
    base = None if meta is None else meta.history_base
    values = {
        "inode": head.state.inode,
        "size": head.state.size,
        "changed_ns": head.state.changed_ns,
        "thread": row.thread_id,
        "updated": row.updated,
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
        "preview": head.preview,
        "meta": encoded(head.meta),
        "stamp": head.stamp,
        "git": encoded(head.git),
        "model": head.model,
        "effort": head.effort,
    }
    setting = ", ".join(f"{name} = :{name}" for name in values)
    stored = {name: _storable(value) for name, value in values.items()}
    stored["path"] = str(row.path)
    connection.sql.execute(f"UPDATE files SET {setting} WHERE path = :path", stored)


def _storable(value: str | int | None) -> str | int | None:
    """Text that is no Unicode becomes `?`."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value
