"""The approval matrix, cell by cell, and the paths a patch may touch."""

import os
from pathlib import Path

import pytest

from codex_rpc.exec.approval_policy import (
    Decision,
    Enforcement,
    Verdict,
    decide_command,
    decide_patch,
    decide_ruled_command,
    may_retry,
    paths_inside_roots,
)
from codex_rpc.exec.command_safety import CommandRisk
from codex_rpc.exec.rules.judgement import judge
from codex_rpc.exec.rules.parsing import parse_rules
from codex_rpc.protocol.policies import (
    AskForApproval,
    DangerFullAccessPolicy,
    ExternalSandboxPolicy,
    GranularApproval,
    GranularRules,
    ReadOnlyPolicy,
    SandboxPolicy,
    WorkspaceWritePolicy,
)

RISKS: tuple[CommandRisk, ...] = ("safe", "other", "dangerous")
VERDICTS = {
    "run": Verdict.RUN,
    "box": Verdict.RUN_IN_SANDBOX,
    "ask": Verdict.ASK,
    "ask+box": Verdict.ASK_THEN_SANDBOX,
    "no": Verdict.REFUSE,
}
UNRESTRICTED = (DangerFullAccessPolicy(), ExternalSandboxPolicy())
RESTRICTED = (ReadOnlyPolicy(), WorkspaceWritePolicy())


def granular(*, sandbox_approval: bool) -> GranularApproval:
    rules = GranularRules(sandbox_approval=sandbox_approval, rules=True, mcp_elicitations=True)
    return GranularApproval(granular=rules)


POLICIES: dict[str, AskForApproval] = {
    "untrusted": "untrusted",
    "on-request": "on-request",
    "never": "never",
    "asking": granular(sandbox_approval=True),
    "silent": granular(sandbox_approval=False),
}

# For safe, other and dangerous commands; then the same with escalated permissions.
UNRESTRICTED_CELLS = {
    "untrusted": ("run ask ask", "no no no"),
    "on-request": ("run run ask", "run run ask"),
    "never": ("run run no", "no no no"),
    "asking": ("run run ask", "run run ask"),
    "silent": ("run run no", "no no no"),
}
UNENFORCEABLE_CELLS = {
    "untrusted": ("run ask ask", "no no no"),
    "on-request": ("run ask ask", "run ask ask"),
    "never": ("run no no", "no no no"),
    "asking": ("run ask ask", "run ask ask"),
    "silent": ("run no no", "no no no"),
}
SANDBOXED_CELLS = {
    "untrusted": ("box ask+box ask+box", "no no no"),
    "on-request": ("box box ask+box", "ask ask ask"),
    "never": ("box box no", "no no no"),
    "asking": ("box box ask+box", "ask ask ask"),
    "silent": ("box box no", "no no no"),
}


def verdicts(
    policy: AskForApproval, sandbox: SandboxPolicy, enforcement: Enforcement, *, escalated: bool
) -> list[Verdict]:
    return [
        decide_command(policy, sandbox, enforcement, risk, escalated=escalated).verdict
        for risk in RISKS
    ]


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(
    ("sandboxes", "enforcements", "cells"),
    [
        (UNRESTRICTED, ("none", "bubblewrap", "landlock", "seatbelt"), UNRESTRICTED_CELLS),
        (RESTRICTED, ("none",), UNENFORCEABLE_CELLS),
        (RESTRICTED, ("bubblewrap", "seatbelt"), SANDBOXED_CELLS),
        ((ReadOnlyPolicy(),), ("landlock",), SANDBOXED_CELLS),
        ((WorkspaceWritePolicy(),), ("landlock",), UNENFORCEABLE_CELLS),
    ],
    ids=["unrestricted", "unenforceable", "sandboxed", "landlock read", "landlock write"],
)
def test_commands_run_ask_or_are_refused(
    name: str,
    sandboxes: tuple[SandboxPolicy, ...],
    enforcements: tuple[Enforcement, ...],
    cells: dict[str, tuple[str, str]],
) -> None:
    plain, escalated = ([VERDICTS[word] for word in cell.split()] for cell in cells[name])
    for sandbox in sandboxes:
        for enforcement in enforcements:
            policy = POLICIES[name]
            assert verdicts(policy, sandbox, enforcement, escalated=False) == plain
            assert verdicts(policy, sandbox, enforcement, escalated=True) == escalated


@pytest.mark.parametrize(
    ("name", "risk", "escalated", "reason"),
    [
        (
            "never",
            "other",
            False,
            "no sandbox is available on this machine and the approval policy is never",
        ),
        ("never", "dangerous", False, "the command is dangerous and the approval policy is never"),
        (
            "silent",
            "other",
            False,
            "no sandbox is available on this machine and the approval policy does not allow asking",
        ),
        (
            "untrusted",
            "safe",
            True,
            "escalated permissions were asked for and the approval policy is untrusted",
        ),
    ],
)
def test_refusals_say_why(name: str, risk: CommandRisk, escalated: bool, reason: str) -> None:
    decision = decide_command(
        POLICIES[name], WorkspaceWritePolicy(), "none", risk, escalated=escalated
    )

    assert decision == Decision(Verdict.REFUSE, reason)


RULED = parse_rules(
    Path("some.rules"),
    """
prefix_rule(["make"])
prefix_rule(["make", "install"], "prompt")
prefix_rule(["git"], "prompt", justification="look first")
prefix_rule(["curl"], "forbidden", justification="no network")
""",
).rules


@pytest.mark.parametrize(
    ("script", "cells"),
    [
        # By policy, in a sandbox.
        ("make", "run run run run run"),
        ("make install", "ask+box ask+box no ask+box ask+box"),
        ("make && ls", "box box box box box"),
        ("make && touch x", "ask+box box box box box"),
        ("make && rm -f x", "ask+box ask+box no ask+box no"),
        ("git log", "ask+box ask+box no ask+box ask+box"),
        ("make && git log", "ask+box ask+box no ask+box ask+box"),
        ("make && curl x", "no no no no no"),
        ("curl x && git log", "no no no no no"),
    ],
)
def test_rules_and_policy_decide_together(script: str, cells: str) -> None:
    """What is allowed runs outside the sandbox only if all of it is; else the stricter holds."""
    ruling = judge(["bash", "-lc", script], RULED)
    decisions = [
        decide_ruled_command(
            policy, WorkspaceWritePolicy(), "bubblewrap", ruling, escalated=False
        ).verdict
        for policy in POLICIES.values()
    ]

    assert decisions == [VERDICTS[word] for word in cells.split()]


def test_what_a_rule_asks_about_is_refused_where_rules_may_not_ask() -> None:
    rules = GranularRules(sandbox_approval=True, rules=False, mcp_elicitations=True)
    policy = GranularApproval(granular=rules)
    ruling = judge(["git", "log"], RULED)

    assert decide_ruled_command(
        policy, DangerFullAccessPolicy(), "none", ruling, escalated=False
    ) == Decision(
        Verdict.REFUSE,
        "a rule wants the user to be asked about `git`: look first "
        "and the approval policy does not allow asking",
    )


def test_a_rule_asks_where_the_policy_would_not_and_says_why() -> None:
    ruling = judge(["git", "log"], RULED)

    assert decide_ruled_command(
        "on-request", DangerFullAccessPolicy(), "none", ruling, escalated=False
    ) == Decision(Verdict.ASK, "a rule wants the user to be asked about `git`: look first")


@pytest.mark.parametrize("name", POLICIES)
def test_a_denial_is_asked_about_only_by_those_who_ask_beforehand(name: str) -> None:
    asking = name in ("untrusted", "asking")
    assert may_retry(POLICIES[name], ReadOnlyPolicy(), "bubblewrap") == asking
    assert not may_retry(POLICIES[name], ReadOnlyPolicy(), "none")
    assert not may_retry(POLICIES[name], DangerFullAccessPolicy(), "bubblewrap")


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        # In full access; else inside the writable roots; else outside.
        ("untrusted", "ask ask ask"),
        ("on-request", "run run ask"),
        ("never", "run run no"),
        ("asking", "run run ask"),
        ("silent", "run run no"),
    ],
)
def test_patches_are_applied_asked_for_or_refused(name: str, cells: str) -> None:
    policy = POLICIES[name]
    decisions = [
        decide_patch(policy, DangerFullAccessPolicy(), paths_inside_roots=False),
        decide_patch(policy, WorkspaceWritePolicy(), paths_inside_roots=True),
        decide_patch(policy, ReadOnlyPolicy(), paths_inside_roots=False),
    ]

    assert [decision.verdict for decision in decisions] == [VERDICTS[w] for w in cells.split()]
    if decisions[-1].verdict is Verdict.REFUSE:
        assert decisions[-1].reason == (
            "writing outside of the project; rejected by user approval settings"
        )


STRICT = WorkspaceWritePolicy(exclude_slash_tmp=True, exclude_tmpdir_env_var=True)


@pytest.mark.parametrize("path", ["a", "new/dir/a", "./a/../b", ".", ".github/x", "a.git"])
def test_files_below_the_working_directory_are_inside(tmp_path: Path, path: str) -> None:
    assert paths_inside_roots([Path(path), tmp_path / path], STRICT, tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "../a", "a/../../b", "../sibling"),
        *(".git", ".git/hooks/x", ".codex/config.toml", "sub/.git/config", "x/../.git/x", ".GIT/x"),
    ],
)
def test_files_elsewhere_and_protected_ones_are_outside(tmp_path: Path, path: str) -> None:
    assert not paths_inside_roots([Path("fine"), Path(path)], STRICT, tmp_path)


def test_symbolic_links_lead_outside(tmp_path: Path) -> None:
    cwd, outside = tmp_path / "cwd", tmp_path / "outside"
    for directory in (cwd, outside, cwd / ".git", cwd / "real", outside / "deep"):
        directory.mkdir()
    (cwd / "link").symlink_to(outside)
    (cwd / "deep").symlink_to(outside / "deep")
    (cwd / "hooks").symlink_to(cwd / ".git")
    (cwd / "fine").symlink_to(cwd / "real")
    (cwd / "loop").symlink_to(cwd / "loop")

    assert paths_inside_roots([Path("fine/a")], STRICT, cwd)
    for path in ("link/a", "link", "deep/../a", "hooks/pre-commit"):
        assert not paths_inside_roots([Path(path)], STRICT, cwd), path


def test_a_root_reached_through_a_link_is_inside(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    assert paths_inside_roots([Path("a"), tmp_path / "real/a"], STRICT, tmp_path / "link")


def test_roots_are_the_configured_ones_and_temporary_directories(tmp_path: Path) -> None:
    cwd = tmp_path / "cwd"
    configured = WorkspaceWritePolicy(writable_roots=[str(tmp_path / "more"), "relative"])
    more, slash_tmp, tmpdir = tmp_path / "more/a", Path("/tmp/a"), Path("/var/scratch/a")

    assert paths_inside_roots([more, slash_tmp, tmpdir], configured, cwd, "/var/scratch")
    assert not paths_inside_roots([tmpdir], configured, cwd)
    strict = STRICT.model_copy(update={"writable_roots": configured.writable_roots})
    assert paths_inside_roots([more], strict, Path("/cwd"), "/var/scratch")
    assert not paths_inside_roots([slash_tmp], strict, Path("/cwd"), "/var/scratch")
    assert not paths_inside_roots([tmpdir], strict, Path("/cwd"), "/var/scratch")


def test_a_root_may_itself_be_inside_a_protected_directory(tmp_path: Path) -> None:
    cwd = tmp_path / ".codex/worktrees/x"
    cwd.mkdir(parents=True)

    assert paths_inside_roots([Path("a")], STRICT, cwd)


def test_a_separate_git_directory_is_protected(tmp_path: Path) -> None:
    (tmp_path / "cwd").mkdir()
    (tmp_path / "cwd/store").mkdir()
    (tmp_path / "cwd/.git").write_text("gitdir: store\n")

    assert not paths_inside_roots([Path("store/config")], STRICT, tmp_path / "cwd")
    assert paths_inside_roots([Path("stores")], STRICT, tmp_path / "cwd")


@pytest.mark.parametrize("content", [b"\xff", b"no pointer", b""])
def test_an_odd_git_file_protects_nothing_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".git").write_bytes(content)

    assert paths_inside_roots([Path("a")], STRICT, tmp_path)


def test_full_access_has_no_outside_and_read_only_no_inside(tmp_path: Path) -> None:
    for sandbox in UNRESTRICTED:
        assert paths_inside_roots([Path("/etc/passwd")], sandbox, tmp_path)
    assert not paths_inside_roots([Path("a")], ReadOnlyPolicy(), tmp_path)


def test_a_pipe_named_git_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".git")

    assert paths_inside_roots([Path("a")], STRICT, tmp_path)
