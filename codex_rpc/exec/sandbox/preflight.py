"""Finding out what can hold commands on this machine, by holding one.

Blocking. What was found is not looked at again: a sandbox that stops working makes commands fail,
it never lets them run without it.
"""

import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from codex_rpc.exec.process_spec import ProcessSpec
from codex_rpc.exec.sandbox.bubblewrap import Bubblewrap, BubblewrapSandbox
from codex_rpc.exec.sandbox.port import Confinement, NoSandbox, Sandbox
from codex_rpc.exec.sandbox.syscalls import MACHINES, Machine
from codex_rpc.protocol.policies import ReadOnlyPolicy

if TYPE_CHECKING:
    from codex_rpc.exec.sandbox.landlock import LandlockSandbox

TRUSTED_PLACES = ("/usr/bin", "/bin", "/usr/local/bin")
"""Looked at before `PATH`, which may name directories that commands can write to."""

_LIMIT_S = 5.0

_PROBE = """
( : > "$1" ) 2> /dev/null && echo writable
while read -r name value; do
  case $name in CapEff:|NoNewPrivs:|Seccomp:) echo "$name$value" ;; esac
done < /proc/self/status
exit 0
"""
_HELD_TO = {"CapEff:0000000000000000", "NoNewPrivs:1", "Seccomp:2"}

_NAMES_SEEN = "its own /proc cannot be mounted here: commands see the machine's processes, by name"
_SAME_USER = "user namespaces are not available here: commands run as the server's own user"


class _Attempt(Struct, frozen=True):
    works: bool
    complaint: str = ""


def detect_sandbox(
    environ: Mapping[str, str],
    own_home: Path | None = None,
    trusted: Sequence[str] = TRUSTED_PLACES,
) -> Sandbox:
    """The best sandbox that works here, with the reason if there might be a better one."""
    if sys.platform == "darwin":
        return _detect_seatbelt(own_home)
    if sys.platform != "linux":
        return NoSandbox(f"there is no sandbox for {sys.platform}")
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return NoSandbox(f"there is no sandbox for {platform.machine()}")
    program = _find_bubblewrap(environ, trusted)
    if program is None:
        return _second_best(machine, own_home, "bubblewrap (`bwrap`) is not installed")
    complaints: list[str] = []
    for bubblewrap, reason in _variants(program, machine):
        sandbox = BubblewrapSandbox(bubblewrap, own_home, reason)
        attempt = _try(sandbox)
        if attempt.works:
            return sandbox
        complaints.append(attempt.complaint)
    return _second_best(machine, own_home, f"bubblewrap does not work here: {complaints[0]}")


def _detect_seatbelt(own_home: Path | None) -> Sandbox:
    from codex_rpc.exec.sandbox.seatbelt import SANDBOX_EXEC, SeatbeltSandbox

    if not Path(SANDBOX_EXEC).exists():
        return NoSandbox(f"{SANDBOX_EXEC} is missing")
    sandbox = SeatbeltSandbox(own_home)
    confinement = Confinement(ReadOnlyPolicy(), Path("/"), None)
    spec = sandbox.confine(ProcessSpec(["/usr/bin/true"], Path("/"), {}), confinement)
    try:
        result = subprocess.run(list(spec.argv), env=dict(spec.env), timeout=_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return NoSandbox(f"{SANDBOX_EXEC} does not work here: {error}")
    if result.returncode != 0:
        return NoSandbox(f"{SANDBOX_EXEC} does not work here")
    return sandbox


def _find_bubblewrap(environ: Mapping[str, str], trusted: Sequence[str]) -> Path | None:
    listed = [place for place in environ.get("PATH", "").split(":") if place.startswith("/")]
    found = shutil.which("bwrap", path=":".join((*trusted, *listed)))
    return Path(found) if found else None


def _variants(program: Path, machine: Machine) -> Iterator[tuple[Bubblewrap, str | None]]:
    """The ways to use it, best first, each with what is to be said about it.

    Another user namespace is what keeps the command off other processes where it can see them, so
    one of the two is always needed.
    """
    yield Bubblewrap(program, machine), None
    yield Bubblewrap(program, machine, sealed=False), None
    yield Bubblewrap(program, machine, sealed=False, own_proc=False), _NAMES_SEEN
    yield Bubblewrap(program, machine, user_namespace=False, sealed=False), _SAME_USER


def _second_best(machine: Machine, own_home: Path | None, complaint: str) -> Sandbox:
    from codex_rpc.exec.sandbox.landlock import (
        OLDEST_VERSION,
        SCOPED_VERSION,
        LandlockSandbox,
        landlock_version,
    )

    version = landlock_version()
    if version >= OLDEST_VERSION:
        signals = "" if version >= SCOPED_VERSION else ", and commands can send signals"
        reason = f"{complaint}; only read-only mode can be enforced{signals}"
        sandbox = LandlockSandbox(machine, own_home, reason)
        if _try(sandbox).works:
            return sandbox
    return NoSandbox(complaint)


def _try(sandbox: "BubblewrapSandbox | LandlockSandbox") -> _Attempt:
    """Run a command that says what it is held to; it must not be able to make the file it tries to.

    The file is the command's to make, so that nothing is left behind whenever this process dies.
    """
    forbidden = Path(tempfile.gettempdir(), f"codex-rpc-{secrets.token_hex(8)}")
    probe = ProcessSpec(["/bin/sh", "-c", _PROBE, "sh", str(forbidden)], Path("/"), {})
    spec = sandbox.confine(probe, Confinement(ReadOnlyPolicy(), Path("/"), None))
    try:
        result = _run(spec)
    except (OSError, subprocess.TimeoutExpired) as error:
        return _Attempt(works=False, complaint=str(error))
    finally:
        sandbox.ended(spec)
        forbidden.unlink(missing_ok=True)
    said = result.stdout.split()
    if result.returncode == 0 and set(said) == _HELD_TO:
        return _Attempt(works=True)
    return _Attempt(works=False, complaint=result.stderr.strip() or f"a command got {said}")


def _run(spec: ProcessSpec) -> subprocess.CompletedProcess[str]:
    """Run it with the descriptors it wants, which are copies of ours with other numbers."""
    ((descriptor, content),) = spec.handed_files.items()
    reader, writer = os.pipe()
    try:
        os.write(writer, content)
        os.close(writer)
        argv = [str(reader) if part == str(descriptor) else part for part in spec.argv]
        return subprocess.run(
            argv,
            env=dict(spec.env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT_S,
            pass_fds=[reader],
            check=False,
        )
    finally:
        os.close(reader)
