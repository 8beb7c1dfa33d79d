"""LandlockSandbox: read-only mode where `bwrap` does not work, on Linux.

Landlock can neither keep a part of a writable directory read-only nor close all of the network, so
it holds commands to nothing but the read-only policy. They see the machine's processes; before the
sixth version they can also send signals to the user's own.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from codex_rpc.errors import SandboxError
from codex_rpc.exec.approval_policy import Enforcement
from codex_rpc.exec.process_spec import ProcessSpec
from codex_rpc.exec.sandbox.confined_environment import launching_environment, loader_variables
from codex_rpc.exec.sandbox.own_secrets import ALWAYS_SECRET, secret_files
from codex_rpc.exec.sandbox.port import Confinement
from codex_rpc.exec.sandbox.seccomp import FilterRules, Reach, seccomp_program
from codex_rpc.exec.sandbox.syscalls import Machine
from codex_rpc.protocol.policies import ReadOnlyPolicy

OLDEST_VERSION = 3
"""The first that can keep files from being truncated."""
SCOPED_VERSION = 6
"""The first that can keep signals and abstract sockets inside."""

_PROGRAM = Path(__file__).with_name("landlock_start.py")
_CREATE_RULESET = 444
_ASK_VERSION = 1


class LandlockSandbox:
    """Confines commands with a small program that gives up its rights and becomes the command."""

    enforcement: Enforcement = "landlock"

    def __init__(
        self, machine: Machine, own_home: Path | None = None, reason: str | None = None
    ) -> None:
        """`own_home` is this program's directory, whose logins are hidden."""
        self.reason = reason
        self._machine = machine
        self._own_home = own_home

    def confine(self, spec: ProcessSpec, confinement: Confinement) -> ProcessSpec:
        if not isinstance(confinement.policy, ReadOnlyPolicy):
            raise SandboxError("only the read-only policy can be enforced on this machine")
        network = confinement.policy.network_access
        reach: Reach = "open" if network else "closed"
        descriptor = max(spec.handed_files, default=2) + 1
        program = seccomp_program(self._machine, FilterRules(reach, exposed=True))
        settings = [f"{name}={value}" for name, value in loader_variables(spec.env).items()]
        start = [sys.executable, "-I", "-S", str(_PROGRAM), str(descriptor)]
        return replace(
            spec,
            argv=[*start, *self._hidden(), "--", *settings, "--", *spec.argv],
            env=launching_environment(spec.env, network=network),
            handed_files={**spec.handed_files, descriptor: program},
        )

    def ended(self, confined: ProcessSpec) -> None:
        """Nothing has been prepared for it."""

    def _hidden(self) -> Iterator[str]:
        if self._own_home is None or not self._own_home.is_dir():
            return
        home = os.path.realpath(self._own_home)
        # Named even if it is not there: it may be written while the command runs.
        for name in ALWAYS_SECRET:
            yield f"{home}/{name}"
        for path, real in secret_files(home):
            yield from (path, real)


def landlock_version() -> int:
    """The newest version the kernel has and allows; 0 without any."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ASK_VERSION))
    return max(0, version)
