"""Directories that take up names: when they come, and when they go."""

from pathlib import Path

import pytest

from codex_rpc.config.repository import is_placeholder
from codex_rpc.exec.sandbox.placeholders import Placeholders


def test_the_last_one_to_give_it_back_removes_it(tmp_path: Path) -> None:
    path = str(tmp_path / ".git")
    placeholders = Placeholders()
    placeholders.take(path)
    placeholders.take(path)
    assert is_placeholder(path)
    placeholders.give_back(path)
    assert is_placeholder(path)
    placeholders.give_back(path)
    assert not Path(path).exists()


def test_another_server_keeps_it(tmp_path: Path) -> None:
    """Removing it would take the protection from the other's running commands."""
    path = str(tmp_path / ".git")
    ours, theirs = Placeholders(), Placeholders()
    ours.take(path)
    theirs.take(path)
    ours.give_back(path)
    assert is_placeholder(path)
    theirs.give_back(path)
    assert not Path(path).exists()


def test_what_a_killed_server_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / ".git"
    path.mkdir(mode=0o555)
    assert is_placeholder(str(path))
    placeholders = Placeholders()
    placeholders.take(str(path))
    placeholders.give_back(str(path))
    assert not path.exists()


def test_one_that_was_filled_stays(tmp_path: Path) -> None:
    path = tmp_path / ".git"
    placeholders = Placeholders()
    placeholders.take(str(path))
    path.chmod(0o755)
    (path / "HEAD").write_text("")
    placeholders.give_back(str(path))
    assert (path / "HEAD").exists()


def test_one_that_somebody_replaced_is_taken_again_and_not_removed(tmp_path: Path) -> None:
    path = tmp_path / ".git"
    placeholders = Placeholders()
    placeholders.take(str(path))
    path.rmdir()
    path.mkdir()
    placeholders.give_back(str(path))
    assert path.exists()


def test_directories_that_people_make_are_no_placeholders(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir(mode=0o555)
    (tmp_path / "file").touch(mode=0o444)
    (tmp_path / "link").symlink_to("full")
    (tmp_path / "full").chmod(0o755)
    (tmp_path / "full/file").touch()
    (tmp_path / "full").chmod(0o555)
    assert not any(
        is_placeholder(str(tmp_path / name)) for name in ("empty", "full", "file", "link", "none")
    )


def test_where_none_can_be_made_the_system_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        Placeholders().take(str(tmp_path / "file/.git"))
