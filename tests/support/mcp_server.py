"""A small MCP server over stdio, made with the official SDK: `python -m tests.support.mcp_server`.

Each start adds a line to the file that `STARTS` names.
"""

import base64
import os
import sys
from pathlib import Path
from typing import Any

import anyio
from mcp.server.mcpserver import Context, Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

ROOT = Path(__file__).parents[2]

server: MCPServer[None] = MCPServer("notes", instructions="Keeps notes.")


class Sum(BaseModel):
    total: int


class Name(BaseModel):
    name: str


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def add(a: int, b: int) -> Sum:
    """Add two numbers."""
    return Sum(total=a + b)


@server.tool(annotations=ToolAnnotations(read_only_hint=True), structured_output=False)
def look() -> Image:
    """A picture."""
    return Image(data=PIXEL, format="png")


@server.tool(annotations=ToolAnnotations(read_only_hint=True), structured_output=False)
def fail() -> str:
    """Fail."""
    raise ToolError("no such note")


@server.tool(structured_output=False)
def write(text: str) -> str:
    """Write a note, which says nothing of its harmlessness."""
    return f"written: {text}"


@server.tool(annotations=ToolAnnotations(read_only_hint=True), structured_output=False)
async def greet(context: Context) -> str:
    """Ask who is there."""
    answer = await context.elicit("Who is there?", Name)
    return f"{answer.action}: {answer.data.name}" if answer.action == "accept" else answer.action


@server.tool(annotations=ToolAnnotations(read_only_hint=True), structured_output=False)
async def count(context: Context) -> str:
    """Count to three, and say so."""
    for number in range(1, 4):
        await context.report_progress(number, 3, f"at {number}")
    return "three"


@server.tool(annotations=ToolAnnotations(read_only_hint=True), structured_output=False)
async def hang() -> str:
    """Never end."""
    await anyio.sleep_forever()
    return ""


@server.resource("note://first")
def first() -> str:
    """The first note."""
    return "Buy milk"


@server.resource("note://{name}")
def other(name: str) -> str:
    """Any other note."""
    return f"About {name}"


def mcp_table(folder: Path) -> dict[str, Any]:
    """The table of `mcp_servers` for this server, which keeps its files in `folder`."""
    return {
        "command": sys.executable,
        "args": ["-m", "tests.support.mcp_server", str(folder / "home")],
        "cwd": str(ROOT),
        "env": {"STARTS": str(folder / "starts")},
    }


if __name__ == "__main__":
    with Path(os.environ["STARTS"]).open("a") as starts:
        starts.write("started\n")
    server.run()
