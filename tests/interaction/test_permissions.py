"""`request_permissions`: more than the sandbox policy allows, for a turn or for a session."""

import json
import shutil
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.support.app import App, running_app
from tests.support.model_script import Output, Step, adds_file, calls, runs, says
from tests.support.outline import items, of_turn
from tests.support.peer import Message, Peer
from tests.support.rollout import assert_calls_are_paired, outputs, read_rollout

METHOD = "item/permissions/requestApproval"
WORKSPACE = {"approvalPolicy": "on-request", "sandbox": "workspace-write"}
NO_TEMPORARY = {
    "sandbox_workspace_write.exclude_slash_tmp": True,
    "sandbox_workspace_write.exclude_tmpdir_env_var": True,
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


def asks(*writable: object, network: bool = False, **more: Any) -> Output:
    wish: dict[str, Any] = {"network": {"enabled": True}} if network else {}
    if writable:
        wish["file_system"] = {"write": [str(path) for path in writable]}
    return calls("request_permissions", permissions=wish, **more)


def files(*paths: object) -> dict[str, Any]:
    return {"fileSystem": {"write": [str(path) for path in paths]}}


NETWORK = {"network": {"enabled": True}}


async def thread_of(app: App, *steps: Step, **settings: Any) -> tuple[Peer, Message]:
    peer = await app.connect(experimentalApi=True)
    more = {**WORKSPACE, **settings, "config": {**NO_TEMPORARY, **settings.pop("config", {})}}
    return peer, await peer.start_thread([*steps], **more)


async def answered(peer: Peer, thread: Message, **response: Any) -> tuple[Message, list[Message]]:
    """Have a turn that asks once; the question, and what followed the answer."""
    await peer.say(thread)
    question = await peer.next(METHOD)
    await peer.send({"id": question["id"], **response})
    return question, await peer.until("turn/completed")


def granted(*paths: object, network: bool = False, scope: str = "turn") -> dict[str, Any]:
    """What the model is told."""
    return {
        "permissions": {
            "network": {"enabled": True} if network else None,
            "file_system": {"write": [str(path) for path in paths]} if paths else None,
        },
        "scope": scope,
    }


def heard(app: App) -> list[str]:
    [path] = app.rollout_files()
    assert_calls_are_paired(read_rollout(path))
    return outputs(read_rollout(path))


def patch_statuses(messages: list[Message]) -> list[str]:
    return [item["status"] for item in items(messages, "fileChange")]


async def test_the_user_is_asked_for_what_is_missing(app: App, outside: Path) -> None:
    """Paths are absolute; what is allowed anyway is not asked for."""
    wish = asks("../outside", "below", network=True, reason="To install")
    peer, thread = await thread_of(app, [wish], [says("Done")])
    profile = {**files(outside), **NETWORK}
    question, told = await answered(peer, thread, result={"permissions": profile})
    params = question["params"]
    assert params.pop("approvalId")
    assert params.pop("startedAtMs") > 0
    assert params.pop("turnId")
    call_id = params.pop("itemId")
    entry = {"access": "write", "path": {"type": "path", "path": str(outside)}}
    assert params == {
        "threadId": thread["id"],
        "cwd": str(app.project),
        "environmentId": "local",
        "permissions": {
            "network": {"enabled": True},
            "fileSystem": {"read": None, "write": [str(outside)], "entries": [entry]},
        },
        "reason": "To install",
    }
    assert call_id
    assert "thread/status/changed active,waitingOnApproval" in of_turn(peer.messages)
    assert of_turn(told)[:2] == ["serverRequest/resolved", "thread/status/changed active"]
    assert json.loads(heard(app)[0]) == granted(outside, network=True)


async def test_a_grant_for_the_turn_ends_with_it(app: App, outside: Path) -> None:
    wish, write = asks(outside), adds_file(str(outside / "a.txt"), "a")
    again = adds_file(str(outside / "b.txt"), "b")
    peer, thread = await thread_of(
        app, [wish], [write], [says("Done")], [again], [says("Done")], approvalPolicy="on-request"
    )
    _, told = await answered(peer, thread, result={"permissions": files(outside)})
    assert patch_statuses(told) == ["completed"]
    assert (outside / "a.txt").exists()
    await peer.say(thread)
    await peer.answer(await peer.next("item/fileChange/requestApproval"), "decline")
    assert patch_statuses(await peer.until("turn/completed")) == ["declined"]
    assert not (outside / "b.txt").exists()


async def test_a_grant_for_the_session_lasts(app: App, outside: Path) -> None:
    again = adds_file(str(outside / "b.txt"), "b")
    peer, thread = await thread_of(
        app, [asks(outside)], [says("Done")], [again], [asks(outside)], [says("Done")]
    )
    given = {"permissions": files(outside), "scope": "session"}
    await answered(peer, thread, result=given)
    assert json.loads(heard(app)[0]) == granted(outside, scope="session")
    told = await peer.turn(thread)
    assert patch_statuses(told) == ["completed"]
    assert not any(line.startswith("?") for line in of_turn(told))


async def test_no_more_is_granted_than_was_asked_for(app: App, outside: Path) -> None:
    """A client may grant a part, and a folder below; what it adds does not count."""
    (outside / "sub").mkdir()
    write = [adds_file(str(outside / "sub" / "a.txt"), "a")]
    beside = [adds_file(str(outside / "b.txt"), "b")]
    peer, thread = await thread_of(app, [asks(outside)], write, beside, [says("Done")])
    more = {**files(outside / "sub", "/", "relative", app.folder), **NETWORK}
    await peer.say(thread)
    question = await peer.next(METHOD)
    await peer.send({"id": question["id"], "result": {"permissions": more}})
    await peer.answer(await peer.next("item/fileChange/requestApproval"), "decline")
    await peer.until("turn/completed")
    assert json.loads(heard(app)[0]) == granted(outside / "sub")
    assert patch_statuses(peer.messages) == ["completed", "declined"]


async def test_a_client_may_grant_by_entries(app: App, outside: Path) -> None:
    peer, thread = await thread_of(app, [asks(outside)], [says("Done")])
    entries = [
        {"access": "write", "path": {"type": "path", "path": str(outside)}},
        {"access": "write", "path": {"type": "glob_pattern", "pattern": "/**"}},
        {"access": "write", "path": {"type": "special", "value": {"kind": "root"}}},
        {"access": "read", "path": {"type": "path", "path": str(outside)}},
    ]
    given = {"permissions": {"fileSystem": {"entries": entries}}, "strictAutoReview": True}
    await answered(peer, thread, result=given)
    assert json.loads(heard(app)[0]) == granted(outside)


@pytest.mark.parametrize(
    "response",
    [
        {"result": {}},
        {"result": {"decision": "accept"}},
        {"result": {"permissions": {}}},
        {"result": {"permissions": {"fileSystem": None, "network": {"enabled": False}}}},
        {"result": {"permissions": {"fileSystem": {"write": "/"}}}},
        {"error": {"code": -1, "message": "boom"}},
    ],
)
async def test_a_refusal_grants_nothing(app: App, outside: Path, response: dict[str, Any]) -> None:
    """Pitfall 11: `{}` as an answer to any server request must be harmless."""
    write = [adds_file(str(outside / "a.txt"), "a")]
    peer, thread = await thread_of(app, [asks(outside, network=True)], write, [says("Done")])
    await peer.say(thread)
    question = await peer.next(METHOD)
    await peer.send({"id": question["id"], **response})
    await peer.answer(await peer.next("item/fileChange/requestApproval"), "decline")
    await peer.until("turn/completed")
    assert heard(app)[0].startswith("nothing was granted: ")


GRANULAR = {"sandbox_approval": True, "rules": True, "mcp_elicitations": True}


@pytest.mark.parametrize(
    "policy", ["never", {"granular": {**GRANULAR, "request_permissions": False}}]
)
async def test_nobody_is_asked_where_the_policy_forbids_it(
    app: App, outside: Path, policy: Any
) -> None:
    peer, thread = await thread_of(app, [asks(outside)], [says("Done")], approvalPolicy=policy)
    told = await peer.turn(thread)
    assert heard(app)[0].startswith("nothing was granted: the approval policy")
    assert not any(line.startswith("?") for line in of_turn(told))


async def test_a_granular_policy_may_let_the_model_ask(app: App, outside: Path) -> None:
    policy = {"granular": {**GRANULAR, "request_permissions": True}}
    peer, thread = await thread_of(app, [asks(outside)], [says("Done")], approvalPolicy=policy)
    await answered(peer, thread, result={"permissions": files(outside)})
    assert json.loads(heard(app)[0]) == granted(outside)


@pytest.mark.parametrize("sandbox", ["danger-full-access", "workspace-write"])
async def test_what_is_allowed_already_is_not_asked_for(app: App, sandbox: str) -> None:
    wish = asks("sub") if sandbox == "workspace-write" else asks("/", network=True)
    peer, thread = await thread_of(app, [wish], [says("Done")], sandbox=sandbox)
    told = await peer.turn(thread)
    assert "permissions" in json.loads(heard(app)[0])
    assert not any(line.startswith("?") for line in of_turn(told))


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (asks(), "at least one permission"),
        (asks(network=False), "at least one permission"),
        (asks("/nowhere/at/all"), "/nowhere/at/all does not exist"),
        (calls("request_permissions", reason="why"), "failed to parse function arguments"),
    ],
)
async def test_what_cannot_be_asked_for_is_told_to_the_model(
    app: App, wish: Output, words: str
) -> None:
    peer, thread = await thread_of(app, [wish], [says("Done")])
    await peer.turn(thread)
    assert words in heard(app)[0]


async def test_the_user_is_shown_where_a_link_leads(app: App, outside: Path) -> None:
    (app.project / "innocent").symlink_to(outside)
    peer, thread = await thread_of(app, [asks("innocent")], [says("Done")])
    question, _ = await answered(peer, thread, result={"permissions": files(outside)})
    assert question["params"]["permissions"]["fileSystem"]["write"] == [str(outside)]


async def test_a_read_only_thread_may_be_granted_one_folder(app: App, outside: Path) -> None:
    """And not the project with it."""
    allowed = [adds_file(str(outside / "a.txt"), "a")]
    project = [adds_file("b.txt", "b")]
    peer, thread = await thread_of(
        app, [asks(outside)], allowed, project, [says("Done")], sandbox="read-only"
    )
    await peer.say(thread)
    question = await peer.next(METHOD)
    await peer.send({"id": question["id"], "result": {"permissions": files(outside)}})
    await peer.answer(await peer.next("item/fileChange/requestApproval"), "decline")
    told = await peer.until("turn/completed")
    assert patch_statuses(peer.messages) == ["completed", "declined"]
    assert "thread/settings/updated" not in of_turn(told)


async def test_an_interrupt_grants_nothing(app: App, outside: Path) -> None:
    again = [adds_file(str(outside / "a.txt"), "a")]
    peer, thread = await thread_of(app, [asks(outside)], again, [says("Done")])
    await peer.say(thread)
    question = await peer.next(METHOD)
    await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": ""})
    await peer.until("turn/completed")
    given = {"permissions": files(outside), "scope": "session"}
    await peer.send({"id": question["id"], "result": given})
    await peer.say(thread)
    await peer.answer(await peer.next("item/fileChange/requestApproval"), "decline")
    await peer.until("turn/completed")
    assert heard(app)[0].startswith("aborted")


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
@pytest.mark.parametrize("sandbox", ["read-only", "workspace-write"])
async def test_commands_are_held_to_what_was_granted(
    tmp_path: Path, outside: Path, sandbox: str
) -> None:
    """In the machine's own sandbox: not before the grant, not elsewhere, not in a later turn."""
    names = ("before", "granted", "elsewhere", "later")
    before, within, elsewhere, later = (
        runs("touch", str((tmp_path if name == "elsewhere" else outside) / name)) for name in names
    )
    async with running_app(tmp_path, sandbox=None) as app:
        steps = [[before], [asks(outside)], [within], [elsewhere], [says("Done")]]
        peer, thread = await thread_of(app, *steps, [later], [says("Done")], sandbox=sandbox)
        await answered(peer, thread, result={"permissions": files(outside)})
        told = [*peer.messages, *await peer.turn(thread)]
        assert not any(line == "? item/commandExecution/requestApproval" for line in of_turn(told))
    assert [name for name in names if (outside / name).exists()] == ["granted"]
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
async def test_a_grant_whose_folder_is_gone_holds_up_no_command(
    tmp_path: Path, outside: Path
) -> None:
    async with running_app(tmp_path, sandbox=None) as app:
        steps = [[asks(outside)], [says("Done")], [runs("touch", "made")], [says("Done")]]
        peer, thread = await thread_of(app, *steps)
        await answered(peer, thread, result={"permissions": files(outside), "scope": "session"})
        await anyio.Path(outside).rmdir()
        await peer.turn(thread)
    assert (app.project / "made").exists()
