"""Real commands: how they end, what is left of them (nothing), and what their output becomes."""

import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import anyio
import pytest

from codex_rpc.errors import SpawnError
from codex_rpc.exec import running_process
from codex_rpc.exec.lineage import descendants_of
from codex_rpc.exec.output import OutputBuffer
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.process_spec import ProcessSpec
from tests.support.commands import bash, running, unique_sleep, until

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="descendants are found by /proc")


@pytest.fixture
async def runner() -> AsyncIterator[ProcessRunner]:
    async with ProcessRunner() as runner:
        yield runner


@pytest.fixture
def left_behind() -> Callable[[], list[int]]:
    """The processes below this one, but the guardian, that have come since the test began."""
    before = set(descendants_of(os.getpid()))

    def found() -> list[int]:
        new = [pid for pid in descendants_of(os.getpid()) if pid not in before]
        return [pid for pid in new if name_of(pid) != "codex-guardian"]

    return found


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


class Collector:
    """Takes output and tells when something was seen in it."""

    def __init__(self, awaited: str = "\n") -> None:
        self.data = b""
        self.seen = anyio.Event()
        self._awaited = awaited.encode()

    async def __call__(self, chunk: bytes) -> None:
        self.data += chunk
        if self.data.count(self._awaited):
            self.seen.set()


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


async def ignore(chunk: bytes) -> None:
    del chunk


async def test_stdout_and_stderr_arrive_in_the_order_they_were_written(
    runner: ProcessRunner,
) -> None:
    output = Collector()

    exit = await runner.run(bash("echo a; echo b >&2; echo c"), output)

    assert output.data == b"a\nb\nc\n"
    assert (exit.exit_code, exit.signal, exit.timed_out) == (0, None, False)
    assert exit.duration_s > 0


async def test_output_arrives_while_the_command_still_runs(
    runner: ProcessRunner, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    chunks: list[bytes] = []

    async def open_gate(chunk: bytes) -> None:
        chunks.append(chunk)
        if len(chunks) == 1:
            await anyio.Path(gate).write_text("go\n")

    await runner.run(bash(f"echo before; read line < {gate}; echo $line"), open_gate)

    assert chunks == [b"before\n", b"go\n"]


async def test_exit_code_is_reported(runner: ProcessRunner) -> None:
    assert (await runner.run(bash("exit 7"), ignore)).exit_code == 7


async def test_death_by_signal_is_reported_as_such(runner: ProcessRunner) -> None:
    exit = await runner.run(bash("kill -TERM $$"), ignore)

    assert (exit.exit_code, exit.signal) == (None, signal.SIGTERM)


async def test_stdin_is_empty(runner: ProcessRunner) -> None:
    output = Collector()

    await runner.run(bash("cat; echo end"), output)

    assert output.data == b"end\n"


async def test_the_environment_is_exactly_the_given_one(runner: ProcessRunner) -> None:
    output = Collector()
    spec = ProcessSpec(["/usr/bin/env"], Path("/"), {"A": "1"})

    await runner.run(spec, output)

    assert output.data == b"A=1\n"


async def test_command_that_closes_its_output_is_waited_for(runner: ProcessRunner) -> None:
    exit = await runner.run(bash("exec >&- 2>&-; exec bash -c 'exit 3'"), ignore)

    assert exit.exit_code == 3


@linux_only
async def test_timeout_kills_the_whole_group(runner: ProcessRunner) -> None:
    child = unique_sleep()

    exit = await runner.run(bash(f"{child} & echo started; wait", timeout_s=0.2), ignore)

    assert exit.timed_out
    assert (exit.exit_code, exit.signal) == (None, signal.SIGKILL)
    assert not running(child)


@linux_only
async def test_timeout_does_not_wait_for_a_slow_consumer(runner: ProcessRunner) -> None:
    command = unique_sleep()

    async def stall(chunk: bytes) -> None:
        del chunk
        await until(lambda: not running(command))

    exit = await runner.run(bash(f"echo x; exec {command}", timeout_s=0.1), stall)

    assert exit.timed_out


@linux_only
@pytest.mark.parametrize(
    "escape",
    [
        "{} & wait",
        "setsid {} & wait",
        "(setsid bash -c '{} & wait' &); sleep 1000",
        "(setsid env -i {} &) ; sleep 1000",
    ],
    ids=["background", "own session", "double fork", "cleared environment"],
)
async def test_cancellation_kills_every_descendant(
    runner: ProcessRunner, escape: str, left_behind: Callable[[], list[int]]
) -> None:
    descendant = unique_sleep()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(runner.run, bash(escape.format(descendant)), ignore)
        await until(lambda: bool(running(descendant)))
        tasks.cancel_scope.cancel()

    assert not running(descendant)
    assert left_behind() == []


@linux_only
async def test_cancellation_spares_the_descendants_of_other_commands(
    runner: ProcessRunner,
) -> None:
    mine, other = unique_sleep(), unique_sleep()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(runner.run, bash(f"(setsid {other} &); sleep 1000"), ignore)
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as cancelled:
                cancelled.start_soon(runner.run, bash(f"(setsid {mine} &); sleep 1000"), ignore)
                await until(lambda: bool(running(mine) and running(other)))
                scope.cancel()
        assert not running(mine)
        assert running(other)
        tasks.cancel_scope.cancel()

    assert not running(other)


@pytest.fixture
def child_of_the_host() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as child:
        yield child
        child.kill()


@linux_only
async def test_children_of_the_embedding_program_are_never_touched(
    child_of_the_host: subprocess.Popen[bytes],
) -> None:
    async with ProcessRunner() as runner:
        await runner.run(bash("sleep 1000", timeout_s=0.05), ignore)

    assert child_of_the_host.poll() is None


@linux_only
async def test_what_stays_in_the_group_after_the_command_is_killed(runner: ProcessRunner) -> None:
    left_behind = unique_sleep()

    exit = await runner.run(bash(f"{left_behind} >/dev/null 2>&1 & echo done"), ignore)

    assert exit.exit_code == 0
    assert not running(left_behind)


@linux_only
async def test_grandchild_that_holds_the_pipe_does_not_hold_the_call(
    runner: ProcessRunner,
) -> None:
    holder = unique_sleep()
    output = Collector()

    exit = await runner.run(bash(f"{holder} & echo done"), output)

    assert exit.exit_code == 0
    assert not exit.timed_out
    assert output.data == b"done\n"
    assert not running(holder)


@linux_only
async def test_daemon_outlives_its_command_but_not_the_runner(
    tmp_path: Path, left_behind: Callable[[], list[int]]
) -> None:
    daemon, detached = unique_sleep(), tmp_path / "detached"
    os.mkfifo(detached)
    start = f"setsid bash -c 'echo > {detached}; exec {daemon}' >/dev/null 2>&1 & read < {detached}"

    async with ProcessRunner() as runner:
        await runner.run(bash(start), ignore)
        await until(lambda: bool(running(daemon)))
        await runner.run(bash("true"), ignore)
        assert running(daemon)

    assert not running(daemon)
    assert left_behind() == []


@linux_only
async def test_daemon_that_ended_is_reaped_by_the_next_call(
    runner: ProcessRunner, tmp_path: Path, left_behind: Callable[[], list[int]]
) -> None:
    detached = tmp_path / "detached"
    os.mkfifo(detached)
    start = f"setsid bash -c 'echo > {detached}' >/dev/null 2>&1 & read < {detached}"
    await runner.run(bash(start), ignore)

    with anyio.fail_after(10):
        await runner.run(bash("true"), ignore)
        while left_behind():
            await runner.run(bash("true"), ignore)


async def test_output_before_the_exit_is_delivered_however_late_it_is_taken(
    runner: ProcessRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_process, "PIPE_GRACE_S", 0.0)
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    chunks: list[bytes] = []

    async def take_late(chunk: bytes) -> None:
        chunks.append(chunk)
        if len(chunks) == 1:
            await anyio.Path(gate).write_text("go\n")
            await process.wait()

    process = await runner.start(bash(f"echo early; read < {gate}; echo late"))
    while output := await process.read():
        await take_late(output.data)
    await process.aclose()

    assert chunks == [b"early\n", b"late\n"]


@linux_only
async def test_orphans_that_end_by_themselves_leave_no_zombies(
    left_behind: Callable[[], list[int]],
) -> None:
    async with ProcessRunner() as runner:
        await runner.run(bash("for i in 1 2 3; do (setsid env -i true &); done"), ignore)

    assert left_behind() == []


@linux_only
async def test_failing_consumer_ends_the_command(runner: ProcessRunner) -> None:
    command = unique_sleep()

    async def fail(chunk: bytes) -> None:
        raise RuntimeError(chunk.decode())

    with pytest.raises(RuntimeError, match="first"):
        await runner.run(bash(f"echo first; exec {command}"), fail)

    assert not running(command)


@linux_only
async def test_closing_the_runner_ends_commands_and_refuses_new_ones(
    left_behind: Callable[[], list[int]],
) -> None:
    exits: list[int | None] = []

    async def run(runner: ProcessRunner) -> None:
        exits.append((await runner.run(bash("echo ready; sleep 1000"), output)).signal)

    output = Collector("ready")
    async with anyio.create_task_group() as tasks:
        async with ProcessRunner() as runner:
            tasks.start_soon(run, runner)
            await output.seen.wait()
        assert left_behind() == []
        with pytest.raises(SpawnError, match="shutting down"):
            await runner.run(bash("true"), ignore)

    assert exits == [signal.SIGKILL]


async def test_nothing_is_read_while_the_consumer_is_busy(
    runner: ProcessRunner, tmp_path: Path
) -> None:
    """The pipe is full long before the command gets to its last step."""
    finished = tmp_path / "finished"
    early: list[bool] = []

    async def slow(chunk: bytes) -> None:
        del chunk
        early.append(finished.exists())

    await runner.run(bash(f"head -c 2000000 /dev/zero; touch {finished}"), slow)

    assert not early[0]
    assert finished.exists()


async def test_output_of_50_megabytes_takes_bounded_memory(runner: ProcessRunner) -> None:
    kept = OutputBuffer(1 << 20)

    async def keep(chunk: bytes) -> None:
        kept.append(chunk)

    tracemalloc.start()
    try:
        await runner.run(bash("head -c 50000000 /dev/zero"), keep)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept.seen_bytes == 50_000_000
    assert kept.omitted_bytes == 50_000_000 - (1 << 20)
    assert peak < 8 << 20


@linux_only
async def test_200_commands_leave_no_descriptors_and_no_zombies(
    runner: ProcessRunner, left_behind: Callable[[], list[int]]
) -> None:
    await runner.run(bash("true"), ignore)
    before = open_descriptors()

    for _ in range(20):
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(runner.run, ProcessSpec(["true"], Path("/"), os.environ), ignore)

    assert open_descriptors() == before
    assert left_behind() == []


def refuse_to_open(argv: list[str], cwd: Path) -> Callable[[ProcessRunner], Awaitable[object]]:
    spec = ProcessSpec(argv, cwd, {"PATH": os.environ["PATH"]})
    return lambda runner: runner.run(spec, ignore)


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["no-such-program-here"], "command not found: no-such-program-here"),
        (["/no/such/program"], "cannot run /no/such/program: No such file or directory"),
        (["/etc/passwd"], "cannot run /etc/passwd: Permission denied"),
        (["/"], "cannot run /: Permission denied"),
        ([], "the command is empty"),
        ([""], "the command is empty"),
        (["echo", "a\0b"], "the command cannot be passed to the system"),
        (["echo", "\ud800"], "the command cannot be passed to the system"),
        (["true", "x" * 5_000_000], "cannot run true: Argument list too long"),
    ],
)
async def test_command_that_cannot_start_says_why(
    runner: ProcessRunner, argv: list[str], text: str
) -> None:
    await runner.run(bash("true"), ignore)
    before = open_descriptors()

    with pytest.raises(SpawnError, match=text):
        await refuse_to_open(argv, Path("/"))(runner)

    assert open_descriptors() == before


@pytest.mark.parametrize("name", ["missing", "file"])
async def test_unusable_working_directory_is_named(
    runner: ProcessRunner, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SpawnError, match=f"cannot use working directory {tmp_path / name}"):
        await refuse_to_open(["true"], tmp_path / name)(runner)
