"""Keeping the rows of files in step with the folders, by names alone.

Only folders that have changed are looked into; the rest are just asked when they did.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from codex_rpc.errors import RolloutError
from codex_rpc.rollout.files import ARCHIVED, SESSIONS, RolloutName, looks_like_rollout
from codex_rpc.rollout.index.database import IndexConnection, Snapshot, Writing
from codex_rpc.rollout.index.readings import forget_readings
from codex_rpc.rollout.thread_log import read_meta

_SETTLED_NS = 2_000_000_000
"""A folder changed so shortly ago may change again without its time of change telling."""
_DEPTH = 4
_CHUNK = 500


class _Look(Struct, frozen=True):
    """What a folder holds; nothing if it is gone."""

    path: str
    changed_ns: int
    files: frozenset[str] = frozenset()
    folders: Sequence[str] = ()
    gone: bool = False


class _Change(Struct, frozen=True):
    """What has to be done about a folder."""

    look: _Look
    added: Sequence[str]
    gone: Sequence[str]


def sync_folders(connection: IndexConnection, codex_home: Path) -> None:
    """Bring the rows of files up to what the folders hold."""
    archived = str(codex_home / ARCHIVED)
    while True:
        known = known_folders(connection)
        changes = list(_changes(connection, known, _looks(codex_home, known)))
        if not changes:
            return
        with Writing(connection):
            if connection.in_step:  # or the changes are none to what is there now
                touched: set[str] = set()
                for change in changes:
                    touched |= _apply(connection, change, archived)
                choose_heads(connection, touched)
                _read_folders(connection)
                return


def known_folders(connection: IndexConnection) -> Mapping[str, tuple[int, int]]:
    """Row and time of change of the folders that were looked into."""
    kept = connection.folders
    if kept is None or not connection.in_step:
        with Snapshot(connection):
            kept = _read_folders(connection)
    return kept


def _read_folders(connection: IndexConnection) -> Mapping[str, tuple[int, int]]:
    rows = connection.sql.execute("SELECT path, id, changed_ns FROM folders")
    connection.folders = {path: (row, changed) for path, row, changed in rows}
    connection.folders_generation = connection.generation
    return connection.folders


def choose_heads(connection: IndexConnection, threads: Iterable[str]) -> None:
    """Say again which file is the newest of each of these threads. Archived ones come last."""
    for chunk in _chunks(sorted(threads)):
        connection.sql.execute(
            f"""
            UPDATE files SET is_head = (id = (
                SELECT other.id FROM files AS other WHERE other.thread = files.thread
                ORDER BY other.archived, other.sequence DESC, other.id LIMIT 1))
            WHERE thread IN ({",".join("?" * len(chunk))})
            """,
            chunk,
        )


# --- looking -----------------------------------------------------------------------------------


def _looks(codex_home: Path, known: Mapping[str, tuple[int, int]]) -> Iterator[_Look]:
    """Look into the folders that have changed, and into new ones."""
    sessions, archived = str(codex_home / SESSIONS), str(codex_home / ARCHIVED)
    depth_of_sessions = sessions.count(os.sep)
    waiting = [sessions, archived, *(path for path in known if path not in (sessions, archived))]
    now = time.time_ns()
    while waiting:
        path = waiting.pop()
        _, known_ns = known.get(path, (0, -1))
        try:
            changed_ns = os.stat(path).st_mtime_ns  # noqa: PTH116  (thousands of them, each time)
            if changed_ns == known_ns:
                continue
            look = _look(path, changed_ns if now - changed_ns > _SETTLED_NS else 0)
        except OSError:
            if path in known:
                yield _Look(path, 0, gone=True)
            continue
        yield look
        if path != archived and path.count(os.sep) - depth_of_sessions < _DEPTH:
            waiting += (folder for folder in look.folders if folder not in known)


def _look(path: str, changed_ns: int) -> _Look:
    files: list[str] = []
    folders: list[str] = []
    with os.scandir(path) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.is_dir():
                    folders.append(entry.path)
                elif looks_like_rollout(entry.name) and entry.is_file():
                    files.append(entry.path)
    return _Look(path, changed_ns, frozenset(files), folders)


def _changes(
    connection: IndexConnection, known: Mapping[str, tuple[int, int]], looks: Iterable[_Look]
) -> Iterator[_Change]:
    for look in looks:
        row, changed_ns = known.get(look.path, (None, -1))
        rows = connection.sql.execute("SELECT path FROM files WHERE folder = ?", (row,))
        had = set[str]() if row is None else {path for (path,) in rows}
        # Another process may have added some since the look.
        gone = [path for path in had - look.files if look.gone or not os.path.exists(path)]  # noqa: PTH110
        change = _Change(look, sorted(look.files - had), sorted(gone))
        if change.added or change.gone or look.gone or look.changed_ns != changed_ns:
            yield change


# --- storing -----------------------------------------------------------------------------------


def _apply(connection: IndexConnection, change: _Change, archived: str) -> set[str]:
    """Store what was found in a folder. Returns the threads whose newest file may be another."""
    look, sql = change.look, connection.sql
    touched = remove_rows(connection, change.gone)
    if look.gone:
        sql.execute("DELETE FROM folders WHERE path = ?", (look.path,))
        return touched
    sql.execute(
        "INSERT INTO folders (path, changed_ns) VALUES (?, ?)"
        " ON CONFLICT (path) DO UPDATE SET changed_ns = excluded.changed_ns",
        (look.path, look.changed_ns),
    )
    (folder,) = sql.execute("SELECT id FROM folders WHERE path = ?", (look.path,)).fetchone()
    in_archive = look.path == archived
    rows = [
        (folder, path, name.thread_id, name.file_id, name.created, name.sequence, in_archive)
        for path in change.added
        if (name := _name_of(path)) is not None
    ]
    sql.executemany(
        "INSERT OR IGNORE INTO files"
        " (folder, path, thread, file_id, created, sequence, archived, is_head)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
        rows,
    )
    return touched | _with_several_files(connection, {row[2] for row in rows})


def remove_rows(connection: IndexConnection, paths: Sequence[str]) -> set[str]:
    touched: set[str] = set()
    for chunk in _chunks(paths):
        marks = ",".join("?" * len(chunk))
        rows = connection.sql.execute(
            f"DELETE FROM files WHERE path IN ({marks}) RETURNING thread",
            chunk,
        )
        touched |= {thread for (thread,) in rows.fetchall()}
        forget_readings(connection, chunk)
    return touched


def _with_several_files(connection: IndexConnection, threads: set[str]) -> set[str]:
    """Most threads have one file, which is the newest."""
    several: set[str] = set()
    for chunk in _chunks(sorted(threads)):
        rows = connection.sql.execute(
            f"SELECT thread FROM files WHERE thread IN ({','.join('?' * len(chunk))})"
            " GROUP BY thread HAVING count(*) > 1",
            chunk,
        )
        several |= {thread for (thread,) in rows}
    return several


def _name_of(path: str) -> RolloutName | None:
    """What a name says, or the file itself if somebody has renamed it."""
    found = RolloutName.of(path.rpartition(os.sep)[2])
    if found is not None:
        return found
    try:
        meta = read_meta(Path(path))
    except (OSError, RolloutError):
        return None
    created = int(meta.timestamp.timestamp() * 1000)
    return RolloutName(meta.thread_id, created, "", meta.thread_id)


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
