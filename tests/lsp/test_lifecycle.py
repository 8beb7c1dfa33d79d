"""From `initialize` to `exit`, in order and out of it, with well-formed frames and others."""

import os
from typing import Any

import anyio
import pytest

from tests.e2e.server_process import PATIENCE, Place, run_command, say
from tests.lsp.frames import INITIALIZE, Frames, frame, frames

FULL = {"sandbox": "danger-full-access", "approvalPolicy": "never"}


async def introduced(client: Frames) -> Any:
    await client.send(INITIALIZE)
    return (await client.response(0))["result"]


async def still_there(client: Frames) -> None:
    """The server answers as ever."""
    assert (await client.request("thread/loaded/list", {}, 99))["result"]["data"] == []


async def test_initialize_says_what_the_server_can_do(place: Place) -> None:
    async with frames(place) as client:
        result = await introduced(client)
    found = result["capabilities"]
    assert found["positionEncoding"] == "utf-16"
    assert found["textDocumentSync"] == {"openClose": True, "change": 2, "save": True}
    assert found["codeActionProvider"] == {
        "codeActionKinds": ["quickfix", "source.explain", "refactor.test"]
    }
    assert found["codeLensProvider"] == {"resolveProvider": False}
    commands = found["executeCommandProvider"]["commands"]
    assert {"codex-rpc.fix", "codex-rpc.turn.submit", "codex-rpc.thread.fork"} <= set(commands)
    assert result["serverInfo"]["name"] == "codex-rpc"
    assert result["codexHome"] == str(place.home)
    assert result["userAgent"].endswith("lsp; 0)")


@pytest.mark.parametrize("command", ["lsp", "app-server"])
async def test_shutdown_and_exit_end_with_0(place: Place, command: str) -> None:
    """The app-server knows an editor by its first line."""
    async with frames(place, command) as client:
        await introduced(client)
        assert (await client.request("shutdown"))["result"] is None
        refused = await client.request("thread/loaded/list", {}, 2)
        assert refused["error"]["code"] == -32600
        assert refused["error"]["data"] == {"kind": "shuttingDown"}
        await client.send({"method": "exit"})
        assert await client.exit_code() == 0


async def test_exit_without_shutdown_ends_with_1(place: Place) -> None:
    async with frames(place) as client:
        await introduced(client)
        await client.send({"method": "exit"})
        assert await client.exit_code() == 1


async def test_the_end_of_input_ends_the_server_and_its_commands(place: Place) -> None:
    place.play([run_command("echo $$ > pid; sleep 300 & setsid sleep 300")], [say("Done.")])
    async with frames(place) as client:
        await introduced(client)
        await client.request("thread/start", {"cwd": str(place.project), **FULL})
        await client.request("turn/submit", {"input": [{"type": "text", "text": "Go"}]}, 2)
        pid = place.project / "pid"
        with anyio.fail_after(PATIENCE):
            while not (pid.exists() and pid.read_text().strip()):
                await client.request("thread/loaded/list", {}, 3)
        assert await client.end() == 1
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)


async def test_what_comes_before_initialize_is_refused(place: Place) -> None:
    async with frames(place) as client:
        for method in ("thread/start", "textDocument/codeAction", "shutdown", "nonsense"):
            refused = await client.request(method, {})
            assert refused["error"]["code"] == -32002
        await client.send({"method": "textDocument/didClose", "params": {}})
        await introduced(client)
        await client.send({**INITIALIZE, "id": 5})
        assert (await client.response(5))["error"]["code"] == -32600


REFUSALS: list[tuple[str, Any, int, str]] = [
    ("nonsense", {}, -32601, "unknownMethod"),
    ("textDocument/hover", {}, -32601, "unknownMethod"),
    ("textDocument/codeAction", {"textDocument": 3}, -32602, "invalidParams"),
    ("textDocument/codeAction", None, -32602, "invalidParams"),
    ("textDocument/codeAction", [1], -32602, "invalidParams"),
    ("workspace/executeCommand", {"command": "nonsense"}, -32602, "invalidParams"),
    ("workspace/executeCommand", {"command": "codex-rpc.fix"}, -32602, "invalidParams"),
    ("thread/start", {"cwd": 3}, -32602, "invalidParams"),
    ("turn/submit", {"input": []}, -32602, "invalidParams"),
    ("thread/resume", {"threadId": "x"}, -32803, "invalidThreadId"),
]


async def test_a_refusal_has_the_code_of_the_protocol(place: Place) -> None:
    async with frames(place) as client:
        await introduced(client)
        for method, params, code, kind in REFUSALS:
            error = (await client.request(method, params))["error"]
            assert (method, error["code"], error["data"]["kind"]) == (method, code, kind)
            assert "Traceback" not in str(error)
            await still_there(client)


async def test_a_wrong_option_is_refused_by_its_name(place: Place) -> None:
    async with frames(place) as client:
        options = {"approvals": "never"}
        params = {**INITIALIZE["params"], "initializationOptions": options}
        error = (await client.request("initialize", params))["error"]
        assert error["code"] == -32602
        assert error["data"]["path"] == "initializationOptions.approvals"
        await introduced(client)


async def test_an_app_server_client_may_frame_its_messages(place: Place) -> None:
    """Its `initialize` is the app-server's own, and it is asked with server requests."""
    place.play([run_command("touch x")], [say("Done.")])
    async with frames(place, "app-server") as client:
        params = {"clientInfo": {"name": "framed", "version": "1"}, "capabilities": None}
        result = (await client.request("initialize", params))["result"]
        assert "framed; 1" in result["userAgent"]
        asking = {"sandbox": "workspace-write", "approvalPolicy": "untrusted"}
        await client.request("thread/start", {"cwd": str(place.project), **asking})
        await client.request("turn/submit", {"input": [{"type": "text", "text": "Go"}]}, 2)
        question = await client.until("item/commandExecution/requestApproval")
        await client.send({"id": question["id"], "result": {"decision": "decline"}})
        await client.until("turn/completed")


async def test_a_request_can_be_cancelled(place: Place) -> None:
    async with frames(place) as client:
        await introduced(client)
        params = {"command": ["sleep", "300"], "sandboxPolicy": {"type": "dangerFullAccess"}}
        await client.send({"id": "a", "method": "command/exec", "params": params})
        await still_there(client)
        await client.send({"method": "$/cancelRequest", "params": {"id": "a"}})
        assert (await client.response("a"))["error"]["code"] == -32800


NULL_ID = [
    (frame(b"{"), -32700),
    (frame(b'{"a":"\xff"}'), -32700),
    (frame(b"[" * 100_000), -32700),
    (frame(b"[1]"), -32600),
    (frame(b"3"), -32600),
    (frame(b'{"jsonrpc":"2.0","id":{},"method":"x"}'), -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":"x"}\n', -32700),
    (b"Content-Length: -5\r\n\r\n", -32700),
    (b"Content-Type: x\r\n\r\n", -32700),
    (b"Content-Length: 0\r\n\r\n", -32700),
    (b'Content-Length: 3\r\n\r\n{"jsonrpc":"2.0"}', -32700),
    (b"\x00\x01\x02" * 10_000, -32700),
]


async def test_what_is_no_message_is_answered_and_survived(place: Place) -> None:
    async with frames(place) as client:
        await introduced(client)
        for data, code in NULL_ID:
            await client.write(data)
            refusal = await client.read()
            assert (refusal["id"], refusal["error"]["code"]) == (None, code), data[:50]
            await still_there(client)


async def test_odd_headers_and_envelopes_are_read(place: Place) -> None:
    async with frames(place) as client:
        await introduced(client)
        body = (
            b'{"id":1,"method":"thread/loaded/list","params":{"jsonrpc":"2.0","x":{"jsonrpc":1}}}'
        )
        await client.write(b"content-length:%d\n\n%b" % (len(body), body))
        assert "result" in await client.response(1)
        again = b"Content-Type: a/b; charset=utf-8\r\nCONTENT-LENGTH : %d\r\n\r\n%b"
        await client.write(again % (len(body), body))
        assert "result" in await client.response(1)


async def test_a_notification_that_makes_no_sense_is_survived(place: Place) -> None:
    async with frames(place) as client:
        await introduced(client)
        change: Any = {
            "textDocument": {"uri": "file:///nowhere", "version": 1},
            "contentChanges": [],
        }
        change["contentChanges"] = [{"text": "x"}]
        notifications: list[tuple[str, Any]] = [
            ("textDocument/didChange", change),
            ("textDocument/didOpen", {"nonsense": 1}),
            ("textDocument/didOpen", None),
            ("$/cancelRequest", {"id": {}}),
            ("$/setTrace", {"value": "loud"}),
            ("nonsense", [1]),
        ]
        for method, params in notifications:
            await client.send({"method": method, "params": params})
        await client.send({"id": 12345, "result": "to nobody"})
        await still_there(client)


async def test_nothing_but_frames_is_on_stdout(place: Place) -> None:
    """What a command prints to the server's own descriptors goes elsewhere."""
    place.play([run_command("echo noise >&2; echo noise > /dev/stderr; echo noise")], [say("ok")])
    async with frames(place) as client:
        await introduced(client)
        await client.request("thread/start", {"cwd": str(place.project), **FULL})
        await client.request("turn/submit", {"input": [{"type": "text", "text": "Go"}]}, 2)
        await client.until("turn/completed")
        await client.request("shutdown", None, 3)
        await client.send({"method": "exit"})
        assert await client.exit_code() == 0
