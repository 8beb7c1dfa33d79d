"""What the real process loads before a thread is there."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.server_process import COMMAND, INITIALIZE, PATIENCE, Message, Place, lines_of

START: Message = {"id": "start", "method": "thread/start", "params": {}}
SLOW = ["sqlite3", "yaml", "tomlkit", "httpx2", "watchfiles", "tree_sitter_bash", "mcp", "pygls"]
"""Packages that take long to load and that no thread needs before its first turn."""
RARE = [
    "exec.rules.parsing",
    "exec.sandbox.landlock",
    "managers.file_search",
    "managers.files.watches",
    "managers.mcp",
    "protocol.command_exec",
    "protocol.file_search",
    "protocol.files",
    "protocol.methods",
    "protocol.models",
    "protocol.review",
    "protocol.stored_threads",
    "protocol.thread_history",
    "rollout.index",
    "rollout.log_reading",
    "server.connection_resources",
    "threads.agent_control",
    "threads.loading",
    "threads.turn_reader",
    "tools.client_tools",
    "tools.mcp",
]
"""Parts of ours that belong to requests, settings and systems that most threads never see."""
OF_TURNS = [
    "model.events",
    "session.sampling",
    "session.tasks.regular",
    "session.turn_runner",
    "threads.thread_tools",
    "tools.apply_patch",
    "tools.ports",
]
"""What runs a turn: loaded in a worker thread, once the thread's start has been answered."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules of a server that has started a thread and then ended."""
    place = Place.below(tmp_path_factory.mktemp("start"))
    run = subprocess.run(
        [COMMAND[0], "-X", "importtime", *COMMAND[1:], "app-server", "--drain", *place.arguments],
        input=lines_of(INITIALIZE, START),
        capture_output=True,
        timeout=PATIENCE,
        env=place.environ,
        check=True,
    )
    assert b'"thread/started"' in run.stdout
    return set(_imported(run.stderr.decode()))


def _imported(report: str) -> Iterator[str]:
    for line in report.splitlines():
        if line.startswith("import time:"):
            yield line.rpartition("|")[2].strip()


@pytest.mark.parametrize("package", SLOW)
def test_a_thread_starts_without_slow_packages(loaded: set[str], package: str) -> None:
    """What takes long to import loads when it is used: users wait for a server to start."""
    assert not {name for name in loaded if name.partition(".")[0] == package}


@pytest.mark.parametrize("part", RARE)
def test_a_thread_starts_without_what_few_threads_use(loaded: set[str], part: str) -> None:
    assert "codex_rpc.server.app" in loaded
    assert not parts_of(loaded, part)


@pytest.mark.parametrize("part", OF_TURNS)
def test_what_runs_turns_is_not_loaded_with_the_server(part: str) -> None:
    program = (
        "import sys, codex_rpc.cli.stdio_server, codex_rpc.server.handlers.threads\n"
        "print(*sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )

    assert not parts_of(set(done.stdout.split()), part)


def parts_of(loaded: set[str], part: str) -> set[str]:
    """The modules of a part: itself, if it is one, and those below it, if it is a package."""
    name = f"codex_rpc.{part}"
    return {module for module in loaded if module == name or module.startswith(f"{name}.")}
