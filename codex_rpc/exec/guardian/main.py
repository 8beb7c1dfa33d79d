"""What runs in the guardian: carrying out messages, watching commands, ending all of them.

It leads a session of its own, takes no notice of signals that ask it to end, and cannot be looked
into. That its server is gone it learns from the end of its control socket. It never waits but for
the next event, and decides nothing: when to end a command is the server's business.
"""

import ctypes
import fcntl
import os
import resource
import select
import sys
import time
from errno import EMFILE

from codex_rpc.exec.guardian import children, frames
from codex_rpc.exec.guardian.children import Child
from codex_rpc.exec.guardian.control import Control
from codex_rpc.exec.lineage import become_subreaper, children_of, descendants_of, tag_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KILL_LIMIT_S = 1.5
"""How long killed processes get to disappear before they are given up on."""

_PR_SET_DUMPABLE, _PR_SET_NAME = 4, 15
_SIG_IGN = 1
_LONGEST_PAUSE_MS = 20
_REAPING_PAUSE_MS = 1_000
"""How long a process may stay a zombie that has lost its parent."""


class Guardian:
    """The commands of one server."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._children: dict[int, Child] = {}
        """By tag; those that are not gone yet."""
        self._orphaned = False
        """Whether a command that is gone may have left something."""
        self._poll = select.poll()
        self._poll.register(control.fileno(), select.POLLIN)

    def serve(self) -> None:
        """Carry out messages until there will be no more; then leave nothing behind."""
        pause_ms = 1
        while True:
            ready = {descriptor for descriptor, _ in self._poll.poll(self._patience(pause_ms))}
            pause_ms = 1 if ready else min(2 * pause_ms, _LONGEST_PAUSE_MS)
            self._see_exits(ready)
            if not ready:
                self._reap_orphans()
            if self._control.fileno() in ready:
                try:
                    self._carry_out(*self._control.receive())
                except (EOFError, ConnectionError):
                    break
            self._end_some()
        self._control.dismiss()
        self._end_all()

    def _patience(self, pause_ms: int) -> int | None:
        """How long to wait for what announces itself, if there may also be what does not."""
        for child in self._children.values():
            if child.deadline is not None or child.must_be_asked:
                return pause_ms
        return _REAPING_PAUSE_MS if self._children or self._orphaned else None

    # --- messages ------------------------------------------------------------------------------

    def _carry_out(self, message: "tuple[Any, ...]", descriptors: list[int]) -> None:
        kind, tag, *rest = message
        if kind == frames.START:
            self._start(tag, rest, descriptors)
        elif tag in self._children:
            self._begin_to_end(self._children[tag], everything=kind == frames.KILL)
        else:
            self._control.send(frames.GONE, tag)

    def _start(self, tag: int, command: "list[Any]", descriptors: list[int]) -> None:
        argv, env, cwd, targets, terminal = command
        self._reap_orphans()
        unusable = frames.CWD
        try:
            os.chdir(cwd)
            unusable = frames.PROGRAM
            given = _arranged(descriptors, targets)
            child = children.spawn(tag, argv, env, given, terminal)
        except OSError as error:
            self._control.send(frames.REFUSED, tag, error.errno, unusable)
        else:
            self._children[tag] = child
            if child.pidfd is not None:
                self._poll.register(child.pidfd, select.POLLIN)
            self._control.send(frames.STARTED, tag, child.pid)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
            os.chdir("/")

    def _begin_to_end(self, child: Child, *, everything: bool) -> None:
        child.everything |= everything
        child.deadline = time.monotonic() + KILL_LIMIT_S

    # --- commands ------------------------------------------------------------------------------

    def _see_exits(self, ready: set[int]) -> None:
        for child in self._children.values():
            if child.must_be_asked or child.pidfd in ready:
                self._check_exit(child)

    def _check_exit(self, child: Child) -> None:
        if child.check_exit():
            self._stop_watching(child)
            self._control.send(frames.EXITED, child.tag, child.returncode)

    def _stop_watching(self, child: Child) -> None:
        if child.pidfd is not None:
            self._poll.unregister(child.pidfd)
            child.stop_watching()

    def _end_some(self) -> None:
        for child in list(self._children.values()):
            if child.deadline is None:
                continue
            gone = child.end()
            if child.everything and self._kill_orphans(child.tag):
                gone = False
            if gone or time.monotonic() > child.deadline:
                self._forget(child)

    def _orphans(self) -> list[int]:
        leaders = {child.pid for child in self._children.values()}
        return [pid for pid in children_of(os.getpid()) if pid not in leaders]

    def _kill_orphans(self, tag: int) -> bool:
        """Kill what left its command's group and lost its parent; whether there was any."""
        found = [pid for pid in self._orphans() if tag_of(pid) == tag]
        for pid in found:
            for doomed in (pid, *descendants_of(pid)):
                children.kill(doomed)
            children.reap(pid)
        return bool(found)

    def _reap_orphans(self) -> None:
        for pid in self._orphans():
            children.reap(pid)
        self._orphaned = bool(self._orphans())

    def _forget(self, child: Child) -> None:
        self._orphaned = True
        self._stop_watching(child)
        del self._children[child.tag]
        self._control.send(frames.GONE, child.tag)

    def _end_all(self) -> None:
        give_up_at = time.monotonic() + KILL_LIMIT_S
        pause_s = 0.0005
        while time.monotonic() < give_up_at:
            for pid in descendants_of(os.getpid()):
                children.kill(pid)
            for child in list(self._children.values()):
                self._check_exit(child)
                if child.end():
                    del self._children[child.tag]
            self._reap_orphans()
            if not self._children and not children_of(os.getpid()):
                return
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_MS / 1000)


def _arranged(descriptors: list[int], targets: tuple[int, ...]) -> dict[int, int]:
    """Where those are that a command gets, none of them in the place of another.

    Raises:
        OSError: the kernel dropped some, since this process may not have as many open.
    """
    if len(descriptors) < len(targets):
        raise OSError(EMFILE, os.strerror(EMFILE))
    highest = max(targets, default=0)
    for index, descriptor in enumerate(descriptors):
        if descriptor <= highest:
            descriptors[index] = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, highest + 1)
            os.close(descriptor)
    return dict(zip(targets, descriptors, strict=True))


def _withdraw() -> None:
    """Be out of the reach of signals and of those who would look into this process."""
    libc = ctypes.CDLL(None)
    for number in (children.SIGHUP, children.SIGINT, children.SIGTERM):
        libc.signal(number, ctypes.c_void_p(_SIG_IGN))
    if sys.platform == "linux":
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(_PR_SET_NAME, b"codex-guardian", 0, 0, 0)


def main(descriptor: int, soft_limit: int, hard_limit: int) -> None:
    """Serve the control socket `descriptor`; the limits are those of open files for commands."""
    _withdraw()
    become_subreaper()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft_limit, hard_limit))
    Guardian(Control(descriptor)).serve()
