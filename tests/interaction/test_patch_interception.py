"""Patches that the model gives to a shell are applied as patches; see session core 12.4."""

from pathlib import Path
from typing import Any

import pytest

from codex_rpc.tools.commands.patch_interception import ADVICE, BARE_PATCH
from tests.support.app import App
from tests.support.model_script import calls, runs, says
from tests.support.outline import items
from tests.support.peer import ASKING
from tests.support.rollout import assert_calls_are_paired, outputs, read_rollout

QUESTION = "item/fileChange/requestApproval"
PATCH = "*** Begin Patch\n*** Add File: new.txt\n+one $HOME `id`\n*** End Patch\n"
HEREDOC = f"apply_patch <<'EOF'\n{PATCH}EOF\n"
SUCCESS = f"Success. Updated the following files:\nA new.txt\n{ADVICE}\n"


@pytest.mark.parametrize(
    "call",
    [
        runs("apply_patch", PATCH),
        runs("applypatch", PATCH),
        runs("bash", "-lc", HEREDOC),
        calls("shell_command", command=HEREDOC),
        calls("exec_command", cmd=HEREDOC),
    ],
    ids=["argv", "alias", "script", "shell_command", "exec_command"],
)
async def test_a_patch_given_to_a_shell_is_applied_as_one(app: App, call: dict[str, Any]) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[call], [says("Done")]])
    told = await peer.turn(thread)
    [item] = items(told, "fileChange")
    assert item["status"] == "completed"
    assert [change["path"] for change in item["changes"]] == [str(app.project / "new.txt")]
    assert items(told, "commandExecution") == []
    assert any(message.get("method") == "turn/diff/updated" for message in told)
    assert (app.project / "new.txt").read_text() == "one $HOME `id`\n"
    lines = read_rollout(Path(thread["path"]))
    assert outputs(lines) == [SUCCESS]
    assert_calls_are_paired(lines)


@pytest.mark.parametrize("workdir", [None, "deep"])
async def test_its_paths_start_where_the_command_would(app: App, workdir: str | None) -> None:
    (app.project / "deep/sub").mkdir(parents=True)
    (app.project / "sub").mkdir()
    script = f"cd sub && {HEREDOC}"
    peer = await app.connect()
    call = runs("bash", "-lc", script, workdir=workdir)
    thread = await peer.start_thread([[call], [says("Done")]])
    await peer.turn(thread)
    assert (app.project / (workdir or "") / "sub/new.txt").exists()
    assert not (app.project / "new.txt").exists()


async def test_it_is_asked_about_as_a_patch(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("bash", "-lc", HEREDOC)], [says("Done")]], **ASKING)
    await peer.say(thread)
    question = await peer.next(QUESTION, "item/commandExecution/requestApproval")
    assert question["method"] == QUESTION
    await peer.answer(question, "decline")
    told = await peer.until("turn/completed")
    assert [item["status"] for item in items(told, "fileChange")] == ["declined"]
    assert not (app.project / "new.txt").exists()
    assert outputs(read_rollout(Path(thread["path"]))) == [f"patch rejected by user\n{ADVICE}"]


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        ("nonsense; touch ran\n", "invalid patch: The first line of the patch must be"),
        ("*** Begin Patch\n*** Delete File: no\n*** End Patch\n", "Failed to delete file"),
        ("*** Begin Patch\n*** End Patch\n", "No files were modified."),
    ],
)
async def test_a_patch_that_does_not_apply_is_never_executed(
    app: App, patch: str, reason: str
) -> None:
    peer = await app.connect()
    call = calls("shell_command", command=f"apply_patch <<'EOF'\n{patch}EOF\n")
    thread = await peer.start_thread([[call], [says("Sorry")]])
    told = await peer.turn(thread)
    assert items(told, "commandExecution") == []
    [output] = outputs(read_rollout(Path(thread["path"])))
    assert output.startswith(f"apply_patch verification failed: {reason}")
    assert not (app.project / "ran").exists()


@pytest.mark.parametrize("call", [runs(PATCH), calls("shell_command", command=PATCH)], ids=str)
async def test_a_patch_without_a_call_is_refused_in_so_many_words(
    app: App, call: dict[str, Any]
) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[call], [says("Sorry")]])
    told = await peer.turn(thread)
    assert items(told, "commandExecution") == items(told, "fileChange") == []
    assert outputs(read_rollout(Path(thread["path"]))) == [BARE_PATCH]
    assert not (app.project / "new.txt").exists()


async def test_a_script_that_does_more_is_run(app: App) -> None:
    """It says itself that there is no such program."""
    peer = await app.connect()
    script = f"{HEREDOC}touch ran"
    thread = await peer.start_thread([[runs("bash", "-c", script)], [says("Done")]])
    told = await peer.turn(thread)
    [item] = items(told, "commandExecution")
    assert "apply_patch" in item["aggregatedOutput"]
    assert (app.project / "ran").exists()
    assert not (app.project / "new.txt").exists()
