"""Everything the server sends of its own accord, against the schema."""

import json
from pathlib import Path
from typing import Any

from codex_rpc.protocol.methods import METHODS, Direction
from tests.contract.contract_schema import assert_valid, methods_of, params_of
from tests.support.app import App, running_app
from tests.support.mcp_server import mcp_table
from tests.support.model_script import (
    CUT,
    adds_file,
    calls,
    fails,
    patches,
    plans,
    runs,
    says,
    thinks,
)
from tests.support.peer import ASKING, Message, Peer
from tests.support.terminal_model import opens, terminal_model, types_to_last
from tests.unit.managers.mcp.http_servers import Issuer, http_server

REVIEW = {
    "findings": [
        {
            "title": "Say what it does",
            "body": "Nobody knows.",
            "priority": 1,
            "code_location": {
                "absolute_file_path": "/notes.txt",
                "line_range": {"start": 1, "end": 2},
            },
        }
    ],
    "overall_explanation": "Nearly there.",
}

RICH: list[Any] = [
    {
        "output": [
            thinks("First the plan", "hmm"),
            plans("Read", "Write"),
            {"type": "rateLimits", "primaryUsedPercent": 12.5, "secondaryUsedPercent": 3.0},
            {**says("Let me look."), "phase": "commentary"},
            runs("cat", "notes.txt"),
            runs("bash", "-c", "echo out; echo err >&2; exit 3"),
            runs("no-such-program"),
        ],
        "usage": {"inputTokens": 10, "outputTokens": 5, "reasoningOutputTokens": 2},
    },
    [runs("rg", "-n", "x", "."), runs("ls"), runs("touch", "made"), CUT],
    [
        adds_file("new.txt", "one"),
        patches("*** Update File: notes.txt\n*** Move to: moved.txt\n@@\n-note\n+noted\n"),
        patches("*** Delete File: new.txt\n"),
        patches("nonsense\n"),
        calls("no_such_tool"),
    ],
    [{**says("Done."), "phase": "final_answer"}],
    [fails(400, "refused")],
    [runs("ls"), says("Looking")],
    [says(json.dumps(REVIEW))],
    [says("A summary")],
]

INPUT = [
    {"type": "text", "text": "Do it", "text_elements": [{"byteRange": {"start": 0, "end": 2}}]},
    {"type": "mention", "name": "notes", "path": "notes.txt"},
    {"type": "skill", "name": "writing", "path": "skill.md"},
    {"type": "image", "url": "data:image/png;base64,AA==", "detail": "low"},
]

ASIDE: dict[str, dict[str, Any]] = {
    "thread/shellCommand": {"command": "echo out; echo err >&2; exit 3"},
    "review/start": {"target": {"type": "custom", "instructions": "Look at the notes"}},
    "thread/compact/start": {},
}
"""Turns that are not about what the user says."""

KEEPING: dict[str, dict[str, Any]] = {
    "thread/rollback": {"numTurns": 1},
    "thread/name/set": {"name": "Notes"},
    "thread/archive": {},
    "thread/unarchive": {},
    "thread/delete": {},
}
"""What is done to a thread as a whole, in the end."""


async def rich_session(app: App, **capabilities: Any) -> Peer:
    """A client that has seen all there is: it accepts most, declines some, and ends its server."""
    (app.project / "notes.txt").write_text("note\n")
    (app.home / "config.toml").write_text("[model_providers.script]\nno_such_key = 1\n")
    peer = app.dial(drain=True)
    await peer.initialize(**capabilities)
    await peer.start_thread([], sandbox="read-only", approvalPolicy="on-failure")
    thread = await peer.start_thread(RICH, **ASKING)
    await peer.call("turn/start", {"threadId": thread["id"], "input": INPUT})
    answered = 0
    questions = ("approval/requested", *methods_of(Direction.SERVER_REQUEST))
    while (message := await peer.next("turn/completed", *questions))["method"] != "turn/completed":
        answered += 1
        await respond(peer, message, "decline" if answered % 3 == 0 else "accept")
    await peer.turn(thread, "Again", model="other")
    await peer.call("skills/list", {})
    await peer.call("skills/extraRoots/set", {"extraRoots": [str(app.folder / "skills")]})
    for method, more in ASIDE.items():
        await peer.call(method, {"threadId": thread["id"], **more})
        await peer.until("turn/completed")
    for method, more in KEEPING.items():
        await peer.call(method, {"threadId": thread["id"], **more})
    await peer.call("account/login/start", {"type": "apiKey", "apiKey": "key-of-the-session"})
    await watch_and_search(app, peer)
    await type_to_commands(peer)
    await be_asked(peer)
    await use_mcp_servers(app, peer)
    peer.sending.close()
    await peer.rest()
    return peer


async def watch_and_search(app: App, peer: Peer) -> None:
    await peer.call("fs/watch", {"watchId": "watch", "path": str(app.project)})
    (app.project / "found.txt").touch()
    await peer.next("fs/changed")
    search = {"sessionId": "search", "roots": [str(app.project)]}
    await peer.call("fuzzyFileSearch/sessionStart", search)
    await peer.next("fuzzyFileSearch/sessionCompleted")
    await peer.call("fuzzyFileSearch/sessionUpdate", {"sessionId": "search", "query": "found"})
    await peer.next("fuzzyFileSearch/sessionCompleted")


async def type_to_commands(peer: Peer) -> None:
    free = {"sandboxPolicy": {"type": "dangerFullAccess"}}
    command = {"command": ["echo", "Hi"], "processId": "echo", "streamStdoutStderr": True, **free}
    await peer.call("command/exec", command)
    with terminal_model(opens("cat", tty=True), types_to_last("Hi\n")) as model:
        await peer.turn(await model.start_thread(peer))


async def be_asked(peer: Peer) -> None:
    """Questions that no decision answers."""
    asked = [{"id": "a", "header": "A", "question": "B?"}]
    steps = [
        calls("request_user_input", questions=asked),
        calls("request_permissions", permissions={"network": {"enabled": True}}),
        calls("lookup"),
    ]
    tool: dict[str, Any] = {"name": "lookup", "description": "", "inputSchema": {}}
    asking = {"approvalPolicy": "on-request", "sandbox": "read-only", "dynamicTools": [tool]}
    thread = await peer.start_thread([steps, [says("Done")]], **asking)
    await peer.say(thread)
    responses: list[dict[str, Any]] = [
        {"answers": {"a": {"answers": ["C"]}}},
        {"permissions": {}},
        {"contentItems": [], "success": True},
    ]
    for response in responses:
        await answer_next(peer, response)
    await peer.until("turn/completed")


async def answer_next(peer: Peer, response: dict[str, Any]) -> None:
    question = await peer.next("approval/requested", *methods_of(Direction.SERVER_REQUEST))
    if "id" in question:
        await peer.send({"id": question["id"], "result": response})
    else:
        approval_id = question["params"]["approval"]["approvalId"]
        answer = {"approvalId": approval_id, "response": response}
        await peer.call("approval/respond", answer)


async def use_mcp_servers(app: App, peer: Peer) -> None:
    with http_server(Issuer(lifetime_s=3600)) as guarded:
        notes = {**mcp_table(app.folder), "required": True}  # the first turn waits for it
        servers = {"notes": notes, "guarded": {"url": guarded.url}}
        steps = [
            {**calls("count"), "namespace": "mcp__notes"},
            {**calls("write", text="x"), "namespace": "mcp__notes"},
        ]
        asking = {"approvalPolicy": "on-request", "sandbox": "read-only"}
        thread = await peer.start_thread(
            [steps, [says("Done")]], **asking, config={"mcp_servers": servers}
        )
        login = {"threadId": thread["id"], "name": "guarded", "timeoutSecs": 1}
        await peer.call("mcpServer/oauth/login", login)
        await peer.next("mcpServer/oauthLogin/completed")
        await peer.say(thread)
        await answer_next(peer, {"action": "accept"})
        await peer.until("turn/completed")


async def respond(peer: Peer, question: Message, decision: str) -> None:
    if "id" in question:
        await peer.answer(question, decision)
    else:
        approval_id = question["params"]["approval"]["approvalId"]
        answer = {"approvalId": approval_id, "decision": decision}
        await peer.call("approval/respond", answer)


async def test_everything_the_server_sends_is_in_the_contract(tmp_path: Path) -> None:
    """Each notification and server request is in METHODS, sent at least once, and valid."""
    sent: set[str] = set()
    for approvals in ("request", "notify"):
        (tmp_path / approvals).mkdir()
        async with running_app(tmp_path / approvals) as app:
            peer = await rich_session(app, approvals=approvals, experimentalApi=True)
        for message in peer.messages:
            if "method" in message:
                sent.add(message["method"])
                check(message)
    expected = methods_of(Direction.SERVER_REQUEST) + methods_of(Direction.SERVER_NOTIFICATION)
    assert sent == set(expected)


def check(message: Message) -> None:
    """What an envelope has, and valid parameters in it."""
    method = METHODS[message["method"]]
    assert_valid(message["params"], params_of(method.name) or "")
    if method.direction is Direction.SERVER_REQUEST:
        assert message.keys() == {"id", "method", "params"}
        assert type(message["id"]) is int
    else:
        assert method.direction is Direction.SERVER_NOTIFICATION
        assert message.keys() == {"method", "params", "emittedAtMs"}


async def test_what_is_experimental_is_told_only_to_who_asks_for_it(app: App) -> None:
    """`thread/settings/updated` needs `experimentalApi`."""
    plain, curious = await app.connect(), await app.connect(experimentalApi=True)
    for peer in (plain, curious):
        thread = await peer.start_thread([[says("Done")]])
        await peer.turn(thread, effort="high")
    told = [[m.get("method") for m in peer.messages] for peer in (plain, curious)]
    assert [methods.count("thread/settings/updated") for methods in told] == [0, 1]


async def test_notifications_of_the_client_are_taken_with_and_without_parameters(app: App) -> None:
    peer = await app.connect()
    for method in methods_of(Direction.CLIENT_NOTIFICATION):
        variants: list[Any] = [None, {}, {"id": "none"}, {"unknown": 1}, []]
        for params in variants:
            await peer.notify(method, params)
        await peer.send({"method": method})
    assert (await peer.call("thread/loaded/list", {}))["data"] == []
    assert all("error" not in message for message in peer.messages)


async def test_a_retired_value_is_taken_and_told(app: App) -> None:
    """Retired enum values warn and map, they do not fail."""
    peer = await app.connect()
    result = await peer.call("thread/start", {"approvalPolicy": "on-failure"})
    assert result["approvalPolicy"] == "on-request"
    [notice] = [m for m in peer.messages if m.get("method") == "deprecationNotice"]
    assert "on-failure" in notice["params"]["summary"]
