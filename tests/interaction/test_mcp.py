"""MCP servers as clients and models meet them: statuses, tools, approvals, questions, resources."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from tests.e2e.server_process import processes_with
from tests.support.app import App, eventually, running_app
from tests.support.mcp_server import PIXEL, mcp_table
from tests.support.model_script import Output, says
from tests.support.peer import FREE, Message, Peer, RefusedError

ON_REQUEST = {"approvalPolicy": "on-request", "sandbox": "read-only"}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncGenerator[App]:
    """A server whose user has configured an MCP server."""
    (tmp_path / "home").mkdir()
    configure(tmp_path, "notes")
    async with running_app(tmp_path) as app:
        yield app


def configure(folder: Path, *names: str) -> None:
    """Have the user's file name these servers."""
    table = {"mcp_servers": {name: mcp_table(folder) for name in names}}
    (folder / "home" / "config.toml").write_text(tomlkit.dumps(table))


def starts(app: App) -> int:
    file = app.folder / "starts"
    return len(file.read_text().splitlines()) if file.exists() else 0


def uses(tool: str, **arguments: Any) -> Output:
    """A call as a model makes it that knows namespaces."""
    return {
        "type": "functionCall",
        "name": tool,
        "namespace": "mcp__notes",
        "arguments": arguments,
    }


async def ready_thread(peer: Peer, *steps: list[Output], **params: Any) -> Message:
    """A thread whose MCP server is ready."""
    thread = await peer.start_thread([*steps], **params)
    while True:
        status = (await peer.next("mcpServer/startupStatus/updated"))["params"]
        if status["status"] == "ready":
            assert status["threadId"] == thread["id"]
            return thread


def items(messages: list[Message], kind: str = "mcpToolCall") -> list[Message]:
    completed = [m["params"]["item"] for m in messages if m.get("method") == "item/completed"]
    return [item for item in completed if item["type"] == kind]


async def test_a_tool_is_called_and_its_result_shown(app: App) -> None:
    peer = await app.connect()
    thread = await ready_thread(peer, [uses("add", a=2, b=3)], [says("Five")], **ON_REQUEST)
    turn = await peer.turn(thread)
    [started] = [
        m["params"]["item"]
        for m in turn
        if m.get("method") == "item/started" and m["params"]["item"]["type"] == "mcpToolCall"
    ]
    assert (started["status"], started["server"], started["tool"]) == ("inProgress", "notes", "add")
    [item] = items(turn)
    assert item["id"] == started["id"]
    assert item["status"] == "completed"
    assert item["arguments"] == {"a": 2, "b": 3}
    assert item["readOnlyHint"] is True
    assert item["result"]["structuredContent"] == {"total": 5}
    assert item["error"] is None
    assert item["durationMs"] >= 0
    assert '{"total":5}' in (app.rollout_files()[0]).read_text().replace("\\", "")


async def test_an_image_reaches_the_model_as_one(app: App) -> None:
    peer = await app.connect()
    thread = await ready_thread(peer, [uses("look")], [says("Seen")])
    [item] = items(await peer.turn(thread))
    assert item["result"]["content"][0]["type"] == "image"
    assert "data:image/png;base64," in app.rollout_files()[0].read_text()
    assert PIXEL


async def test_a_tool_that_fails_fails_its_item_and_the_turn_goes_on(app: App) -> None:
    peer = await app.connect()
    thread = await ready_thread(peer, [uses("fail")], [uses("no_such_tool")], [says("Well")])
    turn = await peer.turn(thread)
    [item] = items(turn)
    assert item["status"] == "failed"
    assert "no such note" in str(item["result"]["content"])
    assert turn[-1]["params"]["turn"]["status"] == "completed"


async def test_progress_is_told(app: App) -> None:
    peer = await app.connect()
    thread = await ready_thread(peer, [uses("count")], [says("Done")])
    turn = await peer.turn(thread)
    told = [m["params"] for m in turn if m.get("method") == "item/mcpToolCall/progress"]
    assert [progress["message"] for progress in told] == ["at 1", "at 2", "at 3"]
    assert {progress["itemId"] for progress in told} == {items(turn)[0]["id"]}


# --- approvals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"action": "accept"}, "completed"),
        ({"action": "decline"}, "failed"),
        ({"action": "cancel"}, "failed"),
        ({}, "failed"),
    ],
)
async def test_a_tool_that_promises_nothing_is_asked_about(
    app: App, answer: Message, status: str
) -> None:
    """Tools of MCP servers run outside of every sandbox; what is not called harmless asks."""
    peer = await app.connect()
    thread = await ready_thread(peer, [uses("write", text="x")], [says("Done")], **ON_REQUEST)
    await peer.say(thread)
    question = await peer.next("mcpServer/elicitation/request")
    params = question["params"]
    assert (params["serverName"], params["mode"]) == ("notes", "form")
    assert params["requestedSchema"] == {"type": "object", "properties": {}}
    assert params["_meta"]["codex_approval_kind"] == "mcp_tool_call"
    assert params["_meta"]["tool_params"] == {"text": "x"}
    await peer.send({"id": question["id"], "result": answer})
    turn = await peer.until("turn/completed")
    [item] = items(turn)
    assert item["status"] == status
    assert turn[-1]["params"]["turn"]["status"] == "completed"


async def test_an_approval_for_the_session_is_not_asked_for_again(app: App) -> None:
    peer = await app.connect()
    steps = [[uses("write", text="1")], [uses("write", text="2")], [says("Done")]]
    thread = await ready_thread(peer, *steps, **ON_REQUEST)
    await peer.say(thread)
    question = await peer.next("mcpServer/elicitation/request")
    result = {"action": "accept", "_meta": {"persist": "session"}}
    await peer.send({"id": question["id"], "result": result})
    turn = await peer.until("turn/completed")
    assert [item["status"] for item in items(turn)] == ["completed", "completed"]
    assert not [m for m in turn if m.get("method") == "mcpServer/elicitation/request"]


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"approvalPolicy": "never", "sandbox": "workspace-write"}, "failed"),
        (FREE, "completed"),
    ],
)
async def test_never_asking_refuses_unless_everything_is_allowed(
    app: App, settings: Message, status: str
) -> None:
    peer = await app.connect()
    thread = await ready_thread(peer, [uses("write", text="x")], [says("Done")], **settings)
    [item] = items(await peer.turn(thread))
    assert item["status"] == status


# --- questions ---------------------------------------------------------------------------------


async def test_what_a_server_asks_reaches_the_client(app: App) -> None:
    peer = await app.connect()
    thread = await ready_thread(peer, [uses("greet")], [says("Done")], **ON_REQUEST)
    turn = await peer.say(thread)
    question = await peer.next("mcpServer/elicitation/request")
    params = question["params"]
    assert (params["message"], params["turnId"]) == ("Who is there?", turn["id"])
    assert list(params["requestedSchema"]["properties"]) == ["name"]
    result = {"action": "accept", "content": {"name": "Ada"}}
    await peer.send({"id": question["id"], "result": result})
    [item] = items(await peer.until("turn/completed"))
    assert item["result"]["content"] == [{"type": "text", "text": "accept: Ada"}]


async def test_an_interrupt_ends_a_call_that_hangs(app: App) -> None:
    peer = await app.connect()
    thread = await ready_thread(peer, [uses("hang")], [says("Never")])
    turn = await peer.say(thread)
    await peer.next("item/started")
    while True:
        item = (await peer.next("item/started"))["params"]["item"]
        if item["type"] == "mcpToolCall":
            break
    await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": turn["id"]})
    rest = await peer.until("turn/completed")
    assert rest[-1]["params"]["turn"]["status"] == "interrupted"
    assert [item["status"] for item in items(peer.messages)] == ["failed"]


# --- what clients can ask ----------------------------------------------------------------------


async def test_the_status_of_a_server_tells_what_it_offers(app: App) -> None:
    peer = await app.connect()
    thread = await ready_thread(peer)
    listed = await peer.call("mcpServerStatus/list", {"threadId": thread["id"]})
    [status] = listed["data"]
    assert listed["nextCursor"] is None
    assert (status["name"], status["runtimeStatus"]) == ("notes", "connected")
    assert status["authStatus"] == "unsupported"
    assert {"add", "write", "greet"} <= set(status["tools"])
    assert status["tools"]["add"]["annotations"]["readOnlyHint"] is True
    assert [resource["uri"] for resource in status["resources"]] == ["note://first"]
    assert [t["uriTemplate"] for t in status["resourceTemplates"]] == ["note://{name}"]
    assert status["serverInfo"]["name"] == "notes"
    params = {"threadId": thread["id"], "detail": "toolsAndAuthOnly"}
    [brief] = (await peer.call("mcpServerStatus/list", params))["data"]
    assert brief["resources"] == []


async def test_a_client_calls_a_tool_and_reads_a_resource_itself(app: App) -> None:
    peer = await app.connect()
    thread = await ready_thread(peer)
    call = {"threadId": thread["id"], "server": "notes", "tool": "add"}
    result = await peer.call("mcpServer/tool/call", {**call, "arguments": {"a": 1, "b": 1}})
    assert result["structuredContent"] == {"total": 2}
    read = await peer.call("mcpServer/resource/read", {"server": "notes", "uri": "note://first"})
    assert read["contents"][0]["text"] == "Buy milk"
    with pytest.raises(RefusedError, match="unknown MCP server 'other'"):
        await peer.call("mcpServer/tool/call", {**call, "server": "other"})


async def test_the_model_lists_and_reads_resources(app: App) -> None:
    peer = await app.connect()
    lists: Output = {"type": "functionCall", "name": "list_mcp_resources", "arguments": {}}
    reads: Output = {
        "type": "functionCall",
        "name": "read_mcp_resource",
        "arguments": {"server": "notes", "uri": "note://first"},
    }
    thread = await ready_thread(peer, [lists], [reads], [says("Done")])
    listed, read = items(await peer.turn(thread))
    assert "note://first" in listed["result"]["content"][0]["text"]
    assert "Buy milk" in read["result"]["content"][0]["text"]
    assert (read["server"], read["tool"]) == ("notes", "read_mcp_resource")


async def test_an_interrupt_takes_back_what_a_server_has_asked(app: App) -> None:
    peer = await app.connect()
    thread = await ready_thread(peer, [uses("greet")], **ON_REQUEST)
    turn = await peer.say(thread)
    question = await peer.next("mcpServer/elicitation/request")
    await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": turn["id"]})
    [resolved] = [
        m["params"]
        for m in await peer.until("turn/completed")
        if m.get("method") == "serverRequest/resolved"
    ]
    assert resolved["requestId"] == question["id"]
    assert (await peer.call("approval/list", {}))["data"] == []


# --- one live set ------------------------------------------------------------------------------


async def test_many_threads_share_one_server(app: App) -> None:
    """One live set per configuration: spawned once, after a hundred threads, forks and reloads."""
    peer = await app.connect()
    thread = await ready_thread(peer, [says("Done")])
    await peer.turn(thread)
    for _ in range(50):
        await peer.start_thread([])
        await peer.call("thread/fork", {"threadId": thread["id"]})
    for _ in range(3):
        await peer.call("config/mcpServer/reload")
    assert starts(app) == 1


async def test_a_reload_starts_what_is_new(app: App) -> None:
    peer = await app.connect()
    await ready_thread(peer)
    configure(app.folder, "notes", "more")
    await peer.call("config/mcpServer/reload")
    while (await peer.next("mcpServer/startupStatus/updated"))["params"]["status"] != "ready":
        pass
    assert starts(app) == 2


async def test_a_turn_that_comes_at_once_has_the_tools(tmp_path: Path) -> None:
    """A script's only turn begins before the server has started."""
    (tmp_path / "home").mkdir()
    table = {"mcp_optional_startup_grace_ms": 0, "mcp_servers": {"notes": mcp_table(tmp_path)}}
    (tmp_path / "home" / "config.toml").write_text(tomlkit.dumps(table))
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        thread = await peer.start_thread([[uses("add", a=2, b=3)], [says("Five")]])
        [item] = items(await peer.turn(thread))
        assert item["result"]["structuredContent"] == {"total": 5}


async def test_a_server_that_never_answers_holds_up_no_turn(tmp_path: Path) -> None:
    """A hanging MCP server costs the start of a thread and its first turn nothing."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text(
        '[mcp_servers.hangs]\ncommand = "sleep"\nargs = ["1000"]\n'
    )
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        thread = await peer.start_thread([[says("Done")]])
        turn = await peer.turn(thread)
        assert turn[-1]["params"]["turn"]["status"] == "completed"
        statuses = [
            m["params"]["status"]
            for m in peer.messages
            if m.get("method") == "mcpServer/startupStatus/updated"
        ]
        assert "ready" not in statuses


async def test_the_end_of_the_server_ends_its_mcp_servers(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    configure(tmp_path, "notes")
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        await ready_thread(peer)
        await eventually(lambda: bool(starts(app)))
        assert processes_with(str(tmp_path / "home"))
    assert not processes_with(str(tmp_path / "home"))
