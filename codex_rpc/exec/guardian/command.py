"""Command: what the guardian has said of one command, and what can be asked of it."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import anyio

from codex_rpc.exec.guardian import frames


class Command:
    """A command that the guardian was asked to start.

    `answered` comes first: it was started, or there is a `refusal`. It has `exited` before it is
    `gone`, which is when neither its leader nor its group is left. All three come in any case.
    """

    def __init__(self, tag: int, send: Callable[[bytes], None]) -> None:
        self.tag = tag
        self.pid = 0
        self.refusal: tuple[int, str] | None = None
        """The number of the error, and what could not be used."""
        self.returncode: int | None = None
        """As in `subprocess`: negative for a signal. `None` also if it was given up on."""
        self.answered = anyio.Event()
        self.exited = anyio.Event()
        self.gone = anyio.Event()
        self._on_exit: Callable[[], None] | None = None
        self._send = send
        self._started_at = self._ended_at = time.monotonic()

    @property
    def duration_s(self) -> float:
        """Seconds from the start to the leader's exit, or until now."""
        return (self._ended_at if self.exited.is_set() else time.monotonic()) - self._started_at

    def call_on_exit(self, action: Callable[[], None]) -> None:
        """Have this called once it has exited, or now if it has."""
        if self.exited.is_set():
            action()
        else:
            self._on_exit = action

    def request_end(self) -> None:
        """Have the group of a command that has exited killed."""
        if not self.gone.is_set():
            self._send(frames.encode(frames.END, self.tag))

    def request_kill(self) -> None:
        """Have the command and all of its descendants killed."""
        if not self.gone.is_set():
            self._send(frames.encode(frames.KILL, self.tag))

    def take(self, kind: str, rest: Sequence[Any]) -> None:
        """Take note of a message about it."""
        match kind:
            case frames.STARTED:
                (self.pid,) = rest
                self.answered.set()
            case frames.REFUSED:
                self.refuse(*rest)
            case frames.EXITED:
                self.end(*rest)
            case _:
                self.end(None)
                self.gone.set()

    def refuse(self, error: int, unusable: str) -> None:
        """It was not started."""
        self.refusal = (error, unusable)
        self.end(None)
        self.gone.set()

    def end(self, returncode: int | None) -> None:
        """It has exited; `None` if nobody waits for that any longer."""
        self.answered.set()
        if not self.exited.is_set():
            self.returncode = returncode
            self._ended_at = time.monotonic()
            self.exited.set()
            if self._on_exit is not None:
                self._on_exit()
