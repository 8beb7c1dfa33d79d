"""Settings that come with a turn: they stick, or they are refused and change nothing."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App
from tests.support.model_script import runs, says
from tests.support.outline import items, of_turn
from tests.support.peer import ASKING, FREE, RefusedError, text_input
from tests.support.rollout import read_rollout

QUESTION = "? item/commandExecution/requestApproval"


def contexts(thread: dict[str, Any]) -> list[dict[str, Any]]:
    """The settings of each turn, as the rollout has them."""
    lines = read_rollout(Path(thread["path"]))
    return [line["payload"] for line in lines if line["type"] == "turn_context"]


async def test_overrides_stick_for_this_and_later_turns(app: App) -> None:
    """The cwd, model, effort, approvalPolicy, sandboxPolicy and so on persist."""
    other = app.folder / "other"
    other.mkdir()
    peer = await app.connect()
    thread = await peer.start_thread([[says("")], [runs("pwd")], [says("")], [says("")]])
    overrides: dict[str, Any] = {
        "cwd": str(other),
        "model": "another",
        "effort": "high",
        "summary": "detailed",
        "approvalPolicy": "untrusted",
        "sandboxPolicy": {"type": "workspaceWrite", "networkAccess": True},
    }
    await peer.turn(thread)
    told = await peer.turn(thread, **overrides)
    assert items(told, "commandExecution")[0]["aggregatedOutput"] == f"{other}\n"
    await peer.turn(thread)
    before, during, after = contexts(thread)
    assert (before["cwd"], before["approval_policy"]) == (str(app.project), "never")
    expected = {
        "cwd": str(other),
        "model": "another",
        "effort": "high",
        "summary": "detailed",
        "approval_policy": "untrusted",
    }
    assert {key: during[key] for key in expected} == expected
    assert during["sandbox_policy"]["type"] == "workspace-write"
    assert during["sandbox_policy"]["network_access"] is True
    assert {**after, "turn_id": ""} == {**during, "turn_id": ""}


async def test_nulls_override_nothing(app: App) -> None:
    """The third-party SDK sends explicit nulls for whatever it does not set."""
    peer = await app.connect()
    thread = await peer.start_thread([[says("")]] * 2)
    await peer.turn(thread)
    names = ("cwd", "model", "effort", "summary", "serviceTier", "approvalPolicy", "sandboxPolicy")
    await peer.turn(thread, **dict.fromkeys(names))
    first, second = contexts(thread)
    assert {**first, "turn_id": ""} == {**second, "turn_id": ""}


async def test_a_relative_cwd_starts_at_the_threads_own(app: App) -> None:
    (app.project / "sub").mkdir()
    peer = await app.connect()
    thread = await peer.start_thread([[says("")]])
    await peer.turn(thread, cwd="sub")
    assert contexts(thread)[0]["cwd"] == str(app.project / "sub")


@pytest.mark.parametrize(
    ("wrong", "kind", "path"),
    [
        ({"cwd": "/does/not/exist"}, "cwdNotFound", "cwd"),
        ({"cwd": "file"}, "cwdNotFound", "cwd"),
        ({"approvalPolicy": "sometimes"}, "invalidParams", "approvalPolicy"),
        ({"sandboxPolicy": {"type": "none"}}, "invalidParams", "sandboxPolicy"),
        ({"input": [{"type": "audio", "url": "data:x"}]}, "invalidParams", "input.0.type"),
        ({"input": [{"type": "localAudio", "path": "a.wav"}]}, "invalidParams", "input.0.type"),
        ({"input": [{"type": "image", "fileId": "f"}]}, "invalidParams", "input.0.fileId"),
        ({"input": [{"type": "localImage", "path": "no.png"}]}, "invalidParams", "input.0.path"),
        ({"input": [{"type": "localImage", "path": "file"}]}, "invalidParams", "input.0.path"),
    ],
    ids=str,
)
@pytest.mark.parametrize("running", [False, True], ids=["idle", "running"])
async def test_a_refused_turn_changes_nothing(
    app: App, wrong: dict[str, Any], kind: str, path: str, running: bool
) -> None:
    """Rejected settings change nothing, the ones that came along with them included."""
    (app.project / "file").write_text("not a folder")
    peer = await app.connect()
    thread = await peer.start_thread(
        [[runs("touch", "a")], [runs("touch", "b")], [says("")]], **ASKING
    )
    question = None
    if running:
        await peer.say(thread)
        question = await peer.next("item/commandExecution/requestApproval")
    request = {
        "threadId": thread["id"],
        "input": text_input("Hi"),
        **FREE_OVERRIDES,
        **wrong,
    }
    with pytest.raises(RefusedError) as refused:
        await peer.call("turn/start", request)
    assert refused.value.code == -32600
    assert refused.value.data == {"kind": kind, "path": path}
    if question is None:
        assert of_turn(peer.messages)[-1] == "refusal", "no turn was started"
        await peer.say(thread)
        question = await peer.next("item/commandExecution/requestApproval")
    await peer.answer(question, "accept")
    await peer.answer(await peer.next("item/commandExecution/requestApproval"), "decline")
    await peer.until("turn/completed")
    [context] = contexts(thread)
    assert (context["approval_policy"], context["model"]) == ("untrusted", thread["model"])


FREE_OVERRIDES = {
    "approvalPolicy": "never",
    "model": "other",
    "sandboxPolicy": {"type": "dangerFullAccess"},
}


async def test_an_output_schema_holds_for_its_turn_only_and_is_accepted(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("{}")], [says("free")]])
    assert of_turn(await peer.turn(thread, outputSchema={"type": "object"}))[-1].endswith(
        "completed"
    )
    assert of_turn(await peer.turn(thread))[-1].endswith("completed")


async def test_thread_start_takes_its_settings_from_the_request_then_the_configuration(
    app: App,
) -> None:
    (app.home / "config.toml").write_text('model = "configured"\napproval_policy = "untrusted"\n')
    peer = await app.connect()
    asked = {"cwd": str(app.project)}
    configured = await peer.call("thread/start", asked)
    assert (configured["model"], configured["approvalPolicy"]) == ("configured", "untrusted")
    assert configured["sandbox"] == {"type": "readOnly", "networkAccess": False}
    requested = await peer.call("thread/start", {**asked, **FREE, "model": "requested"})
    assert (requested["model"], requested["approvalPolicy"]) == ("requested", "never")
    assert requested["sandbox"] == {"type": "dangerFullAccess"}
    assert requested["sandboxEnforcement"] == "notNeeded"


async def test_a_refused_thread_start_leaves_no_thread(app: App) -> None:
    peer = await app.connect()
    for wrong in ({"cwd": "/does/not/exist"}, {"modelProvider": "none"}, {"config": {"model": 1}}):
        with pytest.raises(RefusedError):
            await peer.call("thread/start", wrong)
    assert (await peer.call("thread/loaded/list", {}))["data"] == []
    with pytest.raises(RefusedError) as refused:
        await peer.call("turn/submit", {"input": text_input("Hi")})
    assert refused.value.data == {"kind": "invalidParams", "path": "threadId"}
