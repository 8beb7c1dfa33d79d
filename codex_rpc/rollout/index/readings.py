"""Readings: how far files have been read for some purpose, so that next time the rest is enough.

A reading ends at the beginning of a line. It is good for nothing any more if the file is another
one, is shorter, or does not say what it said just before that place.
"""

import os
import zlib
from collections.abc import Sequence
from typing import BinaryIO, Literal

from msgspec import Struct

from codex_rpc.rollout.index.database import IndexConnection
from codex_rpc.rollout.index.heads import FileState

Purpose = Literal["turns", "texts"]

_CHECKED = 256


class Reading(Struct, frozen=True):
    """What was read of a file, up to byte `done`; `size` was all there was of it then."""

    inode: int
    done: int
    check: int
    size: int

    @classmethod
    def up_to(cls, file: BinaryIO, done: int, size: int) -> "Reading":
        return cls(os.fstat(file.fileno()).st_ino, done, _check(file, done), size)

    def goes_on_in(self, file: BinaryIO) -> bool:
        """Whether the file is the one that was read, and has only grown since."""
        state = FileState.of(os.fstat(file.fileno()))
        return (
            state.inode == self.inode
            and state.size >= self.done
            and _check(file, self.done) == self.check
        )


def _check(file: BinaryIO, done: int) -> int:
    start = max(done - _CHECKED, 0)
    return zlib.crc32(os.pread(file.fileno(), done - start, start))


def stored_reading(
    connection: IndexConnection, path: str, purpose: Purpose
) -> tuple[int, Reading] | None:
    """The row of a reading, and the reading."""
    row = connection.sql.execute(
        "SELECT id, inode, done, done_check, size FROM readings WHERE path = ? AND purpose = ?",
        (path, purpose),
    ).fetchone()
    return None if row is None else (row[0], Reading(*row[1:]))


def store_reading(
    connection: IndexConnection, path: str, purpose: Purpose, reading: Reading
) -> int:
    """Remember how far a file was read. Returns the row."""
    values = (reading.inode, reading.done, reading.check, reading.size)
    (row,) = connection.sql.execute(
        "INSERT INTO readings (path, purpose, inode, done, done_check, size)"
        " VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (path, purpose) DO UPDATE SET inode = excluded.inode, done = excluded.done,"
        " done_check = excluded.done_check, size = excluded.size RETURNING id",
        (path, purpose, *values),
    ).fetchone()
    return row


def forget_content(connection: IndexConnection, reading: int, start: int = 0) -> None:
    """Forget what was found in a file from byte `start` on."""
    sql = connection.sql
    sql.execute("DELETE FROM turn_marks WHERE reading = ? AND start >= ?", (reading, start))
    sql.execute(
        "DELETE FROM message_texts WHERE rowid IN"
        " (SELECT id FROM messages WHERE reading = ? AND start >= ?)",
        (reading, start),
    )
    sql.execute("DELETE FROM messages WHERE reading = ? AND start >= ?", (reading, start))


def forget_readings(connection: IndexConnection, paths: Sequence[str]) -> None:
    """Forget all that was found in files that are gone."""
    marks = ",".join("?" * len(paths))
    found = connection.sql.execute(f"SELECT id FROM readings WHERE path IN ({marks})", paths)
    for (reading,) in found.fetchall():
        forget_content(connection, reading)
        connection.sql.execute("DELETE FROM readings WHERE id = ?", (reading,))


def move_readings(connection: IndexConnection, old: str, new: str) -> None:
    """A file was moved; what was found in it still holds."""
    connection.sql.execute("UPDATE OR REPLACE readings SET path = ? WHERE path = ?", (new, old))
