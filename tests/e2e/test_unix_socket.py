"""The real server on a unix socket: many clients, and nothing lost when one of them is."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import UNIXSocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from codex_rpc.cli.socket_server import MOST_CONNECTIONS
from codex_rpc.rpc.unix_socket import peer_user
from tests.e2e.server_process import (
    ASKING,
    INITIALIZE,
    PATIENCE,
    AppServer,
    Place,
    app_server,
    named,
    processes_with,
    run_cli,
    run_command,
    say,
)

QUESTION = "item/commandExecution/requestApproval"


class SocketClient(AppServer):
    """Speaks with the server over a socket instead of its pipes."""

    def __init__(self, stream: UNIXSocketStream) -> None:
        self.seen = []
        self.thread_id = ""
        self.stream = stream
        self._lines = BufferedByteReceiveStream(stream)
        self._last_id = 0

    async def write(self, data: bytes) -> None:
        with anyio.fail_after(PATIENCE):
            await self.stream.send(data)


@asynccontextmanager
async def connected(path: Path) -> AsyncGenerator[SocketClient]:
    async with await anyio.connect_unix(path) as stream:
        yield SocketClient(stream)


@asynccontextmanager
async def introduced(path: Path) -> AsyncGenerator[SocketClient]:
    async with connected(path) as client:
        await client.initialize()
        yield client


@asynccontextmanager
async def listening(place: Place, url: str | None = None) -> AsyncGenerator[tuple[AppServer, Path]]:
    """A server that has said where it listens, and that place."""
    url = f"unix://{place.root / 'a.sock'}" if url is None else url
    place.stderr.write_bytes(b"")
    async with app_server(place, "--listen", url) as server:
        with anyio.fail_after(PATIENCE):
            while not (line := place.stderr.read_text()).endswith("\n"):
                assert server.process.returncode is None
                await anyio.lowlevel.checkpoint()
        assert line.startswith("codex-rpc: listening on unix://"), line
        yield server, Path(line.strip().partition("unix://")[2])


async def end(server: AppServer, number: signal.Signals = signal.SIGTERM) -> int:
    server.process.send_signal(number)
    return await server.exit_code()


# --- many clients ------------------------------------------------------------------------------


async def test_another_client_answers_for_one_that_vanished(place: Place) -> None:
    """Users' incidents: an editor that crashes must not take its turn and its question along."""
    place.play([run_command("echo ran > made")], [say("Done.")])
    async with listening(place) as (server, path):
        async with introduced(path) as first:
            thread_id = await first.start_thread(place, **ASKING)
            await first.submit()
            asked = await first.until(QUESTION)
        async with introduced(path) as second:
            (pending,) = (await second.call("approval/list"))["data"]
            assert pending["approvalId"] == asked["params"]["approvalId"]
            assert pending["threadId"] == thread_id
            answer = {"approvalId": pending["approvalId"], "decision": "accept"}
            assert await second.call("approval/respond", answer) == {}
            await second.until("thread/status/changed", status={"type": "idle"})
            assert (await second.call("approval/list"))["data"] == []
        assert (place.project / "made").read_text() == "ran\n"
        assert place.rollout_lines()[-1]["payload"]["type"] == "task_complete"
        assert await end(server) == 0


async def test_clients_have_the_server_in_common_and_their_own_introductions(place: Place) -> None:
    async with (
        listening(place) as (_, path),
        introduced(path) as first,
        connected(path) as second,
    ):
        refused = await second.request("thread/loaded/list")
        assert refused["error"]["message"] == "Not initialized"
        await second.initialize()
        thread_id = await first.start_thread(place)
        assert (await second.call("thread/loaded/list"))["data"] == [thread_id]
        await first.call("thread/loaded/list")
        assert named(first.seen, "thread/started")
        await second.stream.send(b"no json\n")
        assert (await second.read())["error"]["code"] == -32700
        assert (await first.call("thread/loaded/list"))["data"] == [thread_id]


async def test_a_client_too_many_is_told_so_and_others_may_come_when_one_leaves(
    place: Place,
) -> None:
    async with listening(place) as (_, path), AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(introduced(path)) for _ in range(MOST_CONNECTIONS)
        ]
        async with connected(path) as late:
            error = (await late.read())["error"]
            assert (error["code"], error["data"]["kind"]) == (-32001, "overloaded")
            assert await late.rest() == []
        await clients[0].stream.aclose()
        await admitted(path)
        assert (await clients[-1].call("thread/loaded/list"))["data"] == []


async def admitted(path: Path) -> None:
    """Try until there is room again: the server learns of a client's end in its own time."""
    with anyio.fail_after(PATIENCE):
        while True:
            async with connected(path) as client:
                await client.send(INITIALIZE)
                if "result" in await client.read():
                    return


# --- the place ---------------------------------------------------------------------------------


async def test_the_socket_is_for_the_user_alone_and_gone_at_the_end(place: Place) -> None:
    async with listening(place) as (server, path):
        assert path == place.root / "a.sock"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            assert peer_user(client) == os.geteuid()
        assert await end(server) == 0
        assert [entry.name for entry in place.root.glob("a.sock*")] == []


@pytest.mark.parametrize(
    ("url", "where"),
    [("unix://", "home/codex-rpc/app-server.sock"), ("unix://below.sock", "below.sock")],
)
async def test_the_place_may_be_left_out_or_relative(place: Place, url: str, where: str) -> None:
    async with listening(place, url) as (_, path):
        assert path == place.root / where
        async with introduced(path) as client:
            assert (await client.call("thread/loaded/list"))["data"] == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130), (signal.SIGHUP, 0)]
)
async def test_a_signal_ends_the_server_with_its_commands_and_connections(
    place: Place, number: signal.Signals, code: int
) -> None:
    marker = f"600.5{code}{number}{os.getpid()}"
    place.play([run_command(f"echo up; exec sleep {marker}")])
    async with listening(place) as (server, path), introduced(path) as client:
        await client.start_thread(place)
        await client.submit()
        await client.output("up")
        assert await end(server, number) == code
        await client.rest()
        assert not path.exists()
    assert processes_with(marker) == []


async def test_a_second_server_is_refused_and_the_first_one_untouched(place: Place) -> None:
    async with listening(place) as (_, path):
        done = run_cli(place, "app-server", "--listen", f"unix://{path}")
        assert (done.returncode, done.stdout) == (1, b"")
        assert done.stderr.decode() == f"codex-rpc: another server is listening on {path}\n"
        async with introduced(path) as client:
            assert (await client.call("thread/loaded/list"))["data"] == []


async def test_another_programs_listener_is_not_replaced(place: Place) -> None:
    path = place.root / "a.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        done = run_cli(place, "app-server", "--listen", f"unix://{path}")
    assert done.returncode == 1
    assert b"another server is listening" in done.stderr


async def test_what_a_killed_server_left_behind_is_replaced(place: Place) -> None:
    async with listening(place) as (server, path):
        assert await end(server, signal.SIGKILL) == -signal.SIGKILL
        assert path.is_socket()
    async with listening(place) as (_, path), introduced(path) as client:
        assert (await client.call("thread/loaded/list"))["data"] == []


def test_a_place_that_is_no_place_for_a_socket_is_refused_with_the_reason(place: Place) -> None:
    open_to_all = place.root / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    (place.root / "notes").write_text("mine")
    for path, reason in (
        (place.root / ("x" * 120), "the socket path is too long"),
        (place.root / "nowhere" / "a.sock", "No such file or directory"),
        (open_to_all / "a.sock", "other users could replace the socket"),
        (place.root / "notes", "something else than a socket is there"),
    ):
        done = run_cli(place, "app-server", "--listen", f"unix://{path}")
        assert (done.returncode, done.stdout) == (1, b"")
        assert reason in done.stderr.decode()
    assert (place.root / "notes").read_text() == "mine"


def test_a_process_of_another_user_is_not_served(place: Place) -> None:
    """The socket's permissions keep others out; who gets past them is refused all the same."""
    if os.geteuid() != 0:
        pytest.skip("needs to become another user")
    place.root.chmod(0o755)
    listener = (
        "import os, socket, anyio\n"
        "from codex_rpc.rpc.unix_socket import accept\n"
        "sock = socket.socket(fileno=0)\n"
        "sock.setblocking(False)\n"
        "async def main():\n"
        "    os.seteuid(65534)\n"
        "    await (await accept(sock)).send(b'served')\n"
        "anyio.run(main)\n"
    )
    with socket.socket(socket.AF_UNIX) as bound, socket.socket(socket.AF_UNIX) as client:
        bound.bind(str(place.root / "a.sock"))
        bound.listen()
        with subprocess.Popen([sys.executable, "-c", listener], stdin=bound.fileno()) as server:
            client.settimeout(PATIENCE)
            client.connect(str(place.root / "a.sock"))
            assert client.recv(100) == b""
            server.kill()
