"""`initialize` answered before the server is loaded: the same answer, or none."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codex_rpc.cli.introduction import Introduction, introduce
from codex_rpc.protocol.handshake import InitializeParams
from tests.contract.contract_schema import assert_valid
from tests.support.app import App
from tests.support.peer import RefusedError

INFO = {"name": "a client", "version": "1.2"}


def request(params: object, **members: object) -> bytes:
    message = {"id": 1, "method": "initialize", "params": params, **members}
    return json.dumps(message).encode() + b"\n"


ORDINARY = [
    request({"clientInfo": INFO}),
    request({"clientInfo": INFO}, id="text"),
    request({"clientInfo": INFO}, id=0),
    request({"clientInfo": INFO}, id=2**70),
    request({"clientInfo": INFO}, jsonrpc="2.0"),
    request({"clientInfo": INFO}, extra={"a": 1}),
    request({"clientInfo": {**INFO, "title": "T", "extra": 1}, "extra": [1]}),
    request({"clientInfo": {**INFO, "title": None}, "capabilities": None}),
    request({"clientInfo": {"name": "", "version": ""}}),
    request({"clientInfo": {"name": '\u00e9 \U0001f600 "\\\n', "version": "\x7f"}}),
    request({"clientInfo": INFO, "capabilities": {}}),
    request({"clientInfo": INFO, "capabilities": {"experimentalApi": True, "unknown": {}}}),
    request({"clientInfo": INFO, "capabilities": {"optOutNotificationMethods": None}}),
    request({"clientInfo": INFO, "capabilities": {"optOutNotificationMethods": ["a", "b"]}}),
    request({"clientInfo": INFO, "capabilities": {"approvals": "notify"}}),
    request({"clientInfo": INFO, "capabilities": {"experimental_api": 3}}),
    b"\xef\xbb\xbf" + request({"clientInfo": INFO}),
    b"  " + request({"clientInfo": INFO})[:-1] + b" \r\n",
    request({"clientInfo": INFO})[:-1],
]
"""What is answered early."""

UNUSUAL = [
    b"\n" + request({"clientInfo": INFO}),
    b"",
    b"{\n",
    b"[]\n",
    b"\xff\xff\n",
    b"[" * 100_000 + b"\n",
    request({"clientInfo": INFO}).decode().encode("utf-16-le"),
    request({"clientInfo": INFO, "extra": float("nan")}),
    request({"clientInfo": {**INFO, "name": "\ud800"}}),
    request({"clientInfo": INFO, "extra": "\ud800"}),
    request({"clientInfo": INFO, "deep": json.loads("[" * 500 + "]" * 500)}),
    request({"clientInfo": INFO}, id=None),
    request({"clientInfo": INFO}, id=True),
    request({"clientInfo": INFO}, id=1.5),
    request({"clientInfo": INFO}, id=[1]),
    request({"clientInfo": INFO}, method="model/list"),
    request({"clientInfo": INFO}, method=["initialize"]),
    b'{"method":"initialize","params":{"clientInfo":{"name":"a","version":"1"}}}\n',
    request(None),
    request([]),
    request({}),
    request({"clientInfo": None}),
    request({"clientInfo": []}),
    request({"clientInfo": {"name": "a"}}),
    request({"clientInfo": {"name": 3, "version": "1"}}),
    request({"clientInfo": {**INFO, "title": 3}}),
    request({"client_info": INFO}),
    request({"clientInfo": INFO, "capabilities": []}),
    request({"clientInfo": INFO, "capabilities": {"experimentalApi": None}}),
    request({"clientInfo": INFO, "capabilities": {"experimentalApi": 1}}),
    request({"clientInfo": INFO, "capabilities": {"optOutNotificationMethods": 0}}),
    request({"clientInfo": INFO, "capabilities": {"optOutNotificationMethods": {}}}),
    request({"clientInfo": INFO, "capabilities": {"optOutNotificationMethods": ""}}),
    request({"clientInfo": INFO, "capabilities": {"optOutNotificationMethods": [1]}}),
    request({"clientInfo": INFO, "capabilities": {"approvals": None}}),
    request({"clientInfo": INFO, "capabilities": {"approvals": ["request"]}}),
    request({"clientInfo": {**INFO, "name": "x" * 70_000}}),
]
"""What is left to the server, which refuses most of it."""


def introduced_by(line: bytes, app: App, folder: Path) -> tuple[Introduction, bytes]:
    """What `introduce` makes of the line, with all that it left to be read, and what it writes."""
    source, target = folder / "stdin", folder / "stdout"
    source.write_bytes(line)
    with source.open("rb") as stdin, target.open("wb") as stdout:
        introduction = introduce(stdin.fileno(), stdout.fileno(), app.server.environ)
        left = os.read(stdin.fileno(), len(line) + 1)
    return replace(introduction, unread=introduction.unread + left), target.read_bytes()


async def answers_of_server(line: bytes, app: App) -> list[dict[str, Any]]:
    """Everything the server says to a client that sends this and nothing else."""
    peer = app.dial()
    await peer.send_bytes(line)
    peer.sending.close()
    return await peer.rest()


@pytest.mark.parametrize("line", ORDINARY)
async def test_an_ordinary_introduction_gets_the_servers_own_answer(
    app: App, tmp_path: Path, line: bytes
) -> None:
    """The handshake may be answered before pydantic is loaded if the answer is the same."""
    introduction, early = introduced_by(line, app, tmp_path)
    [answer] = await answers_of_server(line, app)
    assert early.endswith(b"\n")
    assert json.loads(early) == answer
    assert_valid(answer["result"], "InitializeResponse")
    assert introduction.unread == b""
    assert introduction.params is not None
    InitializeParams.model_validate(introduction.params, by_name=False)


@pytest.mark.parametrize("line", UNUSUAL, ids=lambda line: repr(line[:60]))
async def test_anything_unusual_is_left_to_the_server(
    app: App, tmp_path: Path, line: bytes
) -> None:
    introduction, early = introduced_by(line, app, tmp_path)
    assert early == b""
    assert introduction == Introduction(None, line)


@pytest.mark.parametrize("line", ORDINARY)
async def test_what_follows_the_introduction_is_left_unread(
    app: App, tmp_path: Path, line: bytes
) -> None:
    if not line.endswith(b"\n"):
        return
    rest = b'{"id":2,"method":"model/list","params":{}}\n{"id":3'
    introduction, _ = introduced_by(line + rest, app, tmp_path)
    assert introduction.unread == rest


async def test_an_early_introduction_counts_as_the_only_one(app: App) -> None:
    params = InitializeParams.model_validate(
        {"clientInfo": INFO, "capabilities": {"optOutNotificationMethods": ["thread/started"]}}
    )
    peer = app.dial(introduced=params)
    await peer.start_thread([])
    assert "thread/started" not in [m.get("method") for m in peer.messages]
    with pytest.raises(RefusedError, match=r"^Already initialized$"):
        await peer.initialize()


async def test_the_user_agent_names_the_protocols_version_and_the_client(app: App) -> None:
    """Clients read the version from the user agent and switch features by it."""
    peer = app.dial()
    result = await peer.call("initialize", {"clientInfo": INFO})
    assert result["userAgent"].startswith("codex-rpc/0.169.0 (")
    assert result["userAgent"].endswith("; a client; 1.2)")
    assert result["codexHome"] == str(app.home)
    assert result["platformFamily"] in ("unix", "windows")
    assert os.sep in result["codexHome"]
