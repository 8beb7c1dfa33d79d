import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_rpc.rollout.reader import LineCounts, RolloutReader
from tests.unit.rollout.files import STAMP, event, line, message, meta, write_lines


def kinds(reader: RolloutReader) -> list[str]:
    return [found.event or found.kind for found in reader]


def test_lines_come_in_order_with_their_places(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "r", meta(), message("user", "hi"), event("task_started"))
    content = path.read_bytes()
    found = list(RolloutReader(path))
    assert [one.kind for one in found] == ["session_meta", "response_item", "event_msg"]
    assert [json.loads(content[one.start : one.end])["type"] for one in found] == [
        one.kind for one in found
    ]
    assert found[0].timestamp == STAMP
    assert found[-1].end == len(content)


@pytest.mark.parametrize(
    "broken",
    [
        b"garbage",
        b'{"type":"event_msg","payload":',
        b'{"type":"event_msg"}',
        b'{"type":"event_msg","payload":[]}',
        b'{"type":3,"payload":{}}',
        b'{"timestamp":"x","type":"event_msg","payload":{"type":"a\xff"}}',
        b"\x00\x00\x00",
        b"[" * 100_000,
        b'"text"',
        b"[]",
        b"{}",
    ],
)
def test_a_malformed_line_is_counted_and_passed_over(tmp_path: Path, broken: bytes) -> None:
    path = write_lines(tmp_path / "r", meta(), broken + b"\n", event("task_started"))
    reader = RolloutReader(path)
    assert kinds(reader) == ["session_meta", "task_started"]
    assert reader.counts == LineCounts(lines=3, malformed=1)


def test_blank_lines_and_carriage_returns_do_not_count(tmp_path: Path) -> None:
    crlf = json.dumps(meta()).encode() + b"\r\n"
    reader = RolloutReader(write_lines(tmp_path / "r", b"\n", crlf, b"  \t\r\n", b"\n"))
    assert kinds(reader) == ["session_meta"]
    assert reader.counts == LineCounts(lines=1)


def test_kinds_of_line_that_mean_nothing_here_are_kept_out_of_the_way(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "r",
        line("world_state", {"full": True}, ordinal=0),
        line("token_usage_record", {}, ordinal=1),
        b'{"type": "of_tomorrow"}\n',
        meta(),
    )
    reader = RolloutReader(path)
    assert kinds(reader) == ["session_meta"]
    assert reader.counts == LineCounts(lines=4, foreign=3)


def test_a_last_line_without_an_end_counts_if_it_is_whole(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "r", meta(), json.dumps(event("task_started")).encode())
    reader = RolloutReader(path)
    assert kinds(reader) == ["session_meta", "task_started"]
    assert not reader.counts.torn


@pytest.mark.parametrize("last", [event("task_started"), line("world_state", {"a": "b"})])
def test_a_torn_last_line_is_reported(tmp_path: Path, last: dict[str, object]) -> None:
    torn = json.dumps(last, separators=(",", ":")).encode()[:-1]
    reader = RolloutReader(write_lines(tmp_path / "r", meta(), torn))
    assert kinds(reader) == ["session_meta"]
    assert reader.counts == LineCounts(lines=2, malformed=1, torn=True)


def test_a_part_of_a_file_can_be_read_alone(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "r", meta(), event("a"), event("b"), event("c"))
    whole = list(RolloutReader(path))
    part = RolloutReader(path, start=whole[1].start, end=whole[2].end)
    assert list(part) == whole[1:3]
    assert part.counts == LineCounts(lines=2)


def test_unwanted_events_are_skipped_in_either_spelling_of_a_line(tmp_path: Path) -> None:
    spaced = json.dumps(event("b")).encode() + b"\n"
    path = write_lines(tmp_path / "r", event("a"), event("b"), spaced, event("c"))
    assert kinds(RolloutReader(path, skip=frozenset({"b"}))) == ["a", "c"]


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rollout") / "r"


@given(st.lists(st.one_of(st.none(), st.binary(max_size=40)), max_size=12))
def test_random_bytes_between_lines_harm_no_line(noisy: Path, between: list[bytes | None]) -> None:
    good = 0
    parts: list[dict[str, object] | bytes] = []
    for noise in between:
        if noise is None:
            good += 1
            parts.append(event(f"e{good}"))
        else:
            parts.append(noise.replace(b"\n", b"") + b"\n")
    reader = RolloutReader(write_lines(noisy, *parts))
    assert kinds(reader) == [f"e{number + 1}" for number in range(good)]
    assert reader.counts.lines == good + reader.counts.malformed
