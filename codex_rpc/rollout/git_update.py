"""Changing what a rollout says about git: its first line is said again, as the other program does.

Which change to make is the caller's business.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic_core import to_json

from codex_rpc.errors import RolloutMetaMissingError
from codex_rpc.rollout.envelope import Payload, utc_millis
from codex_rpc.rollout.fields import integer, table, text
from codex_rpc.rollout.index.line_heads import line_head, parsed_line, whole_lines

_GIT_NAMES = {"sha": "commit_hash", "branch": "branch", "origin_url": "repository_url"}
_TAIL = 1 << 16


def append_git(path: Path, changes: Mapping[str, str | None]) -> None:
    """Append a line by which the thread's git info is changed. Blocking.

    `changes` has some of `sha`, `branch` and `origin_url`; `None` clears one.

    Raises:
        RolloutError: if the file holds no thread.
        OSError: if it cannot be read or written.
    """
    payload = changed_meta(path, changes)
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        tail = os.pread(fd, _TAIL, max(size - _TAIL, 0))
        line: Payload = {"timestamp": utc_millis(datetime.now(UTC))}
        if payload.get("history_mode") == "paginated":
            line["ordinal"] = _next_ordinal(path, tail)
        line |= {"type": "session_meta", "payload": payload}
        torn = not tail.endswith(b"\n")
        os.write(fd, b"\n" * torn + to_json(line, inf_nan_mode="null") + b"\n")
    finally:
        os.close(fd)


def changed_meta(path: Path, changes: Mapping[str, str | None]) -> Payload:
    """The payload of the line that makes these changes. Blocking.

    Raises:
        RolloutError: if the file holds no thread.
        OSError: if it cannot be read.
    """
    payload, git = _current(path)
    for name, value in changes.items():
        git[_GIT_NAMES[name]] = value
    return payload | {"git": {name: value for name, value in git.items() if value is not None}}


def _current(path: Path) -> tuple[Payload, Payload]:
    """The first line's payload, and what the last of its kind says about git."""
    payload: Payload | None = None
    git: Payload = {}
    with path.open("rb") as file:
        for _, raw in whole_lines(file, 0, path.stat().st_size):
            head = line_head(raw)
            if head is None or head.kind != "session_meta":
                continue
            found = table(parsed_line(raw) or {}, "payload")
            payload = payload or found
            if text(found, "id") == text(payload, "id"):
                git = table(found, "git")
    if payload is None:
        raise RolloutMetaMissingError
    return payload, dict(git)


def _next_ordinal(path: Path, tail: bytes) -> int:
    """Lines of the newer generation are counted through; a gap is an error to the other program."""
    for raw in reversed(tail.splitlines()):
        line = parsed_line(raw)
        if line is not None and (ordinal := integer(line, "ordinal")) is not None:
            return ordinal + 1
    with path.open("rb") as file:  # the last line is a long one
        ordinals = (
            integer(parsed_line(raw) or {}, "ordinal")
            for _, raw in whole_lines(file, 0, path.stat().st_size)
        )
        return 1 + max((ordinal for ordinal in ordinals if ordinal is not None), default=-1)
