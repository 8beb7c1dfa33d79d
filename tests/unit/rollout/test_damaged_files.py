"""Rollouts that are cut off, damaged or no rollouts at all; and reading no more than needed."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_rpc.errors import EmptyRolloutError, RolloutError, RolloutMetaMissingError
from codex_rpc.protocol.response_items import user_message
from codex_rpc.rollout.reconstruct import Reconstructed, load_rollout, read_head
from codex_rpc.rollout.session_meta import SessionMeta
from tests.unit.rollout.files import event, message, meta, write_lines
from tests.unit.rollout.live_thread import LiveThread, said
from tests.unit.rollout.shown_items import ITEMS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the examples of a property, which each write their files anew."""
    return tmp_path_factory.mktemp("rollout")


@pytest.mark.parametrize("read", [load_rollout, read_head])
@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptyRolloutError),
        (b"\n \n", EmptyRolloutError),
        (b"not a rollout\n", RolloutMetaMissingError),
        (b'{"type":"session_meta","payload":{"cwd":"/"}}\n', RolloutMetaMissingError),
    ],
)
def test_a_file_without_a_thread_is_refused(
    tmp_path: Path, read: Any, content: bytes, error: type[RolloutError]
) -> None:
    path = write_lines(tmp_path / "r", content)
    with pytest.raises(error):
        read(path)


@pytest.fixture(scope="module")
def whole(folder: Path) -> Path:
    """A file with a bit of everything, written by the recorder."""

    async def write() -> Path:
        live = LiveThread(folder / "whole.jsonl")
        live.talk("ümlaut ☃", "one")
        live.begin_turn()
        for item in ITEMS:
            live.show(item)
        live.use(10, 10)
        live.compact("sum", [user_message("kept"), said("no")])
        live.end_turn()
        live.talk("third", "three")
        live.roll_back(1)
        await live.write()
        return live.path

    return anyio.run(write)


def assert_equal(loaded: Reconstructed, expected: Reconstructed) -> None:
    assert loaded.history.snapshot() == expected.history.snapshot()
    assert [one.turn() for one in loaded.turns] == [one.turn() for one in expected.turns]
    assert (loaded.settings, loaded.total_usage) == (expected.settings, expected.total_usage)


@settings(deadline=None)
@given(data=st.data())
def test_a_file_cut_anywhere_loads_everything_before_the_cut(
    folder: Path, whole: Path, data: st.DataObject
) -> None:
    """A process may be killed, or a disk be full, at any byte."""
    content = whole.read_bytes()
    cut = data.draw(st.integers(content.index(b"\n"), len(content)))
    *lines, tail = content[:cut].split(b"\n")
    torn = bool(tail) and content[cut : cut + 1] != b"\n"
    kept = lines if torn else [*lines, tail]

    loaded = load_rollout(write_lines(folder / "torn", content[:cut]))
    expected = load_rollout(write_lines(folder / "trimmed", b"\n".join(kept) + b"\n"))
    assert_equal(loaded, expected)
    assert loaded.counts.torn == torn
    assert loaded.counts.malformed == torn


NOISE = st.binary(min_size=1, max_size=30).map(lambda raw: b"!" + raw.replace(b"\n", b"") + b"\n")


@settings(deadline=None)
@given(noise=st.lists(st.tuples(NOISE, st.integers(0, 100)), max_size=5))
def test_malformed_lines_anywhere_change_nothing_but_their_count(
    folder: Path, whole: Path, noise: list[tuple[bytes, int]]
) -> None:
    lines = whole.read_bytes().splitlines(keepends=True)
    for malformed, place in noise:
        lines.insert(place, malformed)
    loaded = load_rollout(write_lines(folder / "noisy", *lines))
    assert_equal(loaded, load_rollout(whole))
    assert loaded.counts.malformed == len(noise)


def test_lines_that_break_their_promise_are_counted(tmp_path: Path) -> None:
    broken = {"type": "message", "role": "user"}
    path = write_lines(
        tmp_path / "r",
        meta(),
        message("user", "hi"),
        event("thread_rolled_back", num_turns=-1),
        event("thread_rolled_back"),
        event("token_count", info=[], rate_limits="x"),
        event("item_completed", item={"type": "agentMessage"}),
        event("task_complete", error="x"),
        {"type": "event_msg", "payload": {}},
        {"type": "compacted", "payload": {"message": None, "replacement_history": [broken, 3]}},
        {"type": "response_item", "payload": broken},
        message("user", "again"),
    )
    loaded = load_rollout(path)
    assert loaded.history.snapshot() == (user_message("again"),)
    assert loaded.counts.malformed == 6


# --- the head of a file ------------------------------------------------------------------------


def test_a_head_is_read_no_further_than_needed(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "r",
        b"broken\n",
        meta(),
        message("developer", "rules"),
        message("user", "<environment_context>\n  <cwd>/</cwd>\n</environment_context>"),
        event("item_completed", item={}),
        message("user", "first words"),
        message("user", "second words"),
    )
    head = read_head(path)
    assert (head.meta.thread_id, head.preview) == ("t-1", "first words")
    assert head == read_head(
        write_lines(tmp_path / "short", *path.read_bytes().splitlines(True)[:6])
    )


def test_the_head_of_a_thread_without_words_is_its_name(tmp_path: Path) -> None:
    head = read_head(write_lines(tmp_path / "r", meta()))
    assert head.preview == ""
    assert isinstance(head.meta, SessionMeta)
