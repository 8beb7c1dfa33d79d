"""One command as the guardian has it: a child that leads its own session.

The leader is reaped only after its group was killed, so that the group's id cannot have passed to
somebody else in between.
"""
# `signal`, `contextlib` and `pathlib` would double the time it takes to start.
# ruff: noqa: PTH118, SIM105

import os
import sys
from errno import ENOENT, ENOTDIR

from codex_rpc.exec.lineage import descendants_of, tag_children

SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGTERM = 1, 2, 9, 13, 15
SIGXFSZ = 25
_RESTORED = (SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGXFSZ)
_DEV_NULL = b"/dev/null"


class Child:
    """A started command."""

    __slots__ = ("deadline", "everything", "pid", "pidfd", "reaped", "returncode", "tag")

    def __init__(self, tag: int, pid: int) -> None:
        self.tag = tag
        self.pid = pid
        self.pidfd = _pidfd_of(pid)
        self.returncode: int | None = None
        self.reaped = False
        self.deadline: float | None = None
        """Until when it is tried to end it, once that has begun."""
        self.everything = False

    @property
    def must_be_asked(self) -> bool:
        """Whether its exit will not announce itself."""
        return self.pidfd is None and self.returncode is None

    def check_exit(self) -> bool:
        """Whether the leader has exited since this was last asked."""
        if self.returncode is not None:
            return False
        if hasattr(os, "waitid"):
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return False
            by_code = ended.si_code == os.CLD_EXITED
            self.returncode = ended.si_status if by_code else -ended.si_status
        else:
            # Without `waitid` (macOS before Python 3.13) there is no looking without reaping. The
            # id stays taken as long as the group has members.
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if not pid:
                return False
            self.returncode = os.waitstatus_to_exitcode(status)
        return True

    def stop_watching(self) -> None:
        """Give up the descriptor that tells of its exit."""
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None

    def end(self) -> bool:
        """Kill and reap what is to be ended; true when nothing of it is left."""
        doomed: list[int] = []
        if self.everything and self.returncode is None:
            doomed = descendants_of(self.pid)
        self.kill_group()
        for pid in doomed:
            kill(pid)
        if not self.reaped and self.returncode is not None:
            reap(self.pid)
            self.reaped = True
        return self.reaped and reap(-self.pid)

    def kill_group(self) -> None:
        """Send SIGKILL to the leader's group, as long as the group is surely ours."""
        if not self.reaped:
            try:
                os.killpg(self.pid, SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # macOS answers with EPERM where only a zombie is left


def spawn(
    tag: int,
    argv: list[bytes],
    env: dict[bytes, bytes],
    descriptors: dict[int, int],
    terminal: bytes | None,
) -> Child:
    """Start a command in this process's working directory, with these descriptors alone.

    Raises:
        OSError: it cannot be started.
    """
    tag_children(tag)
    actions: list[tuple[int, int, int] | tuple[int, int, bytes, int, int]] = []
    if terminal is not None:
        # Opened by the leader of a session that has no terminal, it becomes the session's.
        actions = [(os.POSIX_SPAWN_OPEN, 0, terminal, os.O_RDWR, 0)]
    elif 0 not in descriptors:
        actions = [(os.POSIX_SPAWN_OPEN, 0, _DEV_NULL, os.O_RDONLY, 0)]
    actions += [(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in descriptors.items()]
    refusal = ENOENT
    for program in _candidates(argv[0], env):
        try:
            pid = os.posix_spawn(
                program,
                argv,
                env,
                file_actions=actions,
                setsid=True,
                setsigmask=(),
                setsigdef=_RESTORED,
            )
        except OSError as error:
            if error.errno not in (ENOENT, ENOTDIR) or refusal == ENOENT:
                refusal = error.errno or refusal
        else:
            return Child(tag, pid)
    raise OSError(refusal, os.strerror(refusal))


def kill(pid: int) -> None:
    """Send SIGKILL to one process, which may be gone or out of our reach."""
    try:
        os.kill(pid, SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def reap(pid: int) -> bool:
    """Reap a child (or, negative, a group's children) that ended; true when none is left."""
    try:
        while os.waitpid(pid, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def _candidates(program: bytes, env: dict[bytes, bytes]) -> list[bytes]:
    if b"/" in program:
        return [program]
    path = env.get(b"PATH", os.fsencode(os.defpath))
    found = [os.path.join(folder, program) for folder in path.split(b":")]
    return [candidate for candidate in found if os.access(candidate, os.F_OK)]


def _pidfd_of(pid: int) -> int | None:
    if sys.platform == "linux":
        try:
            return os.pidfd_open(pid)
        except OSError:
            return None
    return None
