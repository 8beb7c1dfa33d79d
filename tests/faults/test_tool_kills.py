"""The server is killed while it runs all that it can run: nothing is left, and nothing is lost."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from codex_rpc.exec.lineage import descendants_of
from tests.e2e.server_process import (
    AppServer,
    Message,
    Place,
    app_server,
    processes_with,
    run_command,
    say,
    thread_of,
)

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")

SANDBOXED: Message = {"sandbox": "workspace-write", "approvalPolicy": "never"}
NAMES = {".git", ".codex", ".agents"}
"""What sandboxed commands must not make, so that it is there while they run."""

MCP_SERVER = """
import json, subprocess, sys
subprocess.Popen(["sleep", sys.argv[1]])
subprocess.Popen(["sleep", sys.argv[1]], start_new_session=True)
for line in sys.stdin:
    message = json.loads(line)
    results = {
        "initialize": lambda: {
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "busy", "version": "1"},
        },
        "tools/list": lambda: {"tools": []},
    }
    if message.get("method") in results:
        result = results[message["method"]]()
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        print(json.dumps(answer), flush=True)
"""
"""With a child of its own, and another that leaves its session."""


@pytest.fixture
def marker() -> Iterator[str]:
    """An argument by which a test's processes are found, and killed if they should not be there."""
    marker = f"600.8{os.getpid()}"
    yield marker
    for pid in processes_with(marker):
        os.kill(pid, signal.SIGKILL)


def terminal(script: str) -> Message:
    arguments = {"cmd": script, "login": False, "tty": True, "yield_time_ms": 250}
    return {"type": "functionCall", "name": "exec_command", "arguments": arguments}


def configure_server(place: Place, marker: str) -> None:
    words = [sys.executable, "-c", MCP_SERVER, marker]
    command, *arguments = map(json.dumps, words)
    table = f"[mcp_servers.busy]\ncommand = {command}\nargs = [{', '.join(arguments)}]\n"
    (place.home / "config.toml").write_text(table)


async def run_everything(server: AppServer, place: Place, marker: str) -> None:
    """A sandboxed command and a terminal; the client's own command, watch and search."""
    own = {"command": ["bash", "-c", f"setsid sleep {marker} & sleep {marker}"]}
    limits = {"disableTimeout": True, "sandboxPolicy": {"type": "dangerFullAccess"}}
    await server.send({"id": "own", "method": "command/exec", "params": {**own, **limits}})
    project = str(place.project)
    await server.call("fs/watch", {"path": project, "watchId": "w"})
    await server.call("fuzzyFileSearch/sessionStart", {"sessionId": "s", "roots": [project]})
    await server.submit()
    await server.output("up", times=2)
    with anyio.fail_after(10):
        # Nobody tells of the processes that others start: 2 of each command, and the MCP server's.
        while sum("sleep" in name_of(pid) for pid in processes_with(marker)) < 8:  # noqa: ASYNC110
            await anyio.sleep(0.01)


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def none_is_left(marker: str, guardians: set[int]) -> None:
    with anyio.fail_after(2):
        while guardians.intersection(processes_with("guardian.main")) or processes_with(marker):  # noqa: ASYNC110
            await anyio.sleep(0.01)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_busy_server_leaves_nothing(place: Place, marker: str, how: signal.Signals) -> None:
    """The mission: whatever was started is gone within two seconds; the workspace is as it was."""
    script = f"echo up; setsid sleep {marker} & sleep {marker}"
    place.play([terminal(script), run_command(script)], [say("Done.")])
    configure_server(place, marker)
    async with app_server(place) as server:
        await server.initialize(experimentalApi=True)
        await server.start_thread(place, **SANDBOXED)
        await run_everything(server, place, marker)
        guardians = set(processes_with("guardian.main"))
        guardians.intersection_update(descendants_of(server.process.pid))
        assert guardians
        assert names_in(place.project) == NAMES
        server.process.send_signal(how)
        await none_is_left(marker, guardians)
        await server.rest()
    assert names_in(place.project) == (NAMES if how == signal.SIGKILL else set())

    place.play([run_command("true")], [say("Done.")])
    async with app_server(place) as server:
        await server.initialize()
        stored = {"threadId": place.rollout_lines()[0]["payload"]["id"], **SANDBOXED}
        thread = (await server.call("thread/resume", stored))["thread"]
        assert [turn["status"] for turn in thread["turns"]] == ["interrupted"]
        server.thread_id = thread["id"]
        assert (await server.turn())["status"] == "completed"
    assert names_in(place.project) == set()


async def test_what_a_killed_server_leaves_does_not_hide_the_project(
    place: Place, marker: str
) -> None:
    """A user works in a part of a trusted repository; its root is no other one after a crash."""
    part = place.project / "part"
    for folder in (place.project / ".git", part):
        folder.mkdir()
    (place.project / "AGENTS.md").write_text("Be brief.")
    trust = f'[projects."{place.project}"]\ntrust_level = "trusted"\n'
    (place.home / "config.toml").write_text(trust)
    place.play([run_command(f"echo up; sleep {marker}")])
    async with thread_of(place, cwd=str(part), **SANDBOXED) as server:
        await server.submit()
        await server.output("up")
        async with app_server(place) as other:
            await assert_trusted(other, place, part)
        server.process.kill()
        await server.rest()
    assert names_in(part) == NAMES
    async with app_server(place) as server:
        await assert_trusted(server, place, part)


async def assert_trusted(server: AppServer, place: Place, part: Path) -> None:
    await server.initialize()
    started = await server.call("thread/start", {"cwd": str(part)})
    assert started["sandbox"]["type"] == "workspaceWrite"
    assert started["instructionSources"] == [str(place.project / "AGENTS.md")]
