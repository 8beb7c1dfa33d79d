"""`thread/name/set` and `thread/metadata/update`: what is on record about a thread."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App, running_app
from tests.support.model_script import runs, says
from tests.support.peer import ASKING, Message, Peer, RefusedError
from tests.support.rollout import read_rollout

NOBODY = "019f0000-0000-7000-8000-000000000000"


async def name(peer: Peer, thread: Message, text: str) -> None:
    assert await peer.call("thread/name/set", {"threadId": thread["id"], "name": text}) == {}


async def update(peer: Peer, thread: Message, **git: Any) -> Any:
    params = {"threadId": thread["id"], "gitInfo": git}
    return (await peer.call("thread/metadata/update", params))["thread"]["gitInfo"]


async def shown(peer: Peer, thread: Message) -> Message:
    return (await peer.call("thread/read", {"threadId": thread["id"]}))["thread"]


async def talked(peer: Peer, **params: Any) -> Message:
    thread = await peer.start_thread([[says("Done")], [says("Again")]], **params)
    await peer.turn(thread)
    return thread


# --- names -------------------------------------------------------------------------------------


async def test_a_name_is_told_to_everybody_and_stays(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        peer, other = await app.connect(), await app.connect()
        thread = await talked(peer)
        await name(peer, thread, "  Hello there ")
        expected = {"threadId": thread["id"], "threadName": "Hello there"}
        for client in (peer, other):
            assert (await client.next("thread/name/updated"))["params"] == expected
        assert (await shown(peer, thread))["name"] == "Hello there"
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        assert (await shown(peer, thread))["name"] == "Hello there"
        await name(peer, thread, "Another")
        [listed] = (await peer.call("thread/list", {"searchTerm": "another"}))["data"]
        assert (listed["id"], listed["name"]) == (thread["id"], "Another")


async def test_names_are_where_the_codex_command_keeps_them(app: App) -> None:
    """`session_index.jsonl` is shared both ways; its last line for a thread counts."""
    peer = await app.connect()
    thread = await talked(peer)
    await name(peer, thread, "Ours")
    index = app.home / "session_index.jsonl"
    [line] = [json.loads(line) for line in index.read_text().splitlines()]
    assert (line["id"], line["thread_name"]) == (thread["id"], "Ours")
    with index.open("a") as file:
        file.write(json.dumps({**line, "thread_name": "Theirs"}) + "\n")
    assert (await shown(peer, thread))["name"] == "Theirs"


async def test_a_thread_can_be_named_before_anything_is_said_in_it(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[says("Done")]])
    await name(peer, thread, "Early")
    assert (await shown(peer, thread))["name"] == "Early"
    await peer.turn(thread)
    [listed] = (await peer.call("thread/list", {}))["data"]
    assert listed["name"] == "Early"


@pytest.mark.parametrize("blank", ["", "   ", "\n"])
async def test_a_blank_name_is_refused(app: App, blank: str) -> None:
    peer = await app.connect()
    thread = await talked(peer)
    with pytest.raises(RefusedError, match="thread name must not be empty") as refused:
        await name(peer, thread, blank)
    assert refused.value.data["path"] == "name"
    assert (await shown(peer, thread))["name"] is None


async def test_who_has_no_record_cannot_be_named(app: App) -> None:
    """The texts are those of the `codex` command."""
    peer = await app.connect()
    for thread_id, said in (
        (NOBODY, f"no rollout found for thread id {NOBODY}"),
        ("nonsense", "invalid thread id: "),
    ):
        with pytest.raises(RefusedError, match=said):
            await name(peer, {"id": thread_id}, "x")
        with pytest.raises(RefusedError, match=said):
            await update(peer, {"id": thread_id}, sha="x")
    thread = await talked(peer, ephemeral=True)
    said = f"ephemeral thread does not support metadata updates: {thread['id']}"
    with pytest.raises(RefusedError, match=said):
        await name(peer, thread, "x")
    with pytest.raises(RefusedError, match=said):
        await update(peer, thread, sha="x")


async def test_an_archived_thread_cannot_be_named(app: App) -> None:
    peer = await app.connect()
    thread = await talked(peer)
    await peer.call("thread/archive", {"threadId": thread["id"]})
    with pytest.raises(RefusedError, match="no rollout found for thread id "):
        await name(peer, thread, "x")


# --- metadata ----------------------------------------------------------------------------------


async def test_what_is_on_record_about_git_is_changed_part_by_part(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        thread = await talked(peer)
        assert await update(peer, thread, branch=" main ", originUrl="https://h/x") == {
            "sha": None,
            "branch": "main",
            "originUrl": "https://h/x",
        }
        changed = {"sha": "abc", "branch": None, "originUrl": "https://h/x"}
        assert await update(peer, thread, sha="abc", branch=None) == changed
        await peer.turn(thread)
        assert (await shown(peer, thread))["gitInfo"] == changed
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        assert (await shown(peer, thread))["gitInfo"] == changed
        assert await update(peer, thread, sha="def") == {**changed, "sha": "def"}
        [turn, again] = (
            await peer.call("thread/read", {"threadId": thread["id"], "includeTurns": True})
        )["thread"]["turns"]
        assert (turn["status"], again["status"]) == ("completed", "completed")


async def test_a_change_while_a_turn_runs_leaves_the_record_whole(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "x")], [says("Done")]], **ASKING)
    await peer.say(thread)
    question = await peer.next("item/commandExecution/requestApproval")
    await update(peer, thread, branch="main")
    await peer.answer(question, "accept")
    await peer.until("turn/completed")
    [turn] = (await peer.call("thread/read", {"threadId": thread["id"], "includeTurns": True}))[
        "thread"
    ]["turns"]
    assert [item["type"] for item in turn["items"]] == [
        "userMessage",
        "commandExecution",
        "agentMessage",
    ]
    read_rollout(Path(thread["path"]))
    assert (await shown(peer, thread))["gitInfo"]["branch"] == "main"


@pytest.mark.parametrize(
    ("git", "said"),
    [
        ({}, "gitInfo must include at least one field"),
        ({"originUrl": "  "}, "gitInfo.originUrl must not be empty"),
        ({"sha": 3}, "Invalid request: invalid type: integer `3`, expected a string"),
    ],
)
async def test_a_change_that_says_nothing_is_refused(
    app: App, git: dict[str, Any], said: str
) -> None:
    peer = await app.connect()
    thread = await talked(peer)
    with pytest.raises(RefusedError) as refused:
        await update(peer, thread, **git)
    assert refused.value.message == said
