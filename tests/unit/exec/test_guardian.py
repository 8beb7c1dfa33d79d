"""Nothing outlives the server: real guardians, killed servers, killed guardians."""

import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest
from anyio.abc import Process

from codex_rpc.errors import SpawnError
from codex_rpc.exec.lineage import children_of, descendants_of
from codex_rpc.exec.process import ProcessRunner
from tests.support.commands import bash, running, unique_sleep, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="descendants are found by /proc")

SERVER = r"""
import os, sys
from pathlib import Path
import anyio
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.process_spec import ProcessSpec

async def main(script, stdin):
    async with ProcessRunner() as runner:
        argv = ["bash", "-c", script]
        process = await runner.start(ProcessSpec(argv, Path("/"), os.environ, stdin=stdin))
        os.write(1, b"ready\n")
        await process.wait()
        await anyio.sleep_forever()

anyio.run(main, *sys.argv[1:])
"""


@pytest.fixture
async def runner() -> AsyncIterator[ProcessRunner]:
    async with ProcessRunner() as runner:
        yield runner


@pytest.fixture
def sleep() -> Iterator[str]:
    """A command that does not run after the test, even if it should have ended and did not."""
    sleep = unique_sleep()
    yield sleep
    for pid in running(sleep):
        os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether it is there, and not just its exit that nobody has asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def guardian_of(pid: int) -> int:
    """The only child with that command line, which it has from its first moment on."""
    (guardian,) = (
        child
        for child in children_of(pid)
        if is_alive(child) and b"guardian.main" in Path(f"/proc/{child}/cmdline").read_bytes()
    )
    return guardian


@asynccontextmanager
async def server_running(script: str, stdin: str) -> AsyncGenerator[Process]:
    """Another process that has started this command and does nothing else."""
    words = [sys.executable, "-c", SERVER, script, stdin]
    async with await anyio.open_process(words, start_new_session=True, stderr=None) as server:
        assert server.stdout is not None
        assert await server.stdout.receive() == b"ready\n"
        try:
            yield server
        finally:
            with suppress(ProcessLookupError):
                server.kill()


async def ignore(chunk: bytes) -> None:
    del chunk


async def test_a_prepared_guardian_runs_the_first_command(runner: ProcessRunner) -> None:
    runner.prepare()
    prepared = guardian_of(os.getpid())
    runner.prepare()

    with anyio.fail_after(10):
        assert (await runner.run(bash("exit 3"), ignore)).exit_code == 3

    assert guardian_of(os.getpid()) == prepared


@pytest.mark.parametrize(
    ("script", "stdin", "count"),
    [
        ("exec {}", "null", 1),
        ("{0} & bash -c '{0} & {0}; :'", "null", 3),
        ("setsid {0} & {0}", "null", 2),
        ("(setsid bash -c '{0} & {0}; :' &) ; {0}", "null", 3),
        ("(setsid {0} &)", "null", 1),
        ("(setsid env -i {0} &) ; {0}", "null", 2),
        ("{0}", "terminal", 1),
        ("trap '' TERM HUP INT; {0}; {0}", "null", 1),
        ("trap '' TERM HUP INT; setsid {0} & {0}; {0}", "terminal", 2),
        ("yes & {0}", "terminal", 1),
    ],
    ids=[
        "one process",
        "tree",
        "own session",
        "double fork",
        "daemon of a command that has ended",
        "cleared environment",
        "terminal",
        "ignores signals",
        "ignores signals on a terminal",
        "unread terminal",
    ],
)
@pytest.mark.parametrize("signals", [[signal.SIGKILL], [signal.SIGSTOP, signal.SIGKILL]])
async def test_nothing_outlives_a_server_that_is_killed(
    script: str, stdin: str, count: int, signals: list[signal.Signals], sleep: str
) -> None:
    """The mission: `kill -9` of the server leaves no process after two seconds."""
    async with server_running(script.format(sleep), stdin) as server:
        await until(lambda: len(running(sleep)) == count)
        below = descendants_of(server.pid)

        for number in signals:
            server.send_signal(number)

        await until(lambda: not any(map(is_alive, below)), seconds=2)
        assert running(sleep) == []


async def test_killing_the_servers_group_does_not_reach_the_guardian(sleep: str) -> None:
    async with server_running(f"setsid {sleep} & {sleep}", "null") as server:
        await until(lambda: len(running(sleep)) == 2)

        os.killpg(server.pid, signal.SIGKILL)

        await until(lambda: running(sleep) == [], seconds=2)


async def test_what_a_killed_guardian_leaves_is_killed_and_the_next_command_runs(
    runner: ProcessRunner, sleep: str
) -> None:
    process = await runner.start(bash(f"setsid {sleep} & (setsid env -i {sleep} &); {sleep}"))
    await until(lambda: len(running(sleep)) == 3)

    os.kill(guardian_of(os.getpid()), signal.SIGKILL)

    with anyio.fail_after(2):
        assert (await process.wait()).signal == signal.SIGKILL
        assert await process.read() is None
    assert running(sleep) == []
    assert (await runner.run(bash("exit 3"), ignore)).exit_code == 3
    await process.aclose()


async def test_a_command_whose_guardian_dies_before_it_answers_does_not_start(
    sleep: str,
) -> None:
    async with ProcessRunner() as runner:
        await runner.run(bash("true"), ignore)
        guardian = guardian_of(os.getpid())
        os.kill(guardian, signal.SIGSTOP)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(refused, runner, sleep)
            await anyio.wait_all_tasks_blocked()
            os.kill(guardian, signal.SIGKILL)
        assert running(sleep) == []
        assert (await runner.run(bash("exit 3"), ignore)).exit_code == 3


async def refused(runner: ProcessRunner, command: str) -> None:
    with pytest.raises(SpawnError, match="the process that starts them has ended"):
        await runner.start(bash(command))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_the_guardian_ignores_signals_that_its_commands_heed(
    runner: ProcessRunner, number: int
) -> None:
    await runner.run(bash("true"), ignore)
    guardian = guardian_of(os.getpid())
    os.kill(guardian, number)

    exit = await runner.run(bash(f"kill -{number} $$; sleep 1000", timeout_s=20), ignore)

    assert exit.signal == number
    assert guardian_of(os.getpid()) == guardian


async def test_the_guardian_knows_no_secrets_and_is_in_nobodys_way(
    runner: ProcessRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    await runner.run(bash("true"), ignore)
    guardian = guardian_of(os.getpid())

    assert_withdrawn(guardian)
    open_files = descriptors_of(guardian)
    for _ in range(20):
        await runner.run(bash("true", stdin="pipe", split_output=True), ignore)
    assert descriptors_of(guardian) == open_files
    assert children_of(guardian) == []


def assert_withdrawn(guardian: int) -> None:
    about = Path(f"/proc/{guardian}")
    assert os.getsid(guardian) == os.getpgid(guardian) == guardian
    assert (about / "comm").read_text() == "codex-guardian\n"
    # What cannot be looked into belongs to root, whoever runs it.
    assert (about / "environ").stat().st_uid == 0
    if os.getuid() == 0:
        assert b"sk-secret" not in (about / "environ").read_bytes()
        assert (about / "cwd").readlink() == Path("/")


def descriptors_of(pid: int) -> list[str]:
    """Only root may ask."""
    if os.getuid() != 0:
        return []
    return sorted(entry.name for entry in Path(f"/proc/{pid}/fd").iterdir())


async def test_what_a_command_has_left_behind_does_not_stay_a_zombie(
    runner: ProcessRunner, tmp_path: Path
) -> None:
    """Nobody runs another command, and still a daemon's end is noticed."""
    up, end = tmp_path / "up", tmp_path / "end"
    os.mkfifo(up)
    os.mkfifo(end)
    daemon = f"setsid bash -c 'echo > {up}; exec cat {end}' &> /dev/null &"
    await runner.run(bash(f"({daemon}); read < {up}"), ignore)
    guardian = guardian_of(os.getpid())
    await until(lambda: bool(running(f"cat {end}")))
    end.write_text("now")
    await until(lambda: not running(f"cat {end}"))
    await until(lambda: not children_of(guardian))
