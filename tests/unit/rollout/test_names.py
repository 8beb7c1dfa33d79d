"""The names of threads, in a file that others write as well."""

import json
from pathlib import Path

from codex_rpc.rollout.names import ThreadNames


def write_entry(home: Path, thread_id: str, name: str) -> None:
    with (home / "session_index.jsonl").open("a") as file:
        entry = {"id": thread_id, "thread_name": name, "updated_at": "2026-01-02T03:04:05Z"}
        file.write(json.dumps(entry) + "\n")


def test_the_last_name_counts(tmp_path: Path) -> None:
    names = ThreadNames(tmp_path)
    names.set("a", "one")
    names.set("b", "other")
    names.set("a", "two")
    assert dict(names.all()) == {"a": "two", "b": "other"}


def test_names_are_written_as_the_other_program_writes_them(tmp_path: Path) -> None:
    ThreadNames(tmp_path).set("a", "Walross 🦭")
    (line,) = (tmp_path / "session_index.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["id"], entry["thread_name"]) == ("a", "Walross 🦭")
    assert entry["updated_at"].endswith("Z")


def test_names_that_another_process_adds_are_seen(tmp_path: Path) -> None:
    names = ThreadNames(tmp_path)
    names.set("a", "ours")
    assert names.all()["a"] == "ours"
    write_entry(tmp_path, "a", "theirs")
    assert names.all()["a"] == "theirs"


def test_a_file_that_another_process_wrote_anew_is_read_anew(tmp_path: Path) -> None:
    names = ThreadNames(tmp_path)
    names.set("a", "one")
    names.set("b", "two")
    assert len(names.all()) == 2
    (tmp_path / "session_index.jsonl").unlink()
    write_entry(tmp_path, "c", "three, which is long, so that the file is no shorter than it was")
    assert dict(names.all()) == {
        "c": "three, which is long, so that the file is no shorter than it was"
    }


def test_a_file_that_is_gone_has_no_names(tmp_path: Path) -> None:
    names = ThreadNames(tmp_path)
    names.set("a", "one")
    assert names.all()
    (tmp_path / "session_index.jsonl").unlink()
    assert not names.all()


def test_half_a_line_is_read_when_it_is_whole(tmp_path: Path) -> None:
    names = ThreadNames(tmp_path)
    path = tmp_path / "session_index.jsonl"
    path.write_text('{"id":"a","thread_name":"he')
    assert not names.all()
    with path.open("a") as file:
        file.write('llo"}\n')
    assert names.all()["a"] == "hello"


def test_a_line_that_a_crash_cut_off_does_not_take_the_next_name_with_it(tmp_path: Path) -> None:
    (tmp_path / "session_index.jsonl").write_text('{"id":"a","thread_name":"he')
    names = ThreadNames(tmp_path)
    names.set("b", "whole")
    assert dict(names.all()) == {"b": "whole"}


def test_a_deleted_thread_leaves_no_name_behind(tmp_path: Path) -> None:
    names = ThreadNames(tmp_path)
    names.set("a", "secret")
    names.set("b", "kept")
    names.remove(["a"])
    assert dict(names.all()) == {"b": "kept"}
    assert "secret" not in (tmp_path / "session_index.jsonl").read_text()
