"""What the names of rollout files say."""

from pathlib import Path

import pytest

from codex_rpc.rollout.files import RolloutName, day_folder

V7 = "019cad00-0000-7000-8000-000000000001"
V4 = "5973b6c0-94b8-487b-a530-2aeb6098ae0e"
OWN = "019cb000-0000-7000-8000-000000000002"


def name_of(name: str) -> RolloutName:
    found = RolloutName.of(name)
    assert found is not None
    return found


def test_an_id_tells_when_its_thread_began_to_the_millisecond() -> None:
    named = name_of(f"rollout-2026-03-02T03-04-05-{V7}.jsonl")
    assert (named.thread_id, named.created) == (V7, 0x019CAD000000)


def test_a_thread_whose_id_has_no_time_began_when_its_file_says() -> None:
    named = name_of(f"rollout-2025-05-07T17-24-21-{V4}.jsonl")
    later = name_of(f"rollout-2025-05-07T17-24-22-{V4}.jsonl")
    assert later.created - named.created == 1000


def test_a_file_that_claims_to_be_older_than_its_thread_is_believed() -> None:
    named = name_of(f"rollout-2020-01-01T00-00-00-{V7}.jsonl")
    assert named.created < 0x019CAD000000


def test_the_file_of_a_revert_is_the_same_thread_and_comes_later() -> None:
    first = name_of(f"rollout-2026-03-02T03-04-05-{V7}.jsonl")
    second = name_of(f"rollout-2026-03-02T03-04-05-{V7}_{OWN}.jsonl")
    assert (second.thread_id, second.created) == (first.thread_id, first.created)
    assert second.sequence > first.sequence
    assert (first.file_id, second.file_id) == (V7, OWN)


@pytest.mark.parametrize(
    "name", ["rollout-foo.jsonl", f"rollout-2026-13-02-{V7}.jsonl", "notes.txt", "rollout-.jsonl"]
)
def test_other_names_say_nothing(name: str) -> None:
    assert RolloutName.of(name) is None


def test_a_file_belongs_in_the_folder_of_the_day_in_its_name(tmp_path: Path) -> None:
    folder = day_folder(tmp_path, f"rollout-2026-03-02T03-04-05-{V7}.jsonl")
    assert folder == tmp_path / "sessions" / "2026" / "03" / "02"
