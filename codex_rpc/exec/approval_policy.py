"""May this command run, may this patch be applied, or must somebody be asked?

Pure, but for looking through symbolic links in `paths_inside_roots`. Approvals that the user gave
for a whole session, and asking itself, are the session's.
"""

import os
from collections.abc import Iterable
from enum import Enum, auto
from pathlib import Path
from typing import Literal, assert_never

from msgspec import Struct

from codex_rpc.exec.command_safety import CommandRisk
from codex_rpc.exec.permission_grants import ReadOnlyButPolicy
from codex_rpc.exec.rules.judgement import Ruling
from codex_rpc.protocol.policies import (
    AskForApproval,
    DangerFullAccessPolicy,
    ExternalSandboxPolicy,
    GranularApproval,
    ReadOnlyPolicy,
    SandboxPolicy,
    WorkspaceWritePolicy,
)

Enforcement = Literal["none", "bubblewrap", "landlock", "seatbelt"]
"""What can hold a command to its sandbox policy on this machine."""

PROTECTED_NAMES = frozenset({".git", ".codex", ".agents"})
"""Directories in a writable root that stay read-only: what is in them can make programs run."""


class Verdict(Enum):
    RUN = auto()
    RUN_IN_SANDBOX = auto()
    """Run, held to the sandbox policy; only where `enforcement` can."""
    ASK = auto()
    """Ask; if granted, run without a sandbox."""
    ASK_THEN_SANDBOX = auto()
    """Ask; if granted, run, held to the sandbox policy."""
    REFUSE = auto()


class Decision(Struct, frozen=True):
    """What to do, and why if that is to ask or to refuse (a sentence for the user or the model)."""

    verdict: Verdict
    reason: str | None = None


Limits = Literal["unrestricted", "sandboxed", "unenforceable"]
"""What the sandbox policy wants: nothing, or limits that hold, or limits that nothing enforces."""

Row = Literal["untrusted", "on-request", "granular", "never"]
"""The policies that differ; granular without `sandbox_approval` is as never."""


class Cells(Struct, frozen=True):
    """What becomes of commands, by their risk.

    `escalated` is for those that the model asks to run without the sandbox; `None` if it makes no
    difference. `retry`: after a denial by the sandbox, the user is asked whether the command may
    run again without it; else the model is told of the denial.
    """

    safe: Verdict
    other: Verdict
    dangerous: Verdict
    escalated: Verdict | None
    retry: bool = False

    def verdict(self, risk: CommandRisk, *, escalated: bool) -> Verdict:
        if escalated and self.escalated is not None:
            return self.escalated
        return {"safe": self.safe, "other": self.other, "dangerous": self.dangerous}[risk]


_RUN, _BOX, _ASK, _NO = Verdict.RUN, Verdict.RUN_IN_SANDBOX, Verdict.ASK, Verdict.REFUSE
_ASK_BOX = Verdict.ASK_THEN_SANDBOX

MATRIX: dict[tuple[Row, Limits], Cells] = {
    ("untrusted", "unrestricted"): Cells(_RUN, _ASK, _ASK, _NO),
    ("untrusted", "sandboxed"): Cells(_BOX, _ASK_BOX, _ASK_BOX, _NO, retry=True),
    ("untrusted", "unenforceable"): Cells(_RUN, _ASK, _ASK, _NO),
    ("on-request", "unrestricted"): Cells(_RUN, _RUN, _ASK, None),
    ("on-request", "sandboxed"): Cells(_BOX, _BOX, _ASK_BOX, _ASK),
    ("on-request", "unenforceable"): Cells(_RUN, _ASK, _ASK, None),
    ("granular", "unrestricted"): Cells(_RUN, _RUN, _ASK, None),
    ("granular", "sandboxed"): Cells(_BOX, _BOX, _ASK_BOX, _ASK, retry=True),
    ("granular", "unenforceable"): Cells(_RUN, _ASK, _ASK, None),
    ("never", "unrestricted"): Cells(_RUN, _RUN, _NO, _NO),
    ("never", "sandboxed"): Cells(_BOX, _BOX, _NO, _NO),
    ("never", "unenforceable"): Cells(_RUN, _NO, _NO, _NO),
}
"""The approval matrix, for commands that no rule is about."""

_NO_SANDBOX = "no sandbox is available on this machine"
_DANGEROUS = "the command is dangerous"
_ESCALATED = "escalated permissions were asked for"


def decide_command(
    policy: AskForApproval,
    sandbox: SandboxPolicy,
    enforcement: Enforcement,
    command: CommandRisk,
    *,
    escalated: bool,
) -> Decision:
    """Whether a command may run; `escalated` if the model asks to run it without the sandbox."""
    cells = MATRIX[_row(policy), limits_of(sandbox, enforcement)]
    verdict = cells.verdict(command, escalated=escalated)
    if verdict is not Verdict.REFUSE:
        return Decision(verdict)
    if escalated:
        return _refusal(_ESCALATED, policy)
    return _refusal(_DANGEROUS if command == "dangerous" else _NO_SANDBOX, policy)


def decide_ruled_command(
    policy: AskForApproval,
    sandbox: SandboxPolicy,
    enforcement: Enforcement,
    ruling: Ruling,
    *,
    escalated: bool,
) -> Decision:
    """The same for a command that rules may be about.

    What they forbid is refused. What they allow in all its parts runs outside the sandbox, whatever
    the policy. Of everything else, the stricter holds of what they and the policy say.
    """
    restriction = ruling.restriction
    if restriction is None and ruling.allowed:
        return Decision(Verdict.RUN)
    if restriction is not None and restriction.rule.decision == "forbidden":
        return Decision(Verdict.REFUSE, str(restriction))
    decision = decide_command(policy, sandbox, enforcement, ruling.risk, escalated=escalated)
    if restriction is None or decision.verdict is Verdict.REFUSE:
        return decision
    if not _may_ask_by_rule(policy):
        return _refusal(str(restriction), policy)
    in_sandbox = decision.verdict in (Verdict.RUN_IN_SANDBOX, Verdict.ASK_THEN_SANDBOX)
    return Decision(Verdict.ASK_THEN_SANDBOX if in_sandbox else Verdict.ASK, str(restriction))


def may_retry(policy: AskForApproval, sandbox: SandboxPolicy, enforcement: Enforcement) -> bool:
    """Whether to ask, after the sandbox has denied something, to run without it."""
    return MATRIX[_row(policy), limits_of(sandbox, enforcement)].retry


def decide_patch(
    policy: AskForApproval, sandbox: SandboxPolicy, *, paths_inside_roots: bool
) -> Decision:
    """Whether a patch may be applied.

    Patches are applied by this process, file by file; that their paths have been checked is what
    holds them to the sandbox policy, so it makes no difference what can enforce it on commands.
    """
    if policy == "untrusted":
        return Decision(Verdict.ASK)
    if paths_inside_roots or limits_of(sandbox, "none") == "unrestricted":
        return Decision(Verdict.RUN)
    if _row(policy) != "never":
        return Decision(Verdict.ASK)
    return Decision(
        Verdict.REFUSE, "writing outside of the project; rejected by user approval settings"
    )


def writable_roots(sandbox: WorkspaceWritePolicy, cwd: Path, tmpdir: str | None) -> list[Path]:
    """The directories below which the policy allows writing; `tmpdir` is the value of `$TMPDIR`."""
    roots = [Path(root) for root in sandbox.writable_roots]
    if not isinstance(sandbox, ReadOnlyButPolicy):
        roots.append(cwd)
    if not sandbox.exclude_slash_tmp:
        roots.append(Path("/tmp"))
    if tmpdir and not sandbox.exclude_tmpdir_env_var:
        roots.append(Path(tmpdir))
    return [root for root in roots if root.is_absolute()]


def paths_inside_roots(
    paths: Iterable[Path], sandbox: SandboxPolicy, cwd: Path, tmpdir: str | None = None
) -> bool:
    """Whether the sandbox policy allows writing all these files.

    A path must be inside a writable root as it is spelled as well as after following symbolic
    links, and may not lead through a protected directory there. Relative paths start at `cwd`.
    """
    match sandbox:
        case DangerFullAccessPolicy() | ExternalSandboxPolicy():
            return True
        case ReadOnlyPolicy():
            return False
        case WorkspaceWritePolicy():
            roots = writable_roots(sandbox, cwd, tmpdir)
            admitted = [os.path.normpath(root) for root in roots]
            admitted += map(os.path.realpath, roots)
            return all(
                _admits(admitted, spelling) for path in paths for spelling in _spellings(cwd / path)
            )
        case _:
            assert_never(sandbox)


def _spellings(path: Path) -> set[str]:
    """The path as written, and the places where following its links may lead."""
    lexical = os.path.normpath(path)
    return {lexical, os.path.realpath(path), os.path.realpath(lexical)}


def _row(policy: AskForApproval) -> Row:
    if isinstance(policy, GranularApproval):
        return "granular" if policy.granular.sandbox_approval else "never"
    return policy


def _may_ask_by_rule(policy: AskForApproval) -> bool:
    if isinstance(policy, GranularApproval):
        return policy.granular.rules
    return policy != "never"


def _refusal(cause: str, policy: AskForApproval) -> Decision:
    rule = "does not allow asking" if isinstance(policy, GranularApproval) else f"is {policy}"
    return Decision(Verdict.REFUSE, f"{cause} and the approval policy {rule}")


def limits_of(sandbox: SandboxPolicy, enforcement: Enforcement) -> Limits:
    """How far this sandbox policy binds commands on a machine with this enforcement."""
    if isinstance(sandbox, DangerFullAccessPolicy | ExternalSandboxPolicy):
        return "unrestricted"
    match enforcement:
        case "none":
            return "unenforceable"
        case "landlock":
            # It can neither keep a part of a writable root read-only nor close all of the network.
            return "sandboxed" if isinstance(sandbox, ReadOnlyPolicy) else "unenforceable"
        case "bubblewrap" | "seatbelt":
            return "sandboxed"
        case _:
            assert_never(enforcement)


def _admits(roots: list[str], path: str) -> bool:
    """Whether one of the roots has the path, unless in a protected directory."""
    git_dirs = [git_dir for root in roots if (git_dir := _separate_git_dir(root))]
    if any(Path(path).is_relative_to(git_dir) for git_dir in git_dirs):
        return False
    return any(
        Path(path).is_relative_to(root)
        and not any(
            part.casefold() in PROTECTED_NAMES for part in Path(path).relative_to(root).parts
        )
        for root in roots
    )


def _separate_git_dir(root: str) -> str | None:
    """Where the repository really is if `.git` is a file that points to it."""
    pointer = Path(root, ".git")
    try:
        text = pointer.read_text() if pointer.is_file() else ""
    except (OSError, ValueError):
        return None
    label, _, target = text.partition(":")
    return os.path.realpath(Path(root, target.strip())) if label == "gitdir" else None
