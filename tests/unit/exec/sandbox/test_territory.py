"""What a policy means for the files there are."""

from pathlib import Path

import pytest

from codex_rpc.errors import SandboxError
from codex_rpc.exec.sandbox.port import Confinement
from codex_rpc.exec.sandbox.territory import Territory, territory_of
from codex_rpc.protocol.policies import ReadOnlyPolicy, WorkspaceWritePolicy


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for name in (".git", ".codex", ".agents", "src"):
        (tmp_path / "a/workspace" / name).mkdir(parents=True)
    return tmp_path / "a/workspace"


def territory(workspace: Path, *roots: Path, home: Path | None = None) -> Territory:
    policy = WorkspaceWritePolicy(
        writable_roots=[str(root) for root in roots],
        exclude_slash_tmp=True,
        exclude_tmpdir_env_var=True,
    )
    return territory_of(Confinement(policy, workspace, None), str(home) if home else None)


def below(workspace: Path, found: Territory) -> dict[str, str]:
    """Its entries, by their paths from the directory that has the scene."""
    top = workspace.parent.parent
    return {str(Path(path).relative_to(top)): access for path, access in found.access.items()}


def test_protected_names_are_read_only_in_a_writable_workspace(workspace: Path) -> None:
    found = territory(workspace)
    assert below(workspace, found) == {
        "a/workspace": "writable",
        "a/workspace/.agents": "read-only",
        "a/workspace/.codex": "read-only",
        "a/workspace/.git": "read-only",
    }
    assert found.missing == ()


def test_missing_protected_names_are_told(workspace: Path) -> None:
    (workspace / ".git").rmdir()
    found = territory(workspace)
    assert found.missing == (str(workspace / ".git"),)


def test_directories_on_the_way_to_a_protected_one_are_pinned(workspace: Path) -> None:
    found = territory(workspace, workspace.parent.parent)
    assert below(workspace, found)["a"] == "writable"


def test_nothing_is_writable_under_the_read_only_policy(workspace: Path) -> None:
    home = str(workspace.parent)
    found = territory_of(Confinement(ReadOnlyPolicy(), workspace, None), home)
    assert found == Territory({home: "private"}, ())


def test_our_home_is_private_unless_it_is_a_root_itself(workspace: Path) -> None:
    home = workspace / ".codex"
    assert territory(workspace, home=home).access[str(home)] == "private"
    assert territory(workspace, home, home=home).access[str(home)] == "writable"


def test_a_worktrees_repository_is_protected_with_the_one_it_shares(workspace: Path) -> None:
    (workspace / ".git").rmdir()
    (workspace / "main/.git/worktrees/w").mkdir(parents=True)
    (workspace / "main/.git/worktrees/w/commondir").write_text("../..\n")
    (workspace / ".git").write_text("gitdir: main/.git/worktrees/w\n")
    found = below(workspace, territory(workspace))
    assert found["a/workspace/.git"] == "read-only"
    assert found["a/workspace/main"] == "writable"
    assert found["a/workspace/main/.git"] == "read-only"
    assert found["a/workspace/main/.git/worktrees/w"] == "read-only"


def test_a_repository_that_is_not_there_cannot_be_protected(workspace: Path) -> None:
    (workspace / ".git").rmdir()
    (workspace / ".git").write_text("gitdir: main/.git\n")
    with pytest.raises(SandboxError, match="does not exist"):
        territory(workspace)


def test_a_workspace_with_a_linked_git_directory_keeps_its_entries(workspace: Path) -> None:
    (workspace / ".git").rename(workspace / "real")
    (workspace / ".git").symlink_to("real")
    assert below(workspace, territory(workspace)) == {
        "a/workspace": "read-only",
        "a/workspace/.agents": "read-only",
        "a/workspace/.codex": "read-only",
        "a/workspace/real": "read-only",
        "a/workspace/src": "writable",
    }


def test_a_root_that_is_missing_is_named(workspace: Path) -> None:
    with pytest.raises(SandboxError, match=r"/nowhere does not exist"):
        territory(workspace, Path("/nowhere"))


def test_a_root_behind_a_link_that_commands_can_change_is_refused(workspace: Path) -> None:
    (workspace / "link").symlink_to("/etc")
    with pytest.raises(SandboxError, match="symbolic link"):
        territory(workspace, workspace / "link")
    with pytest.raises(SandboxError, match="symbolic link"):
        territory(workspace, workspace / "link" / "ssl")


def test_a_root_behind_another_link_is_followed(workspace: Path) -> None:
    link = workspace.parent / "link"
    link.symlink_to("workspace/src")
    assert territory(workspace, link).access[str(workspace / "src")] == "writable"


def test_links_in_a_circle_are_refused(workspace: Path) -> None:
    (workspace.parent / "link").symlink_to("link")
    with pytest.raises(SandboxError, match="too many"):
        territory(workspace, workspace.parent / "link")


@pytest.mark.parametrize("root", ["/proc", "/sys/kernel", "/dev"])
def test_the_kernels_views_cannot_be_made_writable(workspace: Path, root: str) -> None:
    with pytest.raises(SandboxError, match="no disk"):
        territory(workspace, Path(root))


def test_a_root_in_a_protected_directory_is_writable_with_its_own_protection(
    workspace: Path,
) -> None:
    (workspace / ".codex/inner/.git").mkdir(parents=True)
    found = below(workspace, territory(workspace, workspace / ".codex/inner"))
    assert found["a/workspace/.codex"] == "read-only"
    assert found["a/workspace/.codex/inner"] == "writable"
    assert found["a/workspace/.codex/inner/.git"] == "read-only"
