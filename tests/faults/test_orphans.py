"""The real server is killed while commands run: nothing of them is left, whatever they did."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from codex_rpc.exec.lineage import descendants_of
from tests.e2e.server_process import Place, processes_with, run_command, thread_of

OUTLIVING = {
    "setsid": "setsid {0} & echo up; {0}",
    "double fork": "(setsid sh -c '{0} & {0}' &) ; echo up; {0}",
    "nohup": "nohup {0} >/dev/null 2>&1 & disown; echo up; {0}",
    "deaf": "trap '' TERM HUP INT; (trap '' TERM; {0}) & echo up; {0}; {0}",
}


@pytest.fixture
def marker() -> Iterator[str]:
    """An argument by which a test's processes are found, and killed if they should not be there."""
    marker = f"600.7{os.getpid()}"
    yield marker
    for pid in processes_with(marker):
        os.kill(pid, signal.SIGKILL)


async def none_is_left(marker: str, guardian: str, below: list[int]) -> None:
    """Neither a process that the command has started nor what should have seen to that."""
    with anyio.fail_after(2):
        while True:
            guardians = set(processes_with(guardian)).intersection(below)
            if not guardians and not processes_with(marker):
                return
            await anyio.sleep(0.01)


@pytest.mark.parametrize("command", OUTLIVING.values(), ids=OUTLIVING)
@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "EOF"])
async def test_no_process_outlives_a_server(
    place: Place, command: str, how: str, marker: str
) -> None:
    """The mission: gone within two seconds of the end of the server, of any kind."""
    place.play([run_command(command.format(f"sleep {marker}"))])
    async with thread_of(place) as server:
        await server.submit()
        await server.output("up")
        below = descendants_of(server.process.pid)
        assert any(pid in below for pid in processes_with(marker))
        if how == "EOF":
            await server.close_stdin()
        else:
            server.process.send_signal(signal.Signals[how])
        await none_is_left(marker, "guardian.main", below)
        await server.rest()


async def test_the_key_is_not_in_what_the_system_tells_of_the_server(place: Place) -> None:
    place.play([run_command("cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; echo up")])
    secret = f"sk-{os.getpid()}"
    async with thread_of(place, environ={"OPENAI_API_KEY": secret}) as server:
        await server.submit()
        await server.output("up")
        assert_unreadable(server.process.pid, secret)
        await server.close_stdin()
        await server.rest()
    assert secret not in str(server.seen)


def assert_unreadable(pid: int, secret: str) -> None:
    environ = Path(f"/proc/{pid}/environ")
    assert environ.stat().st_uid == 0
    if os.getuid() == 0:
        assert secret.encode() not in environ.read_bytes()
