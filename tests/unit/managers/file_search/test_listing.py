"""Listing files, with `rg` and without."""

import os
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from codex_rpc.errors import SearchEndedError
from codex_rpc.managers.file_search.corpus import PIECE, Corpus
from codex_rpc.managers.file_search.listing import Listing
from codex_rpc.managers.file_search.walk import walk
from tests.support.app import eventually

NAMES = [
    "a.py",
    "a.tmp",
    "out/made",
    "src/out/kept",
    "src/.env",
    "src/keep.tmp",
    "src/a.tmp",
    "sub/own/x",
    "sub/own/y",
    "sub/.ignore_me/x",
]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name in NAMES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / ".git" / "info").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (root / ".git" / "info" / "exclude").write_text("y\n")
    (root / ".gitignore").write_text("# made\n/out/\n*.tmp\n!keep.tmp\n")
    (root / "src" / ".gitignore").write_text("\n")
    (root / "sub" / ".ignore").write_text(".ignore_*\n")
    return root


def listed(root: Path, path: str | None) -> list[str]:
    corpus = Corpus()
    Listing([str(root)], path).fill(corpus)
    return [p for piece in corpus.pieces if not piece.is_directory for p in piece.all_paths()]


def test_both_ways_list_the_same(repository: Path) -> None:
    """Below the root and below a folder of it, to which the rules above it apply."""
    for root, expected in {
        repository: ["a.py", "src/.env", "src/keep.tmp", "src/out/kept", "sub/own/x"],
        repository / "src": [".env", "keep.tmp", "out/kept"],
        repository / "sub": ["own/x"],
    }.items():
        for path in (None, ""):
            found = [p for p in listed(root, path) if not p.endswith("ignore")]
            assert found == expected


def test_an_empty_directory_in_the_place_of_git_hides_no_rules(repository: Path) -> None:
    before = sorted(walk(repository / "src"))
    (repository / "src" / ".git").mkdir(mode=0o555)
    assert sorted(walk(repository / "src")) == before


def test_the_directories_of_files_are_listed_too(repository: Path) -> None:
    corpus = Corpus()
    Listing([str(repository)], None).fill(corpus)
    assert corpus.complete
    [directories] = [piece.all_paths() for piece in corpus.pieces if piece.is_directory]
    assert directories == ["src", "src/out", "sub", "sub/own"]


def test_names_that_are_no_text_are_listed_as_far_as_they_are(tmp_path: Path) -> None:
    for name in (b"\xff", b"new\nline"):
        (tmp_path / os.fsdecode(name)).touch()
    for path in (None, ""):
        assert listed(tmp_path, path) == ["new\nline", "\ufffd"]


def test_links_lead_nobody_in_circles(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").touch()
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "a" / "self").symlink_to(".")
    assert list(walk(tmp_path)) == ["a/file"]


def test_large_directories_come_in_pieces_in_order(tmp_path: Path) -> None:
    names = [f"{number:05}" for number in range(PIECE + 10)]
    for name in names:
        (tmp_path / name).touch()
    assert listed(tmp_path, None) == names


async def test_a_listing_that_is_stopped_leaves_no_process(tmp_path: Path) -> None:
    program, number = tmp_path / "bin" / "rg", tmp_path / "number"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho $$ > {number}\nprintf 'a\\0'\nexec sleep 1000\n")
    program.chmod(0o755)
    corpus = Corpus()
    listing = Listing([str(tmp_path)], f"{program.parent}:/bin:/usr/bin")
    ended = False

    def fill() -> None:
        nonlocal ended
        with pytest.raises(SearchEndedError):
            listing.fill(corpus)
        ended = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.to_thread.run_sync, fill)
        await eventually(lambda: bool(corpus.pieces))
        os.kill(int(number.read_text()), 0)
        listing.stop()
    assert ended
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)
