"""Running commands to their end, and making sure that nothing of them stays behind.

`ProcessRunner` belongs to the process-wide server. A command's output is passed on as it comes, and
read no faster than it is taken. However a call ends, the command's process group is gone; a timeout
or a cancellation also ends descendants that left the group. Those that left it and then outlived
the command in peace (a daemon started on purpose) live until the runner closes.

What the output means, how much of it is kept and whether the command may run at all is decided
elsewhere.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import anyio

from codex_rpc.errors import SpawnError
from codex_rpc.exec.child import Child, ProcessSpec, kill, reap
from codex_rpc.exec.file_limit import FileLimit
from codex_rpc.exec.lineage import (
    TagSequence,
    become_subreaper,
    children_of,
    descendants_of,
    tags_of,
)

KILL_LIMIT_S = 2.0
"""How long killed processes get to disappear before they are given up on."""

OnOutput = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ProcessExit:
    """How a command ended: with a code, or by a signal. `timed_out` says that the signal was ours.

    Both are `None` for a process that not even SIGKILL could end in time.
    """

    exit_code: int | None
    signal: int | None
    timed_out: bool
    duration_s: float


class ProcessRunner:
    """Runs commands; an async context manager that leaves none of them alive.

    Inside, the process may have as many files open as the system allows; commands may not.
    """

    def __init__(self) -> None:
        self._files = FileLimit()
        self._tags = TagSequence()
        self._live: dict[int, Child] = {}
        """The commands whose leader is not reaped yet, by tag."""
        self._subreaper = False
        self._closed = False

    async def __aenter__(self) -> Self:
        self._files.lift()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closed = True
        await self.kill_all()
        self._files.restore()

    async def run(self, spec: ProcessSpec, on_output: OnOutput) -> ProcessExit:
        """Run a command to its end, passing on stdout and stderr in the order they were written.

        Nothing is read while `on_output` awaits. After the command has exited, others that hold its
        output get two seconds; output that was written before that is never lost.

        Raises:
            SpawnError: the command cannot be started.
        """
        child = self._start(spec)
        ended = False
        try:
            while await child.readable() and (chunk := child.read()):
                await on_output(chunk)
            await child.exit()
            await self._end(child, everything=child.timed_out)
            ended = True
            if rest := child.read_rest():
                await on_output(rest)
        finally:
            if not ended:
                await self._end(child, everything=True)
            child.close()
        return _report(child)

    async def kill_all(self) -> None:
        """Kill and reap every command and every descendant, within two seconds."""
        with anyio.move_on_after(KILL_LIMIT_S, shield=True):
            for child in self._live.values():
                child.kill_tree()
            for child in list(self._live.values()):
                await child.exited.wait()
                await _until(child.reap_group)
                self._live.pop(child.tag, None)
            await _until(lambda: self._sweep(self._tags.gave))

    def _start(self, spec: ProcessSpec) -> Child:
        if self._closed:
            raise SpawnError("the server is shutting down")
        if not self._subreaper:
            become_subreaper()
            self._subreaper = True
        with self._files.for_children():
            child = Child(spec, self._tags.next())
        self._files.lower(child.pid)
        self._live[child.tag] = child
        return child

    async def _end(self, child: Child, *, everything: bool) -> None:
        """Kill and reap the command's group, and with `everything` what left the group as well."""
        with anyio.move_on_after(KILL_LIMIT_S, shield=True):
            if everything:
                child.kill_tree()
            else:
                child.kill_group()
            await child.exited.wait()
            await _until(child.reap_group)
            self._live.pop(child.tag, None)
            if everything:
                await _until(lambda: self._sweep(child.tag.__eq__))
        self._reap_daemons()

    def _sweep(self, belongs: Callable[[int], bool]) -> bool:
        """Kill and reap adopted descendants that carry such a tag; true when there are none."""
        found = False
        for pid, tags in self._adopted():
            if any(map(belongs, tags)):
                found = True
                for doomed in (pid, *descendants_of(pid)):
                    kill(doomed)
                reap(pid)
        return not found

    def _reap_daemons(self) -> None:
        for pid, tags in self._adopted():
            if any(map(self._tags.gave, tags)):
                reap(pid)

    def _adopted(self) -> list[tuple[int, set[int]]]:
        """The children of this process that are not commands, and their tags.

        Children that the embedding program started itself have none.
        """
        leaders = {child.pid for child in self._live.values()}
        return [(pid, tags_of(pid)) for pid in children_of(os.getpid()) if pid not in leaders]


async def _until(condition: Callable[[], bool]) -> None:
    """Try until it is true, ever more patiently: the kernel tells nobody when orphans are gone."""
    pause = 0.0005
    while not condition():
        await anyio.sleep(pause)
        pause = min(2 * pause, 0.02)


def _report(child: Child) -> ProcessExit:
    code = child.returncode
    by_signal = code is not None and code < 0
    return ProcessExit(
        exit_code=None if by_signal else code,
        signal=-code if code is not None and code < 0 else None,
        timed_out=child.timed_out,
        duration_s=child.duration_s,
    )
