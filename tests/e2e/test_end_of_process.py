"""How the process ends, and that nothing of what it started outlives it."""

import os
import signal
import subprocess
from contextlib import suppress

import anyio
import pytest

from tests.e2e.server_process import (
    COMMAND,
    INITIALIZE,
    PATIENCE,
    AppServer,
    Place,
    app_server,
    lines_of,
    processes_with,
    run_cli,
    run_command,
    run_server,
    thread_of,
    thread_start,
    turn_submit,
)


def restless(marker: str) -> str:
    """A command with a daemon in a session of its own and one that was forked twice."""
    sleep = f"sh -c 'echo up; exec sleep {marker}'"
    return f"setsid {sleep} & ({sleep} &) ; echo up; exec sleep {marker}"


async def end(server: AppServer, how: str) -> int:
    if how == "EOF":
        await server.close_stdin()
    else:
        server.process.send_signal(signal.Signals[how])
    return await server.exit_code()


@pytest.mark.parametrize(("how", "code"), [("EOF", 0), ("SIGTERM", 0), ("SIGINT", 130)])
async def test_no_process_is_left_when_the_server_ends_in_mid_command(
    place: Place, how: str, code: int
) -> None:
    """The mission, and users' orphaned builds: `setsid` and double forks do not escape."""
    marker = f"600.2{len(how)}{os.getpid()}"
    place.play([run_command(restless(marker))])
    async with thread_of(place) as server:
        await server.submit()
        await server.output("up", times=3)
        assert len(processes_with(marker)) >= 3
        assert await end(server, how) == code
    assert processes_with(marker) == []
    assert place.stderr.read_text() == ""
    last_event = place.rollout_lines()[-1]["payload"]
    assert last_event["type"] == "turn_aborted"


@pytest.mark.parametrize(("how", "code"), [("EOF", 0), ("SIGTERM", 0), ("SIGINT", 130)])
@pytest.mark.parametrize("initialized", [False, True])
async def test_an_idle_server_ends_quietly(
    place: Place, how: str, code: int, initialized: bool
) -> None:
    async with app_server(place) as server:
        if initialized:
            await server.initialize()
        else:
            await wait_until_it_reads(server)
        assert await end(server, how) == code
        assert await server.rest() == []
    assert place.stderr.read_text() == ""


async def wait_until_it_reads(server: AppServer) -> None:
    """Wait until the process has taken its stdin away, which it does after its signal handlers."""
    descriptor = anyio.Path(f"/proc/{server.process.pid}/fd/0")
    # It is not long after that that only root may look into it.
    with anyio.fail_after(PATIENCE), suppress(PermissionError):
        while await descriptor.readlink() != anyio.Path(os.devnull):
            pass


def test_a_client_that_closes_the_servers_stdout_ends_it(place: Place) -> None:
    """An editor that crashed: the pipe breaks while a command is printing."""
    marker = f"600.301{os.getpid()}"
    place.play([run_command(f"yes {marker}")])
    command = [*COMMAND, "app-server", *place.arguments]
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=place.environ
    )
    assert server.stdin is not None
    assert server.stdout is not None
    with server:
        server.stdin.write(lines_of(INITIALIZE, thread_start(place), turn_submit()))
        server.stdin.flush()
        while b"outputDelta" not in server.stdout.readline():
            pass
        assert processes_with(marker) != []
        server.stdout.close()
        assert server.wait(PATIENCE) == 0
    assert processes_with(marker) == []


@pytest.mark.parametrize("reads", [b"", lines_of(INITIALIZE)])
def test_a_client_that_is_gone_from_the_start_is_no_failure(place: Place, reads: bytes) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*COMMAND, "app-server", *place.arguments],
            input=reads,
            stdout=writing,
            stderr=subprocess.PIPE,
            env=place.environ,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_without_drain_the_end_of_input_stops_a_turn_at_once(place: Place) -> None:
    """The protocol: end of input is a clean exit, even in mid-turn."""
    marker = f"600.401{os.getpid()}"
    place.play([run_command(f"exec sleep {marker}")])
    run_server(place, INITIALIZE, thread_start(place), turn_submit(), options=())
    assert processes_with(marker) == []


def test_an_empty_input_is_a_clean_end(place: Place) -> None:
    done = run_cli(place, "app-server", *place.arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
