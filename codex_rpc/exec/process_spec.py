"""What to execute, what comes out of it and how it ends: values only.

Starting and ending processes is the business of `codex_rpc.exec.process`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

Stdin = Literal["null", "pipe", "terminal"]
OutputStream = Literal["stdout", "stderr"]


class TerminalSize(Struct, frozen=True):
    """In characters."""

    rows: int
    columns: int


class ProcessSpec(Struct, frozen=True):
    """A command to execute. `argv[0]` is looked up in the `PATH` of `env`; no shell is involved.

    With a terminal, stdin, stdout and stderr are all on it. Otherwise stdout and stderr are one
    pipe, so that they come in the order written, unless `split_output` asks for two.
    """

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    timeout_s: float | None = None
    stdin: Stdin = "null"
    split_output: bool = False
    terminal_size: TerminalSize = TerminalSize(24, 80)
    handed_files: Mapping[int, bytes] = field(default_factory=dict[int, bytes])
    """What the command can read, from its start to its end, from descriptors beyond the first
    three."""


class Output(Struct, frozen=True):
    """A piece of what a command has written. What a terminal shows counts as `stdout`."""

    stream: OutputStream
    data: bytes


class ProcessExit(Struct, frozen=True):
    """How a command ended: with a code, or by a signal. `timed_out` says that the signal was ours.

    Both are `None` for a process that not even SIGKILL could end in time.
    """

    exit_code: int | None
    signal: int | None
    timed_out: bool
    duration_s: float
