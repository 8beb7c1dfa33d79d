"""A home with stored threads, made by hand, and stores of it."""

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from codex_rpc.rollout.stored_thread import ThreadPage, ThreadQuery
from codex_rpc.rollout.thread_store import ThreadStore
from tests.unit.rollout.files import Line, event, line, meta, write_lines

BEGAN = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)


def thread_id(number: int) -> str:
    """Threads are a minute apart."""
    millis = int((BEGAN + timedelta(minutes=number)).timestamp() * 1000)
    digits = f"{millis:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{number:012d}"


def talk(*texts: str) -> list[Line]:
    """A turn of the oldest kind for each text."""
    return [event("user_message", message=text, kind="plain") for text in texts]


@dataclass(frozen=True, slots=True)
class StoredHome:
    """Writes rollout files where they belong."""

    path: Path

    def file(self, number: int, *, suffix: str = "", archived: bool = False) -> Path:
        local = (BEGAN + timedelta(minutes=number)).astimezone()
        name = f"rollout-{local:%Y-%m-%dT%H-%M-%S}-{thread_id(number)}{suffix}.jsonl"
        day = "archived_sessions" if archived else f"sessions/{local:%Y/%m/%d}"
        return self.path / day / name

    def first_line(self, number: int, **more: Any) -> Line:
        stamp = (BEGAN + timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
        return meta(thread_id(number), timestamp=stamp, **more)

    def write(self, path: Path, *lines: Line) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_lines(path, *lines)

    def thread(self, number: int, *texts: str, archived: bool = False, **more: Any) -> Path:
        """A thread in which the user said these texts; last changed a minute after it began."""
        path = self.file(number, archived=archived)
        said = talk(*(texts or (f"thread {number}",)))
        self.write(path, self.first_line(number, **more), *said)
        self.change_at(path, number + 1)
        return path

    def change_at(self, path: Path, number: int) -> None:
        moment = (BEGAN + timedelta(minutes=number)).timestamp()
        os.utime(path, (moment, moment))

    def threads(self, count: int) -> list[Path]:
        return [self.thread(number) for number in range(count)]

    @property
    def index(self) -> Path:
        return self.path / "codex-rpc" / "index.sqlite"

    @asynccontextmanager
    async def store(self) -> AsyncGenerator[ThreadStore]:
        async with ThreadStore(self.path) as store:
            yield store


def append(path: Path, *lines: Line) -> None:
    with path.open("ab") as file:
        file.writelines(json.dumps(each, separators=(",", ":")).encode() + b"\n" for each in lines)


def numbers(page: ThreadPage) -> list[int]:
    return [int(thread.thread_id[-12:]) for thread in page.threads]


async def listed(store: ThreadStore, **query: Any) -> list[int]:
    """The numbers of the threads on the first page."""
    return numbers(await store.list(ThreadQuery(**query)))


async def found(store: ThreadStore, text: str, **query: Any) -> list[int]:
    """The numbers of the threads in which `text` was said."""
    page = await store.search(text, ThreadQuery(**query))
    return [int(match.thread.thread_id[-12:]) for match in page.matches]


def rolled_back(num_turns: int) -> Line:
    return event("thread_rolled_back", num_turns=num_turns)


def turn_context(model: str, effort: str | None = None) -> Line:
    return line("turn_context", {"turn_id": "t", "model": model, "effort": effort})
