# pyright: reportPrivateUsage=false
# How far a thread has read ahead shows only inside.
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from pydantic_core import from_json

from codex_rpc.rpc.connection import Connection, ConnectionEnd
from codex_rpc.rpc.stdio import FdReader, FdWriter
from tests.unit.rpc.peer import SettableHandler, TextDelta

Ends = tuple[int, int]
"""A reading and a writing descriptor, connected."""


@pytest.fixture
def make_ends() -> Iterator[Callable[[str], Ends]]:
    fds: list[int] = []

    def make(kind: str) -> Ends:
        if kind == "socket":
            left, right = socket.socketpair()
            ends = (left.detach(), right.detach())
        elif kind == "tty":
            controller, terminal = os.openpty()
            ends = (controller, terminal)
        else:
            ends = os.pipe()
        if kind == "non-blocking pipe":
            os.set_blocking(ends[0], False)
            os.set_blocking(ends[1], False)
        fds.extend(ends)
        return ends

    yield make
    for fd in fds:
        try:
            os.close(fd)
        except OSError:
            continue


async def receive_all(reader: FdReader) -> bytes:
    received = b""
    try:
        while True:
            received += await reader.receive()
    except anyio.EndOfStream:
        return received


KINDS = ["pipe", "non-blocking pipe", "socket"]


@pytest.mark.parametrize("kind", KINDS)
async def test_bytes_pass_whole_and_in_order(kind: str, make_ends: Callable[[str], Ends]) -> None:
    reading, writing = make_ends(kind)
    reader, writer = FdReader(reading, head=b"head "), FdWriter(writing)
    sizes = [1, 4096, 4097, 65536, 1_000_000, 3, 3_000_000, 10]
    chunks = [bytes([number]) * size for number, size in enumerate(sizes)]

    async def send() -> None:
        for chunk in chunks:
            await writer.send(chunk)
        writer.close()
        os.close(writing)

    received = b""
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send)
            received = await receive_all(reader)
        with pytest.raises(anyio.EndOfStream):
            await reader.receive()
    assert received == b"head " + b"".join(chunks)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_peer_that_is_gone_breaks_the_writer(
    kind: str, make_ends: Callable[[str], Ends]
) -> None:
    reading, writing = make_ends(kind)
    writer = FdWriter(writing)
    os.close(reading)
    with anyio.fail_after(10):
        for data in (b"short", b"x" * 1_000_000):
            with pytest.raises(anyio.BrokenResourceError):
                await writer.send(data)
    writer.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_the_loop_runs_while_a_write_blocks_and_a_cancelled_write_stays_whole(
    kind: str, make_ends: Callable[[str], Ends]
) -> None:
    reading, writing = make_ends(kind)
    writer = FdWriter(writing)
    big = b"x" * 2_000_000
    received = b""
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.send, big)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()

        async def finish() -> None:
            await writer.send(b"end")
            writer.close()
            os.close(writing)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(finish)
            received = await receive_all(FdReader(reading))
    assert received == big + b"end"


async def test_a_terminal_can_be_written_and_read(make_ends: Callable[[str], Ends]) -> None:
    controller, terminal = make_ends("tty")
    reader, writer = FdReader(controller), FdWriter(terminal)
    with anyio.fail_after(10):
        await writer.send(b"hello\n")
        assert await reader.receive() == b"hello\r\n"
        writer.close()
        os.close(terminal)
        with pytest.raises(anyio.EndOfStream):
            await reader.receive()


async def test_files_can_be_read_and_written(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(b"line\n" * 100_000)
    with source.open("rb") as reading, target.open("wb") as writing, anyio.fail_after(10):
        writer = FdWriter(writing.fileno())
        await writer.send(await receive_all(FdReader(reading.fileno())))
        writer.close()
    assert target.read_bytes() == source.read_bytes()


async def test_a_reader_that_nobody_drains_reads_only_a_little_ahead(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_bytes(b"x" * 2_000_000)
    with source.open("rb") as reading, anyio.fail_after(10):
        reader = FdReader(reading.fileno())
        while len(reader._chunks) < 4:
            await anyio.lowlevel.checkpoint()
        assert os.lseek(reading.fileno(), 0, os.SEEK_CUR) == 4 * 65536
        assert len(await receive_all(reader)) == 2_000_000


async def test_a_connection_over_pipes_survives_a_reader_that_stalls(
    make_ends: Callable[[str], Ends],
) -> None:
    request_reading, request_writing = make_ends("pipe")
    reading, writing = make_ends("pipe")
    writer = FdWriter(writing)
    connection = Connection(FdReader(request_reading), writer, lambda _: SettableHandler())
    total = 60_000
    peak = 0
    received = b""

    async def source() -> None:
        nonlocal peak
        for _ in range(total):
            connection.send_delta(TextDelta("t", "i", "x" * 100))
            peak = max(peak, connection.backlog)
            await connection.room()
        os.close(request_writing)

    async def serve() -> None:
        assert await connection.run() is ConnectionEnd.EOF
        writer.close()
        os.close(writing)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            tasks.start_soon(source)
            # Until here nobody reads, and the source has to stop.
            await anyio.wait_all_tasks_blocked()
            assert connection.backlog > 500_000
            received = await receive_all(FdReader(reading))
    lines = [from_json(line) for line in received.splitlines()]
    assert sum(len(line["params"]["text"]) for line in lines) == total * 100
    assert len(lines) < total
    assert peak < 1_100_000


CLAIM = """
import os, subprocess, sys
from codex_rpc.rpc.descriptors import claim_stdout
stdin, stdout = claim_stdout()
print("stray", flush=True)
subprocess.run(["sh", "-c", "echo child; cat"], check=True)
assert sys.stdin.read() == ""
assert not os.get_inheritable(stdin) and not os.get_inheritable(stdout)
assert min(stdin, stdout) > 2
os.write(stdout, b"got " + os.read(stdin, 100))
"""


@pytest.mark.parametrize("close_stderr", [False, True])
def test_nothing_else_can_write_or_read_the_claimed_channel(close_stderr: bool) -> None:
    command = [sys.executable, "-c", CLAIM]
    if close_stderr:
        command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    done = subprocess.run(
        command,
        input=b"input",
        capture_output=True,
        timeout=30,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout == b"got input"
    assert done.stderr == (b"" if close_stderr else b"stray\nchild\n")
