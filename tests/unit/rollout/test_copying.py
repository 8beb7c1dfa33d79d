"""Forks on disk."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from msgspec.structs import replace

from codex_rpc.history.fragments import turn_aborted
from codex_rpc.rollout.copying import copy_log
from codex_rpc.rollout.reconstruct import Reconstructed, load_log
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.rollout.thread_log import ThreadLog, open_log
from codex_rpc.rollout.truncation import after_turn
from tests.unit.rollout.files import STAMP, Line, event, message, meta, write_lines
from tests.unit.rollout.live_thread import META, LiveThread

FORK = replace(META, thread_id="fork", forked_from_id=META.thread_id, history_base=None)


def copied(log: ThreadLog, path: Path, meta: SessionMeta = FORK, **how: Any) -> Reconstructed:
    copy_log(log, path, meta, **how)
    return load_log(open_log(path.parent, path))


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def live(tmp_path: Path) -> LiveThread:
    live = LiveThread(tmp_path / "r.jsonl")
    live.talk("one", "first")
    live.talk("two", "second")
    return live


@pytest.fixture
def log(live: LiveThread) -> ThreadLog:
    return written(live)


def written(live: LiveThread) -> ThreadLog:
    anyio.run(live.write)
    return open_log(live.path.parent, live.path)


def test_a_fork_has_everything_but_the_name(log: ThreadLog, tmp_path: Path) -> None:
    fork, source = copied(log, tmp_path / "2026" / "fork.jsonl"), load_log(log)
    assert fork.meta == FORK
    assert fork.history.snapshot() == source.history.snapshot()
    assert [turn.turn() for turn in fork.turns] == [turn.turn() for turn in source.turns]
    assert (tmp_path / "2026" / "fork.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_fork_ends_at_the_cut(log: ThreadLog, tmp_path: Path) -> None:
    before = log.path.read_bytes()
    fork = copied(log.slice(0, after_turn(log, "turn-1")), tmp_path / "fork.jsonl")
    assert [turn.turn_id for turn in fork.turns] == ["turn-1"]
    assert log.path.read_bytes() == before


def test_a_turn_that_goes_on_was_interrupted_in_the_fork(live: LiveThread, tmp_path: Path) -> None:
    live.begin_turn()
    live.hear("three")
    turn_id = live.turns[-1].id
    fork = copied(written(live), tmp_path / "fork.jsonl", interrupted=turn_id)
    assert [turn.status for turn in fork.turns] == ["completed", "completed", "interrupted"]
    assert fork.history.snapshot() == (*live.history.snapshot(), turn_aborted())
    assert fork.open_turn is None


def test_a_line_that_was_cut_off_stays_alone(log: ThreadLog, tmp_path: Path) -> None:
    with log.path.open("ab") as file:
        file.write(b'{"torn')
    torn = open_log(tmp_path, log.path)
    fork = copied(torn, tmp_path / "fork.jsonl", interrupted="turn-9")
    assert fork.history.snapshot()[:-1] == load_log(log).history.snapshot()
    assert fork.counts.malformed == 1


def test_a_fork_is_there_whole_or_not_at_all(log: ThreadLog, tmp_path: Path) -> None:
    gone = replace(log, segments=(*log.segments, replace(log.segments[0], path=tmp_path / "gone")))
    folder = tmp_path / "new"
    with pytest.raises(FileNotFoundError):
        copy_log(gone, folder / "fork.jsonl", FORK)
    assert list(folder.iterdir()) == []


def test_a_fork_of_numbered_files_is_one_numbered_file(tmp_path: Path) -> None:
    """In a file of the other program's newest generation, lines are numbered throughout."""

    def numbered(start: int, *lines: Line) -> list[Line]:
        numbers = enumerate(lines, start)
        return [{"timestamp": STAMP, "ordinal": number, **one} for number, one in numbers]

    old = write_lines(
        tmp_path / "rollout-2026-01-01T00-00-00-a.jsonl",
        *numbered(0, meta("a", history_mode="paginated"), message("user", "one"), event("x")),
    )
    base = {"thread_id": "a", "end_ordinal_exclusive": 3, "end_byte_offset": old.stat().st_size}
    head = meta("a", history_mode="paginated", history_base=base)
    new = write_lines(
        tmp_path / "rollout-2026-01-01T00-00-00-a_b.jsonl",
        *numbered(3, head, event("task_started", turn_id="t"), message("user", "two")),
    )
    path = tmp_path / "fork.jsonl"
    numbered_meta = replace(FORK, history_mode="paginated")
    fork = copied(open_log(tmp_path, new), path, numbered_meta, interrupted="t")
    assert [line["ordinal"] for line in lines_of(path)] == [0, 1, 2, 4, 5, 6, 7]
    assert [line["type"] for line in lines_of(path)].count("session_meta") == 1
    assert fork.meta == numbered_meta
    assert [turn.status for turn in fork.turns] == ["interrupted"]
