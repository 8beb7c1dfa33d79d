"""Commands for tests, and finding out whether they run."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio

from codex_rpc.exec.process_spec import ProcessSpec

_numbers = itertools.count(1)


def bash(script: str, **spec: Any) -> ProcessSpec:
    return ProcessSpec(["bash", "-c", script], Path("/"), {"PATH": os.environ["PATH"]}, **spec)


def unique_sleep() -> str:
    """A `sleep` command line that no other process has."""
    return f"sleep 1000.{os.getpid()}{next(_numbers)}"


def running(command: str) -> list[int]:
    """The processes with exactly that command line."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit():
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").rstrip(b" ")
                if words == command.encode():
                    found.append(int(entry.name))
        except OSError:
            continue
    return found


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    with anyio.fail_after(seconds):
        while True:
            if condition():
                return
            await anyio.sleep(0.005)
