"""Logs that go through several files, as the other program's forks and reverts make them."""

from pathlib import Path

import pytest

from codex_rpc.errors import RolloutError
from codex_rpc.protocol.response_items import MessageItem
from codex_rpc.rollout.reconstruct import load_log
from codex_rpc.rollout.thread_log import ThreadLog, open_log
from tests.unit.rollout.files import Line, event, message, meta, write_lines

FIRST = "01a1fda2-114d-7071-9c7c-64eb769ec6f3"
SECOND = "01a1fda2-1218-7c62-9d09-3bef282dd7a3"
FORK = "01a1fda2-131c-7970-8f8b-e6242cba4ab3"
STAMP = "2026-11-21T10-23-39"


def base(rollout_id: str, offset: int) -> Line:
    return {"thread_id": rollout_id, "end_ordinal_exclusive": 1, "end_byte_offset": offset}


def turn(number: int, text: str) -> list[Line]:
    turn_id = f"turn-{number}-{text}"
    return [
        event("task_started", turn_id=turn_id),
        message("user", text),
        event("user_message", message=text),
        event("task_complete", turn_id=turn_id),
    ]


def spoken(log: ThreadLog) -> list[str]:
    items = load_log(log).history.snapshot()
    return [item.text for item in items if isinstance(item, MessageItem)]


def size_after(path: Path, lines: int) -> int:
    return sum(map(len, path.read_bytes().splitlines(keepends=True)[:lines]))


@pytest.fixture
def day(tmp_path: Path) -> Path:
    folder = tmp_path / "sessions" / "2026" / "11" / "21"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def first(day: Path) -> Path:
    """A thread of three turns."""
    turns = [*turn(1, "one"), *turn(2, "two"), *turn(3, "three")]
    return write_lines(day / f"rollout-{STAMP}-{FIRST}.jsonl", meta(FIRST), *turns)


@pytest.fixture
def second(day: Path, first: Path) -> Path:
    """The same thread, gone on after its second turn."""
    start = meta(FIRST, history_base=base(FIRST, size_after(first, 9)))
    path = day / f"rollout-{STAMP}-{FIRST}_{SECOND}.jsonl"
    return write_lines(path, start, *turn(4, "four"), *turn(5, "five"))


@pytest.fixture
def fork(day: Path, second: Path) -> Path:
    """A fork of it, after the first of the new turns."""
    start = meta(FORK, history_base=base(SECOND, size_after(second, 5)))
    return write_lines(day / f"rollout-{STAMP}-{FORK}.jsonl", start, *turn(6, "six"))


def test_a_log_goes_back_through_all_its_files(tmp_path: Path, fork: Path) -> None:
    log = open_log(tmp_path, fork)
    assert spoken(log) == ["one", "two", "four", "six"]
    assert log.meta.thread_id == FORK
    assert [segment.path.stem[-4:] for segment in log.segments] == ["c6f3", "d7a3", "4ab3"]
    shown = [turn.turn_id for turn in load_log(log).turns]
    assert shown == ["turn-1-one", "turn-2-two", "turn-4-four", "turn-6-six"]


def test_an_earlier_file_may_have_been_archived(tmp_path: Path, first: Path, fork: Path) -> None:
    archive = tmp_path / "archived_sessions"
    archive.mkdir()
    first.rename(archive / first.name)
    assert spoken(open_log(tmp_path, fork)) == ["one", "two", "four", "six"]


def test_an_earlier_file_may_be_of_another_day(tmp_path: Path, first: Path, fork: Path) -> None:
    other = tmp_path / "sessions" / "2025" / "01" / "01"
    other.mkdir(parents=True)
    first.rename(other / first.name)
    assert spoken(open_log(tmp_path, fork)) == ["one", "two", "four", "six"]


def test_a_missing_earlier_file_is_reported(tmp_path: Path, first: Path, fork: Path) -> None:
    first.unlink()
    with pytest.raises(RolloutError, match=FIRST):
        open_log(tmp_path, fork)


def test_a_file_that_goes_on_from_itself_is_refused(tmp_path: Path, day: Path) -> None:
    path = day / f"rollout-{STAMP}-{FORK}.jsonl"
    write_lines(path, meta(FORK, history_base=base(FORK, 10)))
    with pytest.raises(RolloutError, match="itself"):
        open_log(tmp_path, path)


def test_a_log_ends_where_it_was_opened(tmp_path: Path, second: Path) -> None:
    log = open_log(tmp_path, second, size_after(second, 5))
    whole = open_log(tmp_path, second)
    with second.open("ab") as file:
        file.write(b"later\n")
    assert spoken(log) == ["one", "two", "four"]
    assert spoken(whole) == ["one", "two", "four", "five"]
    assert open_log(tmp_path, second).size == whole.size + 6


def test_a_slice_keeps_the_offsets_of_the_whole(tmp_path: Path, fork: Path) -> None:
    log = open_log(tmp_path, fork)
    lines = list(log.reader())
    assert lines[-1].end == log.end == log.size
    for begin in range(len(lines)):
        for stop in range(begin + 1, len(lines) + 1):
            part = log.slice(lines[begin].start, lines[stop - 1].end)
            assert list(part.reader()) == lines[begin:stop]
            assert part.end == lines[stop - 1].end
    assert list(log.slice(log.end).reader()) == []
    middle = log.slice(lines[3].start).slice(lines[5].start, lines[9].start)
    assert list(middle.reader()) == lines[5:9]


def test_a_log_counts_the_lines_of_all_its_files(tmp_path: Path, fork: Path) -> None:
    with fork.open("ab") as file:
        file.write(b'{"torn')
    reader = open_log(tmp_path, fork).reader()
    assert len(list(reader)) == 9 + 5 + 5
    assert (reader.counts.lines, reader.counts.malformed, reader.counts.torn) == (20, 1, True)
