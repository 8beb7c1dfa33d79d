"""Managers over odd servers: real processes that do what servers should not."""

import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from codex_rpc.config.effective import Config, config_from_table
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.managers.mcp.credentials import McpCredentials
from codex_rpc.managers.mcp.host import McpHost, Restarts
from codex_rpc.managers.mcp.manager import McpManager
from codex_rpc.managers.mcp.port import McpCallOptions, McpCallResult
from codex_rpc.managers.mcp.view import ThreadMcp

PATIENCE = 20.0
"""Seconds after which a test that waits for a server has failed."""
AT_ONCE = Restarts(first_pause_s=0.0)
NEVER = Restarts(first_pause_s=3600.0)
OPTIONS = McpCallOptions()

_PROGRAM = Path(__file__).with_name("odd_server.py")


def odd(mode: str, starts: Path | None = None, **options: Any) -> dict[str, Any]:
    """The settings of a server that behaves so; `starts` gets a line whenever it is started."""
    args = [str(_PROGRAM), mode, *([] if starts is None else [str(starts)])]
    return {"command": sys.executable, "args": ["-I", "-X", "utf8", *args], **options}


def config_of(**servers: Mapping[str, Any]) -> Config:
    return config_from_table(Path("/nonexistent"), {"mcp_servers": servers})


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it is true of something that tells nobody when it changes."""
    with anyio.fail_after(PATIENCE):
        while True:
            if condition():
                return
            await anyio.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Whether the process has ended and was reaped."""
    return not Path(f"/proc/{pid}").exists()


@dataclass(slots=True)
class Starts:
    """How often servers have been started."""

    file: Path

    def lines(self) -> list[str]:
        return self.file.read_text().splitlines() if self.file.exists() else []

    @property
    def count(self) -> int:
        return sum(line.startswith("started") for line in self.lines())

    @property
    def pid(self) -> int:
        """Of the first server."""
        return int(self.lines()[0].split()[1])

    async def saw(self, line: str) -> None:
        """Wait until a server has written that."""
        await until(lambda: line in self.lines())


@asynccontextmanager
async def manager_in(
    home: Path,
    restarts: Restarts = NEVER,
    environ: Mapping[str, str] | None = None,
    linger_s: float = 300.0,
) -> AsyncGenerator[McpManager]:
    """A manager over a process runner of its own."""
    async with ProcessRunner() as processes:
        host = McpHost(
            processes=processes,
            environ={"PATH": "/usr/bin:/bin", **(environ or {})},
            credentials=McpCredentials(home),
            cwd=home,
            version="1",
            restarts=restarts,
        )
        async with McpManager(host, linger_s=linger_s) as manager:
            yield manager


async def ready(view: ThreadMcp) -> None:
    """Wait until no server is starting any more."""
    with anyio.fail_after(PATIENCE):
        await view.tools(PATIENCE)


async def call(view: ThreadMcp, tool: str, server: str = "odd", **arguments: Any) -> McpCallResult:
    """Call a tool; fails if that takes too long."""
    with anyio.fail_after(PATIENCE):
        return await view.call(server, tool, arguments, OPTIONS)


def said(result: McpCallResult) -> str:
    """The text of a result."""
    (part,) = result.content
    return str(part["text"])
