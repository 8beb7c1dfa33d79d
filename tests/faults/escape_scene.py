"""Where escapes are tried: a workspace, what lies around it, and how to see that it was harmed."""

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECRET = "sk-this-must-not-be-read"
HARM = "HARM DONE"
"""Printed by attempts that succeed in something that leaves no trace in the scene."""

PYTHON = next(path for path in ("/usr/bin/python3", sys.executable) if Path(path).exists())
"""One that an unprivileged user can run as well, if there is one."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Scene:
    """The directories, the sockets that listen outside, and a process outside."""

    below: Path
    victim: subprocess.Popen[bytes]
    sockets: dict[str, socket.socket]
    shared_memory: Path
    abstract: str
    read_only: bool = False
    """Nothing in the workspace may change either."""
    _before: list[str] = field(default_factory=list[str])

    @property
    def workspace(self) -> Path:
        return self.below / "parent" / "workspace"

    @property
    def outside(self) -> Path:
        return self.below / "outside"

    @property
    def home(self) -> Path:
        return self.below / "home"

    def environment(self) -> dict[str, str]:
        """What the attempts go by."""
        return {
            "PATH": os.environ["PATH"],
            "WS": str(self.workspace),
            "PARENT": str(self.workspace.parent),
            "OUT": str(self.outside),
            "OWN_HOME": str(self.home),
            "VICTIM": str(self.victim.pid),
            "SHM": str(self.shared_memory),
            "ABSTRACT": self.abstract,
            "TCP": str(self.sockets["tcp"].getsockname()[1]),
            "TCP6": str(self.sockets["tcp6"].getsockname()[1]) if "tcp6" in self.sockets else "9",
            "UDP": str(self.sockets["udp"].getsockname()[1]),
            "STREAM": str(self.outside / "stream.sock"),
            "DATAGRAM": str(self.outside / "datagram.sock"),
        }

    def remember(self) -> None:
        """Take this as the state that nothing may change."""
        self._before[:] = self._state()

    def harm(self, output: bytes) -> list[str]:
        """What an attempt has done that it must not be able to do."""
        now = self._state()
        found = [f"- {line}" for line in self._before if line not in now]
        found += [f"+ {line}" for line in now if line not in self._before]
        found += [f"reached {name}" for name, end in self.sockets.items() if _reached(end)]
        if self.victim.poll() is not None:
            found.append("the process outside has ended")
        found += [text for text in (SECRET, HARM) if text.encode() in output]
        return found

    def _state(self) -> list[str]:
        watched = [self.outside, self.home, self.shared_memory]
        watched += [self.workspace / "main", self.workspace / "real"]
        if self.read_only:
            watched.append(self.workspace)
        for name in (".git", ".codex", ".agents"):
            watched += [self.workspace / name, self.workspace.parent / name]
        lines = [line for path in watched for line in _described(path)]
        inode = self.workspace.stat().st_ino if self.workspace.exists() else None
        return [*lines, f"workspace {inode}", *_signs_of(self.victim.pid)]


@contextlib.contextmanager
def scene_below(below: Path, *, read_only: bool = False) -> Generator[Scene]:
    """Lay it out, and clear what is outside of the directory."""
    workspace = below / "parent" / "workspace"
    for directory in (".git/hooks", ".codex", ".agents", "src"):
        (workspace / directory).mkdir(parents=True)
    (workspace / ".git/config").write_text("[core]\n")
    (workspace / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (workspace / "src/code").write_text("code\n")
    for directory in ("outside/sub", "home/skills"):
        (below / directory).mkdir(parents=True)
    (below / "outside/file").write_text("as it was\n")
    (below / "outside/script").write_text("#!/bin/sh\n")
    (below / "home/auth.json").write_text(SECRET)
    (below / "home/codex-rpc").mkdir()
    (below / "home/codex-rpc/mcp-credentials.json").write_text(SECRET)
    (below / "home/config.toml").write_text("")
    number = f"{os.getpid()}-{next(_numbers)}"
    with contextlib.ExitStack() as stack:
        sockets = {
            name: stack.enter_context(each) for name, each in _listening(below / "outside", number)
        }
        victim = stack.enter_context(_victim(below / "outside"))
        shared_memory = Path(f"/dev/shm/codex-rpc-escape-{number}")
        stack.callback(shared_memory.unlink, missing_ok=True)
        yield Scene(below, victim, sockets, shared_memory, f"codex-rpc-escape-{number}", read_only)


def give_to(uid: int, below: Path) -> None:
    """Let another user own the scene."""
    for path in (below, *below.rglob("*")):
        os.chown(path, uid, uid, follow_symlinks=False)


def _listening(directory: Path, number: str) -> Iterator[tuple[str, socket.socket]]:
    def listening(
        family: socket.AddressFamily, kind: socket.SocketKind, address: object
    ) -> socket.socket:
        end = socket.socket(family, kind)
        end.bind(address)  # pyright: ignore[reportArgumentType]
        if kind != socket.SOCK_DGRAM:
            end.listen()
        end.setblocking(False)
        return end

    stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
    yield "tcp", listening(socket.AF_INET, stream, ("127.0.0.1", 0))
    yield "udp", listening(socket.AF_INET, datagram, ("127.0.0.1", 0))
    with contextlib.suppress(OSError):
        yield "tcp6", listening(socket.AF_INET6, stream, ("::1", 0))
    yield "unix", listening(socket.AF_UNIX, stream, str(directory / "stream.sock"))
    yield "datagram", listening(socket.AF_UNIX, datagram, str(directory / "datagram.sock"))
    yield "abstract", listening(socket.AF_UNIX, stream, f"\0codex-rpc-escape-{number}")
    for name in ("stream.sock", "datagram.sock"):
        (directory / name).chmod(0o777)


@contextlib.contextmanager
def _victim(outside: Path) -> Generator[subprocess.Popen[bytes]]:
    """A process with a secret in its environment, and a file open for writing as descriptor 9."""
    script = 'exec 9>> "$0/file"; echo ready; exec sleep 1000'
    environment = {"PATH": os.environ["PATH"], "API_KEY": SECRET}
    with subprocess.Popen(
        ["sh", "-c", script, str(outside)],
        env=environment,
        cwd=outside,
        stdout=subprocess.PIPE,
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"ready\n"
        try:
            yield victim
        finally:
            victim.kill()


def _signs_of(pid: int) -> list[str]:
    """What others may change about a process."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        limits = Path(f"/proc/{pid}/limits").read_text()
        return [f"state {'stopped' if fields[0] in 'Tt' else 'runs'}", f"nice {fields[16]}", limits]
    return []


def _reached(end: socket.socket) -> bool:
    with contextlib.suppress(BlockingIOError):
        if end.type == socket.SOCK_DGRAM:
            return bool(end.recv(100))
        end.accept()[0].close()
        return True
    return False


def _described(path: Path) -> Iterator[str]:
    try:
        status = path.lstat()
    except OSError:
        return
    what = f"{path} {status.st_mode:o} {status.st_uid} {status.st_nlink}"
    attributes = [*os.listxattr(path, follow_symlinks=False)]
    if path.is_symlink():
        yield f"{what} -> {path.readlink()}"
    elif path.is_dir():
        yield f"{what} {attributes}"
        for entry in sorted(path.iterdir()):
            yield from _described(entry)
    elif path.is_file():
        yield f"{what} {status.st_mtime_ns} {attributes} {path.read_bytes()!r}"
    else:
        yield what


def lacks(*programs: str) -> str | None:
    """Which of the programs is missing here."""
    return next((program for program in programs if shutil.which(program) is None), None)
