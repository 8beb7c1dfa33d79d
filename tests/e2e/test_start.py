"""What the real process loads before a thread is there."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.server_process import COMMAND, INITIALIZE, PATIENCE, Message, Place, lines_of

START: Message = {"id": "start", "method": "thread/start", "params": {}}
SLOW = ["sqlite3", "yaml", "tomlkit", "httpx2", "watchfiles", "tree_sitter_bash", "mcp", "pygls"]
"""Packages that take long to load and that no thread needs before its first turn."""


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


def test_a_thread_starts_without_the_index_of_stored_threads(loaded: set[str]) -> None:
    assert "codex_rpc.server.app" in loaded
    assert not {name for name in loaded if name.startswith("codex_rpc.rollout.index.")}
