"""A rollout of 1 GB with a compaction near its end: what is asked for must not cost the rest."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from tests.bench.figures import Contender, Figures
from tests.bench.rollout_copies import copy_of, forget_caches, rollout_in, thread_id_of
from tests.bench.server_process import ready, write_config
from tests.responses_server import ResponsesServer, Stream, text_events

GIGABYTE = 1 << 30
BODY = "All of this is said once more. " * 400
TURN_STARTED = b'"type":"task_started","turn_id":"'
COMPACTED = b'"type":"compacted"'


def measure_huge(who: Contender) -> Figures:
    """It is worked on where it is cached, with no index and with one."""
    home = _home(who)
    thread = {"threadId": thread_id_of(rollout_in(home))}
    lean = thread | {"excludeTurns": True}
    forget_caches(home)
    figures: Figures = {}
    with ready(who.command, home) as server:
        idle = server.memory_mb("VmRSS")
        figures["1 GB: resume with no index, ms"], _ = server.timed("thread/resume", lean)
        figures["1 GB: memory for resume, MB"] = server.memory_mb("VmRSS") - idle
        figures["1 GB: first page of turns, ms"], _ = server.timed("thread/turns/list", thread)
        figures["1 GB: another page of turns, ms"], _ = server.timed("thread/turns/list", thread)
        figures["1 GB: memory for pages, MB"] = server.memory_mb("VmHWM") - idle
    with ready(who.command, home) as server:
        figures["1 GB: resume, ms"], _ = server.timed("thread/resume", lean)
        figures["1 GB: page after a restart, ms"], _ = server.timed("thread/turns/list", thread)
    return figures


def _home(who: Contender) -> Path:
    home = who.cache / "gigabyte"
    if not (home / "made").exists():
        copy_of(_compacted_home(who, who.folder / home.name), who.cache)
        _grow(rollout_in(home), GIGABYTE)
        (home / "made").touch()
    return home


def _compacted_home(who: Contender, home: Path) -> Path:
    """A short thread: a turn, a compaction, and two turns more."""
    with (
        ResponsesServer(lambda _: Stream(text_events(BODY))) as model,
        ready(who.command, write_config(home, model.url)) as server,
    ):
        thread = server.call("thread/start", {"cwd": str(home)})["thread"]["id"]
        for _ in range(2):
            server.turn(thread)
        server.call("thread/compact/start", {"threadId": thread})
        server.until(lambda message: message.get("method") == "turn/completed")
        for _ in range(2):
            server.turn(thread)
    write_config(home)
    forget_caches(home)
    return home


def _grow(rollout: Path, size: int) -> None:
    """Repeat the second turn, each time under another id, until the file is that big."""
    lines = rollout.read_bytes().splitlines(keepends=True)
    first, second, third = _turn_starts(lines)[:3]
    turn = b"".join(lines[second:third])
    old_id = _turn_id(lines[second])
    assert COMPACTED not in b"".join(lines[first:third]), "the compaction comes later"
    with rollout.open("wb") as file:
        file.writelines(lines[:second])
        number = 0
        while file.tell() < size:
            number += 1
            file.write(
                turn.replace(old_id, str(UUID(int=UUID(old_id.decode()).int + number)).encode())
            )
        file.writelines(lines[third:])


def _turn_starts(lines: Sequence[bytes]) -> list[int]:
    return [number for number, line in enumerate(lines) if TURN_STARTED in line]


def _turn_id(line: bytes) -> bytes:
    return line.partition(TURN_STARTED)[2][:36]
