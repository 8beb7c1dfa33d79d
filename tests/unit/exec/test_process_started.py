"""Commands that are spoken with while they run: pipes, terminals, input, the end."""

import hashlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from codex_rpc.errors import SpawnError, StdinClosedError
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.process_spec import Output, ProcessSpec, TerminalSize
from codex_rpc.exec.running_process import RunningProcess
from tests.support.commands import bash, running, unique_sleep, until

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="descendants are found by /proc")


@pytest.fixture
async def runner() -> AsyncIterator[ProcessRunner]:
    async with ProcessRunner() as runner:
        yield runner


async def ignore(chunk: bytes) -> None:
    del chunk


async def read_until(process: RunningProcess, text: bytes) -> bytes:
    seen = b""
    with anyio.fail_after(10):
        while text not in seen:
            output = await process.read()
            assert output is not None, seen
            seen += output.data
    return seen


async def read_all(process: RunningProcess) -> dict[str, bytes]:
    seen: dict[str, bytes] = {}
    with anyio.fail_after(20):
        while output := await process.read():
            seen[output.stream] = seen.get(output.stream, b"") + output.data
    return seen


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


async def test_stdout_and_stderr_can_be_told_apart(runner: ProcessRunner) -> None:
    process = await runner.start(bash("echo out; echo err >&2", split_output=True))

    assert await read_all(process) == {"stdout": b"out\n", "stderr": b"err\n"}
    assert process.exit == await process.wait()
    assert await process.read() is None
    await process.aclose()


async def test_one_stream_that_ends_early_does_not_end_the_other(runner: ProcessRunner) -> None:
    process = await runner.start(
        bash("exec 2>&-; read; echo late", split_output=True, stdin="pipe")
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(process.write, b"\n")
        assert await process.read() == Output("stdout", b"late\n")
    await process.aclose()


async def test_10_megabytes_go_in_and_come_out(runner: ProcessRunner) -> None:
    data = os.urandom(1 << 20) * 10
    process = await runner.start(bash("cat", stdin="pipe"))

    async def feed() -> None:
        await process.write(data)
        process.close_stdin()

    seen: dict[str, bytes] = {}
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feed)
        seen = await read_all(process)
    assert hashlib.sha256(seen["stdout"]).digest() == hashlib.sha256(data).digest()
    await process.aclose()


async def test_writing_waits_while_the_command_does_not_read(runner: ProcessRunner) -> None:
    process = await runner.start(bash("read -n 1; head -c 2000000 >/dev/null", stdin="pipe"))
    written = anyio.Event()

    async def feed() -> None:
        await process.write(b"x" * 2_000_001)
        written.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feed)
        await process.wait()
        with anyio.fail_after(10):
            await written.wait()
    await process.aclose()


async def refused(process: RunningProcess) -> None:
    with pytest.raises(StdinClosedError), anyio.fail_after(10):
        await process.write(b"x" * 1_000_000)


async def test_nothing_can_be_written_where_nobody_reads(runner: ProcessRunner) -> None:
    without = await runner.start(bash("sleep 1000"))
    await refused(without)

    closed = await runner.start(bash("sleep 1000", stdin="pipe"))
    closed.close_stdin()
    closed.close_stdin()
    await refused(closed)

    turned_away = await runner.start(bash("exec <&-; echo; sleep 1000", stdin="pipe"))
    await turned_away.read()
    await refused(turned_away)

    exited = await runner.start(bash("exit", stdin="pipe"))
    await exited.wait()
    await refused(exited)

    for process in (without, closed, turned_away, exited):
        await process.aclose()


@linux_only
async def test_writing_ends_when_only_a_descendant_holds_stdin(runner: ProcessRunner) -> None:
    process = await runner.start(bash("(sleep 1000 0<&0 &) ; read -n 1", stdin="pipe"))

    await refused(process)

    await process.aclose()


async def test_closing_stdin_ends_a_write_that_waits(runner: ProcessRunner) -> None:
    process = await runner.start(bash("echo; sleep 1000", stdin="pipe"))
    await process.read()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(refused, process)
        await anyio.wait_all_tasks_blocked()
        process.close_stdin()
    await process.aclose()


async def test_a_terminal_is_one_for_the_command(runner: ProcessRunner) -> None:
    script = "tty; stty size; tty -s <&1 && tty -s <&2 && echo yes >/dev/tty; read x; echo got $x"
    size = TerminalSize(33, 101)
    process = await runner.start(bash(script, stdin="terminal", terminal_size=size))

    seen = await read_until(process, b"yes")
    await process.write(b"hello\n")
    seen += await read_until(process, b"got hello")

    assert seen.startswith(b"/dev/")
    assert b"33 101\r\n" in seen
    assert await read_all(process) == {"stdout": b"\r\n"} or process.exit is not None
    assert (await process.wait()).exit_code == 0
    await process.aclose()


async def test_a_terminal_can_be_resized(runner: ProcessRunner) -> None:
    script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.01; done"
    process = await runner.start(bash(script, stdin="terminal"))
    await read_until(process, b"ready")

    process.resize(TerminalSize(50, 132))

    await read_until(process, b"50 132")
    await process.aclose()


async def test_end_of_input_and_interrupts_go_through_a_terminal(runner: ProcessRunner) -> None:
    reader = await runner.start(bash("echo; cat; echo end", stdin="terminal"))
    await reader.read()
    reader.close_stdin()
    await read_until(reader, b"end")
    assert (await reader.wait()).exit_code == 0

    sleeper = await runner.start(bash("echo; exec sleep 1000", stdin="terminal"))
    await sleeper.read()
    await sleeper.write(b"\x03")
    assert (await sleeper.wait()).signal == signal.SIGINT

    await reader.aclose()
    await sleeper.aclose()


async def test_a_terminal_that_nobody_reads_holds_nobody_up(runner: ProcessRunner) -> None:
    process = await runner.start(bash("yes", stdin="terminal"))
    await read_until(process, b"y")

    output = await runner.start(bash("echo other"))
    assert (await read_all(output))["stdout"] == b"other\n"
    with anyio.fail_after(5):
        await process.kill()

    assert process.exit is not None
    assert process.exit.signal == signal.SIGKILL
    await process.aclose()
    await output.aclose()


async def test_a_timeout_ends_what_nobody_reads(runner: ProcessRunner) -> None:
    for stdin in ("null", "terminal"):
        process = await runner.start(bash("yes", stdin=stdin, timeout_s=0.2))
        with anyio.fail_after(5):
            exit = await process.wait()
        assert (exit.timed_out, exit.signal) == (True, signal.SIGKILL)
        await process.aclose()


async def test_a_command_that_ignores_signals_is_killed(runner: ProcessRunner) -> None:
    process = await runner.start(bash("trap '' TERM HUP INT; echo; while :; do sleep 1; done"))
    await process.read()

    with anyio.fail_after(5):
        await process.kill()
        assert (await process.wait()).signal == signal.SIGKILL
        await process.kill()
    await process.aclose()


@linux_only
async def test_killing_gets_what_left_the_group(runner: ProcessRunner) -> None:
    sleep = unique_sleep()
    process = await runner.start(bash(f"setsid {sleep} & (setsid env -i {sleep} &); {sleep}"))
    await until(lambda: len(running(sleep)) >= 3)

    with anyio.fail_after(2):
        await process.kill()

    assert running(sleep) == []
    assert await read_all(process) == {}
    await process.aclose()


@linux_only
async def test_closing_kills_a_command_and_wakes_its_reader(runner: ProcessRunner) -> None:
    sleep = unique_sleep()
    process = await runner.start(bash(sleep))
    ended: list[Output | None] = []

    async def read() -> None:
        ended.append(await process.read())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await until(lambda: bool(running(sleep)))
        with anyio.fail_after(5):
            await process.aclose()
    assert ended == [None]
    assert running(sleep) == []


@linux_only
async def test_a_start_that_is_cancelled_leaves_nothing(runner: ProcessRunner) -> None:
    before = open_descriptors() + 1
    sleep = unique_sleep()
    for _ in range(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(runner.start, bash(sleep, stdin="terminal"))
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
    assert running(sleep) == []
    assert open_descriptors() == before


@linux_only
async def test_a_command_has_no_descriptors_but_its_own(runner: ProcessRunner) -> None:
    busy = await runner.start(bash("sleep 1000", stdin="terminal"))
    files = {3: b"three", 7: b"seven\0"}
    argv = ["ls", "/proc/self/fd"]
    lister = await runner.start(
        ProcessSpec(argv, Path("/"), os.environ, stdin="pipe", handed_files=files)
    )
    reader = await runner.start(bash("cat <&7; cat <&3", handed_files=files))

    # The fourth is the folder that `ls` reads.
    assert (await read_all(lister))["stdout"].split() == [b"0", b"1", b"2", b"3", b"4", b"7"]
    assert (await read_all(reader))["stdout"] == b"seven\0three"
    for process in (busy, lister, reader):
        await process.aclose()


async def test_handed_files_are_never_in_each_others_place(runner: ProcessRunner) -> None:
    """Where they are on their way is where others of them are to be."""
    numbers = [*range(20, 2, -1), *range(21, 30)]
    files = {number: f"{number};".encode() for number in numbers}
    script = "".join(f"cat <&{number};" for number in numbers)
    process = await runner.start(bash(script, stdin="pipe", handed_files=files))

    assert (await read_all(process))["stdout"] == b"".join(files.values())
    await process.aclose()


async def test_a_command_can_be_handed_many_megabytes(runner: ProcessRunner) -> None:
    data = os.urandom(1 << 20) * 5
    process = await runner.start(bash("cat <&9", handed_files={9: data}))

    assert (await read_all(process))["stdout"] == data
    await process.aclose()


@linux_only
async def test_a_long_command_line_and_environment_get_through(runner: ProcessRunner) -> None:
    argv = ["bash", "-c", "echo $# ${#BIG}", *["x" * 100_000] * 10]
    env = {"PATH": os.environ["PATH"], "BIG": "y" * 100_000}
    process = await runner.start(ProcessSpec(argv, Path("/"), env))

    assert await read_all(process) == {"stdout": b"9 100000\n"}
    await process.aclose()


async def test_bytes_that_are_no_text_come_out_as_they_are(runner: ProcessRunner) -> None:
    data = bytes(range(256)) * 100
    process = await runner.start(bash("cat <&3", handed_files={3: data}))

    assert (await read_all(process))["stdout"] == data
    await process.aclose()


@linux_only
async def test_50_commands_at_once(runner: ProcessRunner) -> None:
    await runner.run(bash("true"), ignore)
    before = open_descriptors()
    seen: dict[int, bytes] = {}

    async def run(number: int) -> None:
        process = await runner.start(bash(f"head -c 100000 /dev/zero; echo {number}"))
        seen[number] = (await read_all(process))["stdout"]
        await process.aclose()

    async with anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(run, number)

    assert seen == {number: bytes(100_000) + f"{number}\n".encode() for number in range(50)}
    assert open_descriptors() == before


@linux_only
async def test_200_terminals_leave_no_descriptors(runner: ProcessRunner) -> None:
    await runner.run(bash("true"), ignore)
    before = open_descriptors()
    for _ in range(200):
        process = await runner.start(bash("echo x", stdin="terminal"))
        await process.read()
        await process.aclose()
    assert open_descriptors() == before


async def test_a_terminal_does_not_change_why_a_command_cannot_start(
    runner: ProcessRunner,
) -> None:
    spec = ProcessSpec(["no-such-program"], Path("/"), {"PATH": "/bin"}, stdin="terminal")
    with pytest.raises(SpawnError, match="command not found: no-such-program"):
        await runner.start(spec)
