"""Patches that need the user's consent, and the diff of the turn they leave."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App
from tests.support.model_script import adds_file, patches, says
from tests.support.outline import ends, items, of_turn
from tests.support.peer import ASKING, Message, Peer
from tests.support.rollout import assert_calls_are_paired, outputs, read_rollout

QUESTION = "item/fileChange/requestApproval"
ADD = [[adds_file("new.txt", "one")], [says("Done")]]


async def asked(app: App, steps: Any = ADD) -> tuple[Peer, dict[str, Any], Message]:
    peer = await app.connect()
    thread = await peer.start_thread(steps, **ASKING)
    await peer.say(thread)
    return peer, thread, await peer.next(QUESTION)


async def test_a_patch_is_applied_once_it_is_accepted(app: App) -> None:
    """The item comes before the question, the result after it is resolved."""
    peer, thread, question = await asked(app)
    assert of_turn(peer.messages)[-3:] == [
        "item/started fileChange inProgress",
        "thread/status/changed active,waitingOnApproval",
        f"? {QUESTION}",
    ]
    assert question["params"]["changes"] == [
        {"path": str(app.project / "new.txt"), "kind": {"type": "add"}, "diff": "one\n"}
    ]
    assert (question["params"]["reason"], question["params"]["grantRoot"]) == (None, None)
    assert not (app.project / "new.txt").exists()
    await peer.answer(question, "accept")
    told = await peer.until("turn/completed")
    assert of_turn(told) == [
        "serverRequest/resolved",
        "thread/status/changed active",
        "item/completed fileChange completed",
        "turn/diff/updated",
        "item/started agentMessage",
        "item/completed agentMessage",
        "thread/status/changed idle",
        "turn/completed completed",
    ]
    assert (app.project / "new.txt").read_text() == "one\n"
    [diff] = [m["params"]["diff"] for m in told if m.get("method") == "turn/diff/updated"]
    assert "+one" in diff
    assert_calls_are_paired(read_rollout(Path(thread["path"])))


@pytest.mark.parametrize(
    ("answer", "turn_status"),
    [
        ({"result": {"decision": "decline"}}, "completed"),
        ({"result": {"decision": "cancel"}}, "interrupted"),
        ({"result": {}}, "completed"),
        ({"result": {"decision": "later"}}, "completed"),
        ({"error": {"code": -1, "message": "broken"}}, "completed"),
    ],
    ids=str,
)
async def test_a_patch_that_is_not_accepted_changes_nothing(
    app: App, answer: dict[str, Any], turn_status: str
) -> None:
    peer, thread, question = await asked(app)
    await peer.send({"id": question["id"], **answer})
    told = await peer.until("turn/completed")
    [item] = items(told, "fileChange")
    assert item["status"] == "declined"
    assert ends(told)[0]["status"] == turn_status
    assert not (app.project / "new.txt").exists()
    lines = read_rollout(Path(thread["path"]))
    assert_calls_are_paired(lines)
    if turn_status == "completed":
        assert outputs(lines)[0].startswith("patch rejected by user")


async def test_files_accepted_for_the_session_are_not_asked_for_again(app: App) -> None:
    change = "*** Update File: new.txt\n@@\n-one\n+two\n"
    steps = [
        [adds_file("new.txt", "one")],
        [patches(change)],
        [adds_file("other.txt", "x")],
        [says("Done")],
    ]
    peer, _, question = await asked(app, steps)
    await peer.answer(question, "acceptForSession")
    told = await peer.until(QUESTION)
    assert [item["status"] for item in items(told, "fileChange")] == ["completed"] * 2
    assert (app.project / "new.txt").read_text() == "two\n"
    await peer.answer(told[-1], "decline")
    await peer.until("turn/completed")
    assert not (app.project / "other.txt").exists()


async def test_a_patch_inside_the_workspace_needs_no_consent(app: App) -> None:
    peer = await app.connect()
    settings = {"approvalPolicy": "on-request", "sandbox": "workspace-write"}
    thread = await peer.start_thread(ADD, **settings)
    assert f"? {QUESTION}" not in of_turn(await peer.turn(thread))
    assert (app.project / "new.txt").exists()


async def test_a_patch_into_a_repositorys_metadata_is_asked_for(app: App) -> None:
    """`.git` and `.codex` stay read-only: what is in them can make programs run."""
    peer = await app.connect()
    settings = {"approvalPolicy": "on-request", "sandbox": "workspace-write"}
    steps = [[adds_file(".git/hooks/pre-commit", "evil")], [says("Done")]]
    thread = await peer.start_thread(steps, **settings)
    await peer.say(thread)
    await peer.answer(await peer.next(QUESTION), "decline")
    await peer.until("turn/completed")
    assert not (app.project / ".git").exists()


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("*** Update File: missing.txt\n@@\n-a\n+b\n", ["failed"]),
        ("*** Delete File: missing.txt\n", ["failed"]),
        ("nonsense\n", []),
    ],
)
async def test_a_patch_that_does_not_apply_is_told_to_the_model(
    app: App, body: str, shown: list[str]
) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[patches(body)], [says("Sorry")]])
    told = await peer.turn(thread)
    assert [item["status"] for item in items(told, "fileChange")] == shown
    assert ends(told)[0]["status"] == "completed"
    [output] = outputs(read_rollout(Path(thread["path"])))
    assert output.startswith("apply_patch verification failed: ")


async def test_the_diff_of_a_turn_adds_its_patches_up(app: App) -> None:
    change = "*** Update File: new.txt\n@@\n-one\n+two\n"
    steps = [
        [adds_file("new.txt", "one")],
        [patches(change)],
        [patches("*** Delete File: new.txt\n")],
        [says("Done")],
    ]
    peer = await app.connect()
    thread = await peer.start_thread(steps)
    told = await peer.turn(thread)
    diffs = [m["params"]["diff"] for m in told if m.get("method") == "turn/diff/updated"]
    assert "+one" in diffs[0]
    assert "+two" in diffs[1]
    assert "one" not in diffs[1]
    assert diffs[2] == "", "they cancel out"


async def test_a_patch_in_a_read_only_thread_always_asks(app: App) -> None:
    """Inside the working directory or not: nothing is writable."""
    peer = await app.connect()
    outside = app.project.parent / "outside.txt"
    steps = [[adds_file("inside.txt", "a")], [adds_file(str(outside), "b")], [says("Done")]]
    settings = {"approvalPolicy": "on-request", "sandbox": "read-only"}
    thread = await peer.start_thread(steps, **settings)
    await peer.say(thread)
    for _ in range(2):
        await peer.answer(await peer.next(QUESTION), "decline")
    await peer.until("turn/completed")
    assert not (app.project / "inside.txt").exists()
    assert not outside.exists()
