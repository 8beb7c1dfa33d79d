"""May this command run, may this patch be applied, or must somebody be asked?

Pure, but for looking through symbolic links in `paths_inside_roots`. Approvals that the user gave
for a whole session, and asking itself, are the session's.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Literal, assert_never

from codex_rpc.exec.command_safety import CommandRisk
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

PROTECTED_NAMES = frozenset({".git", ".codex"})
"""Directories in a writable root that stay read-only: what is in them can make programs run."""


class Verdict(Enum):
    RUN = auto()
    RUN_IN_SANDBOX = auto()
    """Run, held to the sandbox policy; only where `enforcement` can."""
    ASK = auto()
    """Ask; if granted, run without a sandbox."""
    REFUSE = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and why if that is to refuse (a sentence for the model)."""

    verdict: Verdict
    reason: str | None = None


_Confinement = Literal["unrestricted", "sandboxed", "unenforceable"]
"""What the sandbox policy wants: nothing, or limits that hold, or limits that nothing enforces."""

_Row = Literal["untrusted", "on-request", "never"]

_RUN, _BOX, _ASK, _NO = Verdict.RUN, Verdict.RUN_IN_SANDBOX, Verdict.ASK, Verdict.REFUSE

_COMMANDS: dict[tuple[_Row, _Confinement], dict[CommandRisk, Verdict]] = {
    ("untrusted", "unrestricted"): {"safe": _RUN, "other": _ASK, "dangerous": _ASK},
    ("untrusted", "sandboxed"): {"safe": _BOX, "other": _ASK, "dangerous": _ASK},
    ("untrusted", "unenforceable"): {"safe": _RUN, "other": _ASK, "dangerous": _ASK},
    ("on-request", "unrestricted"): {"safe": _RUN, "other": _RUN, "dangerous": _ASK},
    ("on-request", "sandboxed"): {"safe": _BOX, "other": _BOX, "dangerous": _ASK},
    ("on-request", "unenforceable"): {"safe": _RUN, "other": _ASK, "dangerous": _ASK},
    ("never", "unrestricted"): {"safe": _RUN, "other": _RUN, "dangerous": _NO},
    ("never", "sandboxed"): {"safe": _BOX, "other": _BOX, "dangerous": _NO},
    ("never", "unenforceable"): {"safe": _RUN, "other": _NO, "dangerous": _NO},
}

_NO_SANDBOX = "no sandbox is available on this machine"
_DANGEROUS = "the command is dangerous"


def decide_command(
    policy: AskForApproval,
    sandbox: SandboxPolicy,
    enforcement: Enforcement,
    command: CommandRisk,
    *,
    escalated: bool,
) -> Decision:
    """Whether a command may run; `escalated` if the model asks to run it without the sandbox."""
    if escalated and not (_row(policy) == "on-request" and _may_ask(policy)):
        return _refusal("escalated permissions were asked for", policy)
    verdict = _COMMANDS[_row(policy), _confinement(sandbox, enforcement)][command]
    if escalated and verdict is Verdict.RUN_IN_SANDBOX:
        return Decision(Verdict.ASK)
    if verdict is Verdict.REFUSE or (verdict is Verdict.ASK and not _may_ask(policy)):
        return _refusal(_DANGEROUS if command == "dangerous" else _NO_SANDBOX, policy)
    return Decision(verdict)


def decide_patch(
    policy: AskForApproval, sandbox: SandboxPolicy, *, paths_inside_roots: bool
) -> Decision:
    """Whether a patch may be applied.

    Patches are applied by this process, file by file; that their paths have been checked is what
    holds them to the sandbox policy, so it makes no difference what can enforce it on commands.
    """
    if policy == "untrusted":
        return Decision(Verdict.ASK)
    if paths_inside_roots or _confinement(sandbox, "none") == "unrestricted":
        return Decision(Verdict.RUN)
    if _may_ask(policy):
        return Decision(Verdict.ASK)
    return Decision(
        Verdict.REFUSE, "writing outside of the project; rejected by user approval settings"
    )


def writable_roots(sandbox: WorkspaceWritePolicy, cwd: Path, tmpdir: str | None) -> list[Path]:
    """The directories below which the policy allows writing; `tmpdir` is the value of `$TMPDIR`."""
    roots = [*map(Path, sandbox.writable_roots), cwd]
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


def _row(policy: AskForApproval) -> _Row:
    return "on-request" if isinstance(policy, GranularApproval) else policy


def _may_ask(policy: AskForApproval) -> bool:
    if isinstance(policy, GranularApproval):
        return policy.granular.sandbox_approval
    return policy != "never"


def _refusal(cause: str, policy: AskForApproval) -> Decision:
    rule = "does not allow asking" if isinstance(policy, GranularApproval) else f"is {policy}"
    return Decision(Verdict.REFUSE, f"{cause} and the approval policy {rule}")


def _confinement(sandbox: SandboxPolicy, enforcement: Enforcement) -> _Confinement:
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
