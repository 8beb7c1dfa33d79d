"""The MCP project's own test server, over stdio and over streamable HTTP: everything it can do.

It is the npm package `@modelcontextprotocol/server-everything`; `MCP_EVERYTHING_BIN` names its
command. Skipped where there is none.
"""

import base64
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from codex_rpc.config.effective import config_from_table
from codex_rpc.errors import McpError
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.managers.mcp.credentials import McpCredentials
from codex_rpc.managers.mcp.host import McpHost
from codex_rpc.managers.mcp.manager import McpManager
from codex_rpc.managers.mcp.port import (
    ElicitAnswer,
    ElicitRequest,
    FormElicitation,
    McpCallOptions,
    McpCallResult,
    McpProgress,
)
from codex_rpc.managers.mcp.view import ThreadMcp

PATIENCE = 40.0
OPTIONS = McpCallOptions()


def find_server() -> str | None:
    """The command: named by `MCP_EVERYTHING_BIN`, on the path, or installed beside the tests."""
    name = "mcp-server-everything"
    named = os.environ.get("MCP_EVERYTHING_BIN") or shutil.which(name)
    beside = Path(__file__).parents[2] / "node_modules" / ".bin" / name
    return named or (str(beside) if beside.exists() else None)


EVERYTHING = find_server()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        EVERYTHING is None, reason="no mcp-server-everything: set MCP_EVERYTHING_BIN to test it"
    ),
]


@asynccontextmanager
async def view_of(home: Path, server: Mapping[str, Any]) -> AsyncGenerator[ThreadMcp]:
    """A thread's view of the server under the name `every`, once it is ready."""
    config = config_from_table(home, {"mcp_servers": {"every": server}})
    async with ProcessRunner() as processes:
        host = McpHost(processes, dict(os.environ), McpCredentials(home), home, "1")
        async with McpManager(host) as manager:
            view = manager.servers_for(config)
            with anyio.fail_after(PATIENCE):
                await view.tools(PATIENCE)
            yield view


@asynccontextmanager
async def listening() -> AsyncGenerator[str]:
    """The server as a process that listens; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert EVERYTHING is not None
    process = await anyio.open_process(
        [EVERYTHING, "streamableHttp"],
        env={**os.environ, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with anyio.fail_after(PATIENCE):
            while True:
                try:
                    stream = await anyio.connect_tcp("127.0.0.1", port)
                except OSError:
                    await anyio.sleep(0.05)
                else:
                    await stream.aclose()
                    break
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        await process.aclose()


@pytest.fixture(params=["stdio", "http"])
async def view(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[ThreadMcp]:
    """The server over each transport."""
    if request.param == "stdio":
        stdio = {"command": EVERYTHING, "startup_timeout_sec": PATIENCE}
        async with view_of(tmp_path, stdio) as found:
            yield found
    else:
        async with listening() as url, view_of(tmp_path, {"url": url}) as found:
            yield found


async def call(view: ThreadMcp, tool: str, **arguments: Any) -> McpCallResult:
    with anyio.fail_after(PATIENCE):
        return await view.call("every", tool, arguments, OPTIONS)


async def test_its_tools_are_listed_with_names_and_schemas(view: ThreadMcp) -> None:
    tools = {tool.tool: tool for tool in view.tools_now()}
    assert {"echo", "get-sum", "get-tiny-image", "trigger-long-running-operation"} <= tools.keys()
    tool = tools["get-sum"]
    assert (tool.namespace, tool.name) == ("mcp__every", "get_sum")
    assert tool.flat_name == "mcp__every__get-sum"
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "a": {"type": "number", "description": "First number"},
            "b": {"type": "number", "description": "Second number"},
        },
        "required": ["a", "b"],
    }


async def test_its_tools_give_text_numbers_structures_and_images(view: ThreadMcp) -> None:
    echo = await call(view, "echo", message="hello ✓")
    assert echo.content == [{"type": "text", "text": "Echo: hello ✓"}]
    total = await call(view, "get-sum", a=2, b=3)
    assert total.content == [{"type": "text", "text": "The sum of 2 and 3 is 5."}]
    weather = await call(view, "get-structured-content", location="New York")
    assert weather.structured_content.keys() == {"temperature", "conditions", "humidity"}
    images = [part for part in (await call(view, "get-tiny-image")).content if "data" in part]
    assert [image["mimeType"] for image in images] == ["image/png"]
    assert base64.b64decode(images[0]["data"]).startswith(b"\x89PNG")


async def test_its_own_refusals_are_results(view: ThreadMcp) -> None:
    result = await call(view, "get-sum", a="not a number")
    assert result.is_error
    assert "Invalid arguments for tool get-sum" in result.content[0]["text"]
    missing = await call(view, "no-such-tool")
    assert missing.is_error


async def test_it_reports_how_far_it_is(view: ThreadMcp) -> None:
    progress: list[McpProgress] = []

    async def note(news: McpProgress) -> None:
        progress.append(news)

    with anyio.fail_after(PATIENCE):
        result = await view.call(
            "every",
            "trigger-long-running-operation",
            {"duration": 0.4, "steps": 4},
            McpCallOptions(on_progress=note),
        )
    assert "Long running operation completed" in result.content[0]["text"]
    assert [(news.progress, news.total) for news in progress] == [(n, 4) for n in (1, 2, 3, 4)]


async def test_it_can_be_too_slow(view: ThreadMcp) -> None:
    with pytest.raises(McpError, match=r"timed out: MCP server `every` took longer than 0.2 s"):
        await view.call(
            "every",
            "trigger-long-running-operation",
            {"duration": 30, "steps": 30},
            McpCallOptions(timeout_s=0.2),
        )
    assert (await call(view, "echo", message="on")).content[0]["text"] == "Echo: on"


async def test_its_resources_are_listed_and_read(view: ThreadMcp) -> None:
    page = await view.resources("every")
    uri = page.entries[0]["uri"]
    contents = (await view.read_resource("every", uri, OPTIONS))["contents"]
    assert contents[0]["uri"] == uri
    assert contents[0]["text"]
    templates = (await view.resource_templates("every")).entries
    assert {"uriTemplate", "name"} <= templates[0].keys()
    (status,) = await view.inspect()
    assert status.resources == page.entries
    assert status.resource_templates == templates
    assert status.server_info is not None
    assert status.server_info["name"] == "mcp-servers/everything"
    with pytest.raises(McpError, match="`every` refused: "):
        await view.read_resource("every", "demo://no/such/thing", OPTIONS)


class Person:
    """Gives his name, and agrees."""

    def __init__(self) -> None:
        self.asked: list[ElicitRequest] = []

    async def elicit(self, server: str, request: ElicitRequest) -> ElicitAnswer:
        self.asked.append(request)
        return ElicitAnswer("accept", {"name": "Ada", "check": True})


async def test_it_asks_the_user(view: ThreadMcp) -> None:
    person = Person()
    with anyio.fail_after(PATIENCE):
        result = await view.call(
            "every", "trigger-elicitation-request", {}, McpCallOptions(elicitor=person)
        )
    (question,) = person.asked
    assert isinstance(question, FormElicitation)
    assert question.message == "Please provide inputs for the following fields:"
    assert question.schema["properties"]["name"]["type"] == "string"
    raw = result.content[-1]["text"].partition("Raw result: ")[2]
    assert json.loads(raw) == {"action": "accept", "content": {"name": "Ada", "check": True}}
