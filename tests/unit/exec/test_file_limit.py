"""Open files: many for the server, as before for its commands."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.process_spec import ProcessSpec

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


async def test_commands_start_while_more_files_are_open_than_they_may_have(
    tmp_path: Path,
) -> None:
    async def ignore(chunk: bytes) -> None:
        del chunk

    async with ProcessRunner() as processes:
        opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(SOFT + 10)]
        try:
            spec = ProcessSpec(["true"], tmp_path, dict(os.environ))
            assert (await processes.run(spec, ignore)).exit_code == 0
        finally:
            for descriptor in opened:
                os.close(descriptor)
    assert current() == SOFT
