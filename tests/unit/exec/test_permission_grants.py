"""What holds when the user has granted more than the sandbox policy allows."""

from pathlib import Path

import pytest

from codex_rpc.exec.approval_policy import paths_inside_roots, writable_roots
from codex_rpc.exec.permission_grants import Grants, ReadOnlyButPolicy, policy_with
from codex_rpc.exec.sandbox.port import Confinement
from codex_rpc.exec.sandbox.territory import territory_of
from codex_rpc.protocol.policies import (
    DangerFullAccessPolicy,
    ExternalSandboxPolicy,
    ReadOnlyPolicy,
    SandboxPolicy,
    WorkspaceWritePolicy,
)

A, B = Path("/a"), Path("/b")
WORKSPACE = WorkspaceWritePolicy(writable_roots=["/w"])


def test_grants_add_up_and_keep_only_what_is_outermost() -> None:
    """A folder below another could be swapped for a link by whoever may write to that."""
    both = Grants((A / "sub", B), network=False) | Grants((A,), network=True)
    assert both == Grants((B, A), network=True)
    assert Grants((A,)) | Grants((A,)) == Grants((A,))
    assert not Grants()


def test_no_more_is_granted_than_was_asked_for() -> None:
    asked = Grants((A,), network=False)
    assert Grants((A / "sub", B, Path("/")), network=True).within(asked) == Grants((A / "sub",))
    assert Grants((Path("/ab"),)).within(asked) == Grants()
    assert Grants((A,), network=True).within(Grants((A,), network=True)) == Grants((A,), True)


@pytest.mark.parametrize(
    ("policy", "missing"),
    [
        (DangerFullAccessPolicy(), Grants()),
        (ExternalSandboxPolicy(network_access="enabled"), Grants()),
        (ExternalSandboxPolicy(), Grants(network=True)),
        (ReadOnlyPolicy(network_access=True), Grants((A, B))),
        (WORKSPACE, Grants((B,), network=True)),
    ],
)
def test_only_what_is_missing_has_to_be_asked_for(policy: SandboxPolicy, missing: Grants) -> None:
    roots = [A] if policy is WORKSPACE else []
    assert Grants((A, B), network=True).beyond(policy, roots) == missing


@pytest.mark.parametrize(
    ("policy", "grants", "expected"),
    [
        (WORKSPACE, Grants(), WORKSPACE),
        (
            WORKSPACE,
            Grants((A,), network=True),
            WorkspaceWritePolicy(writable_roots=["/w", "/a"], network_access=True),
        ),
        (ReadOnlyPolicy(), Grants(network=True), ReadOnlyPolicy(network_access=True)),
        (
            ReadOnlyPolicy(),
            Grants((A,)),
            ReadOnlyButPolicy(
                writable_roots=["/a"], exclude_slash_tmp=True, exclude_tmpdir_env_var=True
            ),
        ),
        (DangerFullAccessPolicy(), Grants((A,), network=True), DangerFullAccessPolicy()),
        (
            ExternalSandboxPolicy(),
            Grants((A,), network=True),
            ExternalSandboxPolicy(network_access="enabled"),
        ),
    ],
)
def test_grants_extend_the_policy(
    policy: SandboxPolicy, grants: Grants, expected: SandboxPolicy
) -> None:
    assert policy_with(policy, grants) == expected


def test_a_read_only_policy_is_opened_nowhere_else(tmp_path: Path) -> None:
    """Neither in the working directory nor in the folders for temporary files."""
    cwd, granted = tmp_path / "cwd", tmp_path / "granted"
    cwd.mkdir()
    granted.mkdir()
    policy = policy_with(ReadOnlyPolicy(), Grants((granted,)))
    assert isinstance(policy, WorkspaceWritePolicy)
    assert writable_roots(policy, cwd, "/tmp") == [granted]
    assert paths_inside_roots([granted / "a"], policy, cwd, "/tmp")
    assert not paths_inside_roots([cwd / "a"], policy, cwd, "/tmp")
    territory = territory_of(Confinement(policy, cwd, "/tmp"), None)
    assert [path for path, access in territory.access.items() if access == "writable"] == [
        str(granted)
    ]
