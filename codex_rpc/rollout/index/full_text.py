"""Full text: what users and agents said, in every thread, and finding words in it.

Texts are taken in a piece at a time, so that work already done is never lost and nobody waits long
for the database. What the user took back is taken out again.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from codex_rpc.rollout.fields import integer, table
from codex_rpc.rollout.index.database import IndexConnection, Writing
from codex_rpc.rollout.index.line_heads import (
    is_user_message,
    line_head,
    parsed_line,
    spoken,
    whole_lines,
)
from codex_rpc.rollout.index.readings import (
    Reading,
    forget_content,
    store_reading,
    stored_reading,
)

_PIECE = 2 << 20
"""So many bytes of a file are taken in at once."""
_LONGEST = 1 << 18
"""So many characters of a message can be found."""
_UNFINISHED = -1
_SHORTEST = 3
"""The index knows sequences of three characters; shorter words are looked for one by one."""
_BEFORE, _AFTER = 48, 96

_WAITING = """
    SELECT waiting.path, target FROM (
        SELECT path, created, CASE
            WHEN is_head THEN size
            -- Of an older file, what the newer ones of the thread go on from.
            ELSE (SELECT min(later.base_end) FROM files AS later
                  WHERE later.base = files.file_id AND later.thread = files.thread)
            END AS target
        FROM files WHERE archived = ? AND known AND preview <> ''
    ) AS waiting
    LEFT JOIN readings ON readings.path = waiting.path AND purpose = 'texts'
    WHERE target IS NOT NULL AND (readings.id IS NULL OR readings.size <> target)
"""
_MATCHING = """
    INSERT INTO temp.matching
    SELECT files.thread, min(messages.id) FROM message_texts
    JOIN messages ON messages.id = message_texts.rowid
    JOIN readings ON readings.id = messages.reading
    JOIN files ON files.path = readings.path
    WHERE {condition} AND files.archived = ? GROUP BY files.thread
"""


class _Said(Struct, frozen=True):
    """A message, and where it is; or, if `taken_back`, that so many of the user's are undone."""

    start: int
    from_user: bool = False
    text: str = ""
    taken_back: int = 0


def waiting_texts(connection: IndexConnection, *, archived: bool) -> list[tuple[str, int]]:
    """Files that have not been taken in as far as they should, newest thread first."""
    return connection.sql.execute(f"{_WAITING} ORDER BY created DESC", (int(archived),)).fetchall()


def texts_are_in(connection: IndexConnection, *, archived: bool) -> bool:
    """Whether no file of those that were looked at is waiting."""
    return connection.sql.execute(f"{_WAITING} LIMIT 1", (int(archived),)).fetchone() is None


def take_in_texts(connection: IndexConnection, waiting: list[tuple[str, int]]) -> None:
    """Take in the last of the waiting files, or a piece of it, which then waits for the rest."""
    path, target = waiting[-1]
    with Writing(connection):
        try:
            with Path(path).open("rb") as file:
                whole = _take_in(connection, path, file, target)
        except OSError:  # it is gone, or cannot be read: then it cannot be found by its words
            whole = True
            store_reading(connection, path, "texts", Reading(0, 0, 0, target))
    if whole:
        waiting.pop()


def _take_in(connection: IndexConnection, path: str, file: BinaryIO, target: int) -> bool:
    """Take in what is new, or a piece of it. Returns whether that was all."""
    stored = stored_reading(connection, path, "texts")
    start = 0
    if stored is not None:
        row, earlier = stored
        start = min(earlier.done, target) if earlier.goes_on_in(file) else 0
        forget_content(connection, row, start)
    reading = store_reading(connection, path, "texts", Reading.up_to(file, start, _UNFINISHED))
    done, whole = start, True
    for done, said in _messages(file, start, target):
        if said is not None:
            _keep(connection, reading, said)
        if done - start > _PIECE:
            whole = False
            break
    size = target if whole else _UNFINISHED
    store_reading(connection, path, "texts", Reading.up_to(file, done, size))
    return whole


def _messages(file: BinaryIO, start: int, target: int) -> Iterator[tuple[int, _Said | None]]:
    """How far reading has got, and the message that was read last, if it was one."""
    for at, raw in whole_lines(file, start, target):
        yield at + len(raw), _message(at, raw)


def _message(at: int, raw: bytes) -> _Said | None:
    head = line_head(raw)
    if head is None:
        return None
    if head.event == "thread_rolled_back":
        payload = table(parsed_line(raw) or {}, "payload")
        return _Said(at, taken_back=integer(payload, "num_turns") or 0)
    text = spoken(head, raw)
    return _Said(at, is_user_message(head), text[:_LONGEST]) if text else None


def _keep(connection: IndexConnection, reading: int, said: _Said) -> None:
    if said.taken_back > 0:
        row = connection.sql.execute(
            "SELECT start FROM messages WHERE reading = ? AND from_user"
            " ORDER BY start DESC LIMIT 1 OFFSET ?",
            (reading, said.taken_back - 1),
        ).fetchone()
        forget_content(connection, reading, row[0] if row else 0)
    elif said.text:
        added = connection.sql.execute(
            "INSERT INTO messages (reading, start, from_user) VALUES (?, ?, ?)",
            (reading, said.start, said.from_user),
        )
        text = said.text.encode(errors="replace").decode()
        connection.sql.execute(
            "INSERT INTO message_texts (rowid, body) VALUES (?, ?)", (added.lastrowid, text)
        )


# --- finding -----------------------------------------------------------------------------------


def choose_matching(connection: IndexConnection, text: str, *, archived: bool) -> None:
    """Put the threads in which the words occur into `temp.matching`."""
    sql, text = connection.sql, text.replace("\0", " ")
    if len(text) >= _SHORTEST:
        quoted = text.replace('"', '""')
        condition, value = "message_texts MATCH ?", f'"{quoted}"'
    else:
        escaped = re.sub(r"([\\%_])", r"\\\1", text)
        condition, value = "body LIKE ? ESCAPE '\\'", f"%{escaped}%"
    sql.execute(
        "CREATE TEMP TABLE IF NOT EXISTS matching (thread TEXT PRIMARY KEY, message INTEGER)"
    )
    sql.execute("DELETE FROM temp.matching")
    sql.execute(_MATCHING.format(condition=condition), (value, int(archived)))


def snippet_of(connection: IndexConnection, thread_id: str, text: str) -> str:
    """Some of the text around the words, of a thread that was chosen."""
    row = connection.sql.execute(
        "SELECT body FROM message_texts WHERE rowid ="
        " (SELECT message FROM temp.matching WHERE thread = ?)",
        (thread_id,),
    ).fetchone()
    return "" if row is None else snippet(row[0], text)


def snippet(body: str, text: str) -> str:
    """Some of `body` around the first place where it has `text`, on one line."""
    found = re.search(re.escape(text), body, re.IGNORECASE)
    start, end = (0, 0) if found is None else found.span()
    first, last = max(start - _BEFORE, 0), end + _AFTER
    shown = " ".join(body[first:last].split())
    return f"{'... ' * (first > 0)}{shown}{' ...' * (last < len(body))}"
