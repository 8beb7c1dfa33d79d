"""Open files: many for the server, as before for its commands."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_rpc.exec.child import ProcessSpec
from codex_rpc.exec.file_limit import FileLimit
from codex_rpc.exec.process import ProcessRunner

SOFT = 256


@pytest.fixture(autouse=True)
def soft_limit() -> Iterator[int]:
    """A low soft limit below whatever hard one there is; the latter is returned."""
    found = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (SOFT, found[1]))
    yield found[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, found)


def current() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


async def test_a_command_has_the_users_limit_and_the_server_a_higher_one(tmp_path: Path) -> None:
    printed = b""

    async def on_output(chunk: bytes) -> None:
        nonlocal printed
        printed += chunk

    async with ProcessRunner() as processes:
        assert current() > SOFT
        spec = ProcessSpec(["sh", "-c", "ulimit -Sn"], tmp_path, dict(os.environ))
        await processes.run(spec, on_output)
        assert current() > SOFT
    assert int(printed) == SOFT
    assert current() == SOFT


def test_a_process_with_more_files_than_the_old_limit_still_starts_children() -> None:
    limit = FileLimit()
    limit.lift()
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(SOFT + 10)]
    try:
        with limit.for_children():
            child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        limit.lower(child.pid)
        if sys.platform == "linux":
            assert resource.prlimit(child.pid, resource.RLIMIT_NOFILE)[0] == SOFT
        child.communicate(b"")
        assert child.returncode == 0
    finally:
        for descriptor in opened:
            os.close(descriptor)
    limit.restore()
    assert current() == SOFT
