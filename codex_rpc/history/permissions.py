"""What the model is told of its permissions: the approval rules, in words.

What holds is decided in `exec.approval_policy`; a test keeps these words to that table.
"""

import shlex
from collections.abc import Sequence
from typing import Literal, assert_never

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.history.fragments import PERMISSIONS_INSTRUCTIONS
from codex_rpc.protocol.policies import (
    AskForApproval,
    DangerFullAccessPolicy,
    ExternalSandboxPolicy,
    GranularApproval,
    ReadOnlyPolicy,
    SandboxPolicy,
    WorkspaceWritePolicy,
)
from codex_rpc.protocol.response_items import InputText, MessageItem

_Asking = Literal["untrusted", "on-request", "granular", "never"]
_Confinement = Literal["unrestricted", "sandboxed", "unenforceable"]

_READ_RUNS = "Commands that only read run at once."
_DANGEROUS = "dangerous ones, such as `rm -f`"
_NO_SANDBOX = "No sandbox on this machine can hold the others to the policy"

_ON_REQUEST_SANDBOXED = (
    f"Commands run at once, in a sandbox. The user is asked about {_DANGEROUS}, and about "
    "those that you want to run without the sandbox: call the tool with `sandbox_permissions` "
    "set to `require_escalated` and one sentence of `justification` for the user. Do that when "
    "the task needs what the sandbox does not allow, not to be on the safe side."
)
_RETRY = "Where the sandbox stops a command, the user is asked whether it may run once more without"

_COMMANDS: dict[tuple[_Asking, _Confinement], str] = {
    ("untrusted", "unrestricted"): f"{_READ_RUNS} The user is asked about every other.",
    ("untrusted", "sandboxed"): (
        "Commands that only read run at once, in a sandbox. The user is asked about every other, "
        f"and what the user allows runs in the sandbox, too. {_RETRY}. `require_escalated` is "
        "refused."
    ),
    ("untrusted", "unenforceable"): f"{_READ_RUNS} The user is asked about every other.",
    ("on-request", "unrestricted"): (
        f"Commands run at once. The user is asked only about {_DANGEROUS}."
    ),
    ("on-request", "sandboxed"): _ON_REQUEST_SANDBOXED,
    ("granular", "sandboxed"): f"{_ON_REQUEST_SANDBOXED} {_RETRY}.",
    ("on-request", "unenforceable"): (
        f"{_READ_RUNS} {_NO_SANDBOX}, so the user is asked about every one of them."
    ),
    ("never", "unrestricted"): (
        f"Commands run at once, but {_DANGEROUS}, are refused. The user is never asked."
    ),
    ("never", "sandboxed"): (
        f"Commands run at once, in a sandbox, but {_DANGEROUS}, are refused, and so is "
        "`require_escalated`. The user is never asked: find a way within the sandbox."
    ),
    ("never", "unenforceable"): (
        f"{_READ_RUNS} {_NO_SANDBOX}, and the user is never asked, so they are refused."
    ),
}


MOST_PREFIXES = 100
"""How many of the user's own rules the model is told of."""


def permissions_instructions(
    settings: ThreadSettings, *, enforced: bool, allowed: Sequence[str] = ()
) -> MessageItem:
    """The rules that hold with these settings.

    `enforced`: whether this machine can hold commands to this sandbox policy. `allowed`: how
    commands begin that the user has allowed for good.
    """
    asking = _asking(settings.approval_policy)
    sandbox = settings.sandbox_policy
    unrestricted = isinstance(sandbox, DangerFullAccessPolicy | ExternalSandboxPolicy)
    confinement: _Confinement = (
        "unrestricted" if unrestricted else "sandboxed" if enforced else "unenforceable"
    )
    lines = [
        f"Files: {_files(sandbox, str(settings.cwd))}",
        f"Network: {_network(sandbox)}",
        f"Commands: {_commands(asking, confinement)}",
        *_rules(allowed),
        f"Patches: {_patches(asking, unrestricted=unrestricted)}",
        "A refusal holds: do not try to reach the same by another way.",
    ]
    return PERMISSIONS_INSTRUCTIONS.render("\n".join(lines))


def _asking(policy: AskForApproval) -> _Asking:
    if isinstance(policy, GranularApproval):
        # Where these questions are switched off, everything they would be about is refused.
        return "granular" if policy.granular.sandbox_approval else "never"
    return policy


def _commands(asking: _Asking, confinement: _Confinement) -> str:
    same = asking == "granular" and confinement != "sandboxed"
    return _COMMANDS["on-request" if same else asking, confinement]


def _rules(allowed: Sequence[str]) -> list[str]:
    if not allowed:
        return []
    named = _listed([f"`{prefix}`" for prefix in allowed[:MOST_PREFIXES]])
    begin = f"the user has allowed commands that begin with {named}."
    where = "they run at once, without a sandbox, whatever else is said here."
    return [f"Rules: {begin} If all commands of a call do, {where}"]


def _files(sandbox: SandboxPolicy, cwd: str) -> str:
    match sandbox:
        case DangerFullAccessPolicy():
            return "you may read and write whatever the user may."
        case ExternalSandboxPolicy():
            return "you may read and write whatever the sandbox around this program lets through."
        case ReadOnlyPolicy():
            return "you may read all files and write none."
        case WorkspaceWritePolicy():
            return (
                f"you may read all files and write below {_listed(_roots(sandbox, cwd))}, "
                "but not in `.git`, `.codex` and `.agents` there."
            )
        case _:
            assert_never(sandbox)


def _roots(sandbox: WorkspaceWritePolicy, cwd: str) -> list[str]:
    roots = [f"`{root}`" for root in dict.fromkeys([cwd, *sandbox.writable_roots])]
    if not sandbox.exclude_slash_tmp:
        roots.append("`/tmp`")
    if not sandbox.exclude_tmpdir_env_var:
        roots.append("the folder that `$TMPDIR` names")
    return roots


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _network(sandbox: SandboxPolicy) -> str:
    match sandbox:
        case DangerFullAccessPolicy():
            allowed = True
        case ExternalSandboxPolicy():
            allowed = sandbox.network_access == "enabled"
        case ReadOnlyPolicy() | WorkspaceWritePolicy():
            allowed = sandbox.network_access
        case _:
            assert_never(sandbox)
    return "commands may use it." if allowed else "commands may not use it."


def _patches(asking: _Asking, *, unrestricted: bool) -> str:
    if asking == "untrusted":
        return "the user is asked about every one."
    if unrestricted:
        return "they are applied at once."
    inside = "those to files that you may write are applied at once"
    return (
        f"{inside}; the user is asked about others."
        if asking != "never"
        else (f"{inside}; others are refused.")
    )


def rule_saved(prefix: Sequence[str]) -> MessageItem:
    """Tells the model that the user has allowed commands for good."""
    return MessageItem(
        role="developer",
        content=[
            InputText(
                text=f"The user has saved a rule: commands that begin with `{shlex.join(prefix)}` "
                "run at once from now on, without a sandbox."
            )
        ],
    )
