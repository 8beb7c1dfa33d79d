from itertools import product
from pathlib import Path

import pytest

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.exec.approval_policy import Verdict, decide_command, decide_patch, may_retry
from codex_rpc.history.fragments import PERMISSIONS_INSTRUCTIONS, is_context, kind_of
from codex_rpc.history.permissions import permissions_instructions
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


def granular(*, ask: bool) -> GranularApproval:
    rules = GranularRules(sandbox_approval=ask, rules=True, mcp_elicitations=True)
    return GranularApproval(granular=rules)


POLICIES: list[AskForApproval] = [
    "untrusted",
    "on-request",
    "never",
    granular(ask=True),
    granular(ask=False),
]
SANDBOXES: list[SandboxPolicy] = [
    DangerFullAccessPolicy(),
    ExternalSandboxPolicy(),
    ReadOnlyPolicy(),
    WorkspaceWritePolicy(),
]


def told(
    policy: AskForApproval, sandbox: SandboxPolicy, *, enforced: bool = True
) -> dict[str, str]:
    """The instructions, by the word that begins each line."""
    settings = ThreadSettings(
        model="m",
        model_provider="p",
        cwd=Path("/work"),
        approval_policy=policy,
        approvals_reviewer="user",
        sandbox_policy=sandbox,
    )
    message = permissions_instructions(settings, enforced=enforced)
    assert kind_of(message.text, message.role) is PERMISSIONS_INSTRUCTIONS
    assert is_context(message)
    lines = message.text.splitlines()[1:-1]
    return {name: rest for line in lines for name, _, rest in [line.partition(": ")]}


@pytest.mark.parametrize(
    ("policy", "sandbox", "enforced"), list(product(POLICIES, SANDBOXES, [True, False]))
)
def test_what_is_told_of_commands_is_what_holds(
    policy: AskForApproval, sandbox: SandboxPolicy, *, enforced: bool
):
    def verdict(risk: str, *, escalated: bool = False) -> Verdict:
        assert risk in ("safe", "other", "dangerous")
        enforcement = "bubblewrap" if enforced else "none"
        return decide_command(policy, sandbox, enforcement, risk, escalated=escalated).verdict

    text = told(policy, sandbox, enforced=enforced)["Commands"]
    other, dangerous = verdict("other"), verdict("dangerous")
    runs = (Verdict.RUN, Verdict.RUN_IN_SANDBOX)
    asks = {Verdict.ASK, Verdict.ASK_THEN_SANDBOX}
    assert text.startswith("Commands run at once") == (other in runs)
    assert text.startswith("Commands that only read run at once") == (other not in runs)
    assert ("in a sandbox" in text) == (verdict("safe") is Verdict.RUN_IN_SANDBOX)
    assert ("user is asked" in text) == bool(asks & {other, dangerous})
    assert ("runs in the sandbox, too" in text) == (other is Verdict.ASK_THEN_SANDBOX)
    assert ("may run once more without" in text) == may_retry(
        policy, sandbox, "bubblewrap" if enforced else "none"
    )
    assert ("refused" in text.replace("`require_escalated` is refused", "")) == (
        Verdict.REFUSE in (other, dangerous)
    )
    assert ("`require_escalated`, and" in text or "set to `require_escalated`" in text) == (
        other is Verdict.RUN_IN_SANDBOX and verdict("other", escalated=True) is Verdict.ASK
    )


@pytest.mark.parametrize(("policy", "sandbox"), list(product(POLICIES, SANDBOXES)))
def test_what_is_told_of_patches_is_what_holds(policy: AskForApproval, sandbox: SandboxPolicy):
    text = told(policy, sandbox)["Patches"]
    inside = decide_patch(policy, sandbox, paths_inside_roots=True).verdict
    outside = decide_patch(policy, sandbox, paths_inside_roots=False).verdict
    assert ("applied at once" in text) == (inside is Verdict.RUN)
    assert ("asked" in text) == (outside is Verdict.ASK)
    assert ("refused" in text) == (outside is Verdict.REFUSE)


def test_the_users_own_rules_are_named():
    settings = ThreadSettings(
        model="m",
        model_provider="p",
        cwd=Path("/work"),
        approval_policy="never",
        approvals_reviewer="user",
        sandbox_policy=ReadOnlyPolicy(),
    )
    text = permissions_instructions(settings, enforced=True, allowed=["make", "git log|diff"]).text
    assert "commands that begin with `make` and `git log|diff`." in text
    assert "Rules" not in permissions_instructions(settings, enforced=True).text


def test_writable_places_are_named():
    plain = told("never", WorkspaceWritePolicy())["Files"]
    assert "below `/work`, `/tmp` and the folder that `$TMPDIR` names, but not" in plain
    narrow = WorkspaceWritePolicy(
        writable_roots=["/more", "/work"], exclude_slash_tmp=True, exclude_tmpdir_env_var=True
    )
    assert "below `/work` and `/more`, but not" in told("never", narrow)["Files"]
    alone = WorkspaceWritePolicy(exclude_slash_tmp=True, exclude_tmpdir_env_var=True)
    assert "below `/work`, but not" in told("never", alone)["Files"]


@pytest.mark.parametrize(
    ("sandbox", "allowed"),
    [
        (DangerFullAccessPolicy(), True),
        (ReadOnlyPolicy(), False),
        (ReadOnlyPolicy(network_access=True), True),
        (WorkspaceWritePolicy(network_access=True), True),
        (ExternalSandboxPolicy(), False),
        (ExternalSandboxPolicy(network_access="enabled"), True),
    ],
)
def test_the_network_is_told_of(sandbox: SandboxPolicy, *, allowed: bool):
    assert ("may use" in told("never", sandbox)["Network"]) == allowed
