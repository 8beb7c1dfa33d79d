"""The approval matrix, cell by cell: what becomes of a real command in a real server."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from codex_rpc.exec.sandbox.port import Sandbox
from codex_rpc.exec.sandbox.preflight import detect_sandbox
from tests.support.app import NO_SANDBOX, App, running_app
from tests.support.model_script import Output, Step, calls, says
from tests.support.outline import ends, items
from tests.support.peer import Message, Peer
from tests.support.rollout import assert_calls_are_paired, outputs, read_rollout

QUESTION = "item/commandExecution/requestApproval"
RETRY = "The sandbox seems to have stopped the command. Run it again without the sandbox?"

Limits = Literal["unrestricted", "sandboxed", "unenforceable"]

GRANULAR = {"sandbox_approval": True, "rules": True, "mcp_elicitations": True}
POLICIES: dict[str, Any] = {
    "untrusted": "untrusted",
    "on-request": "on-request",
    "granular": {"granular": GRANULAR},
    "silent": {"granular": {**GRANULAR, "sandbox_approval": False}},
    "never": "never",
}

# What becomes of safe, other and dangerous commands; then of the same with escalated permissions.
# `ask` runs without a sandbox once it is accepted, `ask+box` in it.
TABLE: dict[tuple[str, Limits], str] = {
    ("untrusted", "unrestricted"): "run ask ask no no no",
    ("untrusted", "sandboxed"): "box ask+box ask+box no no no",
    ("untrusted", "unenforceable"): "run ask ask no no no",
    ("on-request", "unrestricted"): "run run ask run run ask",
    ("on-request", "sandboxed"): "box box ask+box ask ask ask",
    ("on-request", "unenforceable"): "run ask ask run ask ask",
    ("granular", "unrestricted"): "run run ask run run ask",
    ("granular", "sandboxed"): "box box ask+box ask ask ask",
    ("granular", "unenforceable"): "run ask ask run ask ask",
    ("silent", "unrestricted"): "run run no no no no",
    ("silent", "sandboxed"): "box box no no no no",
    ("silent", "unenforceable"): "run no no no no no",
    ("never", "unrestricted"): "run run no no no no",
    ("never", "sandboxed"): "box box no no no no",
    ("never", "unenforceable"): "run no no no no no",
}
RETRYING = ("untrusted", "granular")
"""The policies under which a denial by the sandbox is asked about."""

COMMANDS = {
    "safe": ["cat", "/proc/sys/kernel/random/boot_id", "/proc/self/mountinfo"],
    "other": ["sh", "-c", "cat /proc/self/mountinfo && :"],
    "dangerous": ["sh", "-c", "rm -f none && cat /proc/self/mountinfo"],
}
"""Each succeeds, and tells whether it has a mount table of its own."""


@dataclass(frozen=True, slots=True)
class Cell:
    policy: str
    limits: Limits
    risk: str
    escalated: bool
    outcome: str

    def __str__(self) -> str:
        asked = "escalated" if self.escalated else "plain"
        return f"{self.policy}-{self.limits}-{self.risk}-{asked}"


CELLS = [
    Cell(policy, limits, risk, escalated, outcome)
    for (policy, limits), row in TABLE.items()
    for (escalated, risk), outcome in zip(
        [(escalated, risk) for escalated in (False, True) for risk in COMMANDS],
        row.split(),
        strict=True,
    )
]


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    found = detect_sandbox({"PATH": "/usr/bin:/bin"})
    if found.enforcement not in ("bubblewrap", "seatbelt"):
        pytest.skip(f"nothing here holds commands to a policy: {found.reason}")
    return found


@pytest.fixture
async def confined(tmp_path: Path, sandbox: Sandbox) -> AsyncGenerator[App]:
    """A server that can hold commands to a policy."""
    async with running_app(tmp_path, sandbox=sandbox) as app:
        yield app


def call(argv: list[str], *, escalated: bool = False) -> Output:
    wish = {"sandbox_permissions": "require_escalated"} if escalated else {}
    return calls("shell", command=argv, **wish)


def output_of(thread: dict[str, Any]) -> str:
    lines = read_rollout(Path(thread["path"]))
    assert_calls_are_paired(lines)
    [output] = outputs(lines)
    return output


def has_own_mounts(shown: str) -> bool:
    ours = set(Path("/proc/self/mountinfo").read_text().splitlines())
    return not ours <= set(shown.splitlines())


@pytest.mark.parametrize("cell", CELLS, ids=str)
async def test_a_command_runs_is_asked_about_or_refused(
    tmp_path: Path, cell: Cell, sandbox: Sandbox
) -> None:
    """Policy x confinement x risk x escalation, each once, with the answer yes."""
    enforcing = NO_SANDBOX if cell.limits == "unenforceable" else sandbox
    async with running_app(tmp_path, sandbox=enforcing) as app:
        peer = await app.connect(experimentalApi=True)
        mode = "danger-full-access" if cell.limits == "unrestricted" else "workspace-write"
        steps: list[Step] = [[call(COMMANDS[cell.risk], escalated=cell.escalated)], [says("Done")]]
        policy = POLICIES[cell.policy]
        thread = await peer.start_thread(steps, approvalPolicy=policy, sandbox=mode)
        await peer.say(thread)
        await check(cell, peer, thread)


async def check(cell: Cell, peer: Peer, thread: dict[str, Any]) -> None:
    message = await peer.next(QUESTION, "turn/completed")
    assert (message["method"] == QUESTION) == cell.outcome.startswith("ask")
    if message["method"] == QUESTION:
        await peer.answer(message, "accept")
        message = await peer.next(QUESTION, "turn/completed")
    assert message["method"] == "turn/completed"
    [item] = items(peer.messages, "commandExecution")
    if cell.outcome == "no":
        assert item["status"] == "declined"
        assert output_of(thread).startswith("command refused: ")
        return
    assert (item["status"], item["exitCode"]) == ("completed", 0)
    assert has_own_mounts(item["aggregatedOutput"]) == cell.outcome.endswith("box")


# --- after a denial ----------------------------------------------------------------------------


def touches_outside(app: App) -> tuple[Path, list[str]]:
    """A file that the policy does not let a command write, and the command that writes it."""
    outside = app.home / "outside"
    return outside, ["touch", str(outside)]


async def denied(
    app: App, policy: str, first: str | None = None, tool: str = "shell", times: int = 2
) -> tuple[Peer, dict[str, Any], Message]:
    """A command has been stopped by the sandbox; the next message is a question, or the end."""
    _, argv = touches_outside(app)
    step = [call(argv)] if tool == "shell" else [calls(tool, cmd=" ".join(argv))]
    steps: list[Step] = [*([step] * times), [says("Done")]]
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread(
        steps,
        approvalPolicy=POLICIES[policy],
        sandbox="workspace-write",
        config={"sandbox_workspace_write.exclude_slash_tmp": True},
    )
    await peer.say(thread)
    if first is not None:
        await peer.answer(await peer.next(QUESTION), first)
    return peer, thread, await peer.next(QUESTION, "turn/completed")


@pytest.mark.parametrize("tool", ["shell", "exec_command"])
@pytest.mark.parametrize("policy", POLICIES)
async def test_a_denial_is_asked_about_or_told_to_the_model(
    confined: App, policy: str, tool: str
) -> None:
    """Under `untrusted` even though the command was accepted: that was for the sandbox."""
    outside, _ = touches_outside(confined)
    first = "accept" if policy == "untrusted" else None
    peer, _, message = await denied(confined, policy, first, tool)
    if policy not in RETRYING:
        assert message["method"] == "turn/completed"
        shown = items(peer.messages, "commandExecution")
        assert [item["status"] for item in shown] == ["failed", "failed"]
        assert not outside.exists()
        return
    params = message["params"]
    assert params["reason"] == RETRY
    assert params["availableDecisions"] == ["accept", "decline", "cancel"]
    assert not outside.exists()
    await peer.answer(message, "accept")
    again = await peer.next(QUESTION, "turn/completed")
    assert outside.exists()
    if policy == "untrusted":
        await peer.answer(again, "cancel")
        await peer.until("turn/completed")
    shown = items(peer.messages, "commandExecution")
    assert [item["status"] for item in shown][:2] == ["failed", "completed"]
    assert shown[1]["id"] == params["itemId"] != shown[0]["id"]


async def test_a_declined_retry_leaves_the_model_with_the_denial(confined: App) -> None:
    outside, _ = touches_outside(confined)
    peer, thread, question = await denied(confined, "granular")
    await peer.answer(question, "decline")
    await peer.answer(await peer.next(QUESTION), "cancel")
    told = await peer.until("turn/completed")
    assert ends(told)[0]["status"] == "interrupted"
    shown = items(peer.messages, "commandExecution")
    assert [item["status"] for item in shown] == ["failed", "declined"] * 2
    first, _ = outputs(read_rollout(Path(thread["path"])))
    assert "ead-only file system" in first
    assert not outside.exists()


async def test_approval_for_the_session_never_covers_a_retry(confined: App) -> None:
    """One-shot questions neither read nor fill what was approved for the session."""
    outside, _ = touches_outside(confined)
    peer, _, question = await denied(confined, "untrusted", "acceptForSession")
    assert question["params"]["reason"] == RETRY
    await peer.answer(question, "acceptForSession")
    question = await peer.next(QUESTION)
    assert question["params"]["reason"] == RETRY, "the command itself was not asked about again"
    assert outside.exists()
    await peer.answer(question, "decline")
    await peer.until("turn/completed")


async def test_an_accepted_retry_is_not_approved_for_the_session(confined: App) -> None:
    peer, thread, question = await denied(confined, "granular", times=3)
    await peer.answer(question, "acceptForSession")
    await peer.answer(await peer.next(QUESTION), "cancel")
    await peer.until("turn/completed")
    await peer.say(thread, approvalPolicy="untrusted")
    question = await peer.next(QUESTION)
    assert "reason" not in question["params"]
    await peer.answer(question, "cancel")
    await peer.until("turn/completed")
