"""Homes full of threads: made by a program itself once, multiplied as files, kept between runs."""

import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from tests.bench.server_process import ready, write_config
from tests.responses_server import ResponsesServer, Stream, text_events

QUESTION = "please look at this. " * 5
ANSWER = "Here is what I found. " + "It works like this. " * 20
NEWEST = datetime(2026, 1, 20, 12, tzinfo=UTC)
"""When the newest of multiplied threads was started; the others are a minute apart each."""
TIMESTAMP = re.compile(rb'"timestamp":"[^"]+"')


def made_home(home: Path, command: Sequence[str], turns: int) -> Path:
    """A home with one thread of so many turns, made by `command` unless it is there."""
    if _is_made(home):
        return home
    with (
        ResponsesServer(lambda _: Stream(text_events(ANSWER))) as model,
        ready(command, write_config(home, model.url)) as server,
    ):
        thread = server.call("thread/start", {"cwd": str(home)})["thread"]
        for number in range(turns):
            server.turn(thread["id"], f"Question {number}: {QUESTION}")
            model.requests.clear()
    write_config(home)
    forget_caches(home)
    return _made(home)


def multiplied_home(home: Path, sample: Path, threads: int) -> Path:
    """A home with so many copies of the thread in `sample`, each a thread of its own."""
    if _is_made(home):
        return home
    write_config(home)
    path = rollout_in(sample)
    text, old_id = path.read_bytes(), thread_id_of(path).encode()
    for number in range(threads):
        started = NEWEST - timedelta(minutes=number)
        new_id = str(UUID(int=_uuid7(started, number)))
        folder = home / "sessions" / f"{started:%Y/%m/%d}"
        folder.mkdir(parents=True, exist_ok=True)
        stamp = f'"timestamp":"{started:%Y-%m-%dT%H:%M:%S}.000Z"'.encode()
        copy = folder / f"rollout-{started:%Y-%m-%dT%H-%M-%S}-{new_id}.jsonl"
        copy.write_bytes(TIMESTAMP.sub(stamp, text.replace(old_id, new_id.encode())))
    return _made(home)


def copy_of(home: Path, folder: Path) -> Path:
    """A copy of a home to work in, in place of an earlier one."""
    copy = folder / home.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(home, copy)
    return copy


def forget_caches(home: Path) -> None:
    """Delete every cache and index of either program; what is left are the rollouts."""
    shutil.rmtree(home / "codex-rpc", ignore_errors=True)
    for path in home.glob("*.sqlite*"):
        with suppress(FileNotFoundError):
            path.unlink()


def rollout_in(home: Path) -> Path:
    """The file of a home's only thread, or of one of them."""
    return next((home / "sessions").rglob("rollout-*.jsonl"))


def thread_id_of(rollout: Path) -> str:
    return rollout.stem[-36:]


def _uuid7(started: datetime, number: int) -> int:
    millis = int(started.timestamp() * 1e3)
    return millis << 80 | 0x7 << 76 | 0x2 << 62 | number


def _is_made(home: Path) -> bool:
    if (home / "made").exists():
        return True
    shutil.rmtree(home, ignore_errors=True)
    return False


def _made(home: Path) -> Path:
    (home / "made").touch()
    return home
