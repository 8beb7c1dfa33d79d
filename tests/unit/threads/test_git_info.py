"""What is recorded of the repository a thread begins in, compared with what git itself says."""

import subprocess
from pathlib import Path

import pytest

from codex_rpc.protocol.thread import GitInfo
from codex_rpc.threads.git_info import git_info, without_credentials


def git(folder: Path, *words: str) -> str:
    settings = ["-c", "user.name=x", "-c", "user.email=x@y", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", "-C", str(folder), *settings, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a commit."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", ".")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")
    return folder


async def test_commit_branch_and_origin_are_found_from_any_folder(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "feat/x")
    git(repository, "remote", "add", "other", "https://h/other")
    git(repository, "remote", "add", "origin", "git@h.com:a/b.git")
    inner = repository / "a" / "b"
    inner.mkdir(parents=True)
    expected = GitInfo(
        sha=git(repository, "rev-parse", "HEAD"), branch="feat/x", origin_url="git@h.com:a/b.git"
    )
    assert await git_info(inner) == expected


async def test_packed_and_detached_heads_are_read(repository: Path) -> None:
    sha = git(repository, "rev-parse", "HEAD")
    git(repository, "pack-refs", "--all")
    assert await git_info(repository) == GitInfo(sha=sha, branch="main")
    git(repository, "checkout", "-q", "--detach")
    assert await git_info(repository) == GitInfo(sha=sha)


async def test_a_worktree_has_its_own_branch_and_the_common_origin(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://h/x")
    tree = repository.parent / "tree"
    git(repository, "worktree", "add", "-q", str(tree), "-b", "aside")
    expected = GitInfo(
        sha=git(repository, "rev-parse", "HEAD"), branch="aside", origin_url="https://h/x"
    )
    assert await git_info(tree) == expected


async def test_an_empty_directory_in_the_place_of_git_is_passed_over(repository: Path) -> None:
    (repository / "part").mkdir()
    (repository / "part" / ".git").mkdir(mode=0o555)
    assert await git_info(repository / "part") == await git_info(repository)


async def test_what_is_no_repository_has_no_info(tmp_path: Path) -> None:
    assert await git_info(tmp_path) is None
    assert await git_info(tmp_path / "missing") is None


async def test_a_repository_without_commits_has_a_branch_only(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", ".")
    assert await git_info(tmp_path) == GitInfo(branch="main")


async def test_refs_do_not_lead_out_of_the_repository(repository: Path) -> None:
    (repository.parent / "secret").write_text("a" * 40)
    (repository / ".git" / "HEAD").write_text("ref: refs/heads/../../../../secret\n")
    found = await git_info(repository)
    assert found is not None
    assert found.sha is None


async def test_broken_files_are_no_failure(repository: Path) -> None:
    (repository / ".git" / "HEAD").write_bytes(b"\xff\xfe\x00")
    (repository / ".git" / "config").write_bytes(b'[remote "origin"]\n\turl\n\xff')
    assert await git_info(repository) == GitInfo()


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://user:secret@h.com/x.git", "https://h.com/x.git"),
        ("HTTPS://token@H.com:443/a?b#c", "HTTPS://H.com:443/a?b#c"),
        ("https://h.com/a@b", "https://h.com/a@b"),
        ("ssh://git@h.com:22/a", "ssh://git@h.com:22/a"),
        ("git@h.com:a/b", "git@h.com:a/b"),
        ("/some/where", "/some/where"),
        ("https://u:p@@h/x y", None),
        ("https://", None),
        ("", None),
    ],
)
def test_nothing_secret_of_an_address_is_recorded(url: str, kept: str | None) -> None:
    """Credentials never reach rollouts."""
    assert without_credentials(url) == kept
