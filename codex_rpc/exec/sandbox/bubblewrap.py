"""BubblewrapSandbox: holds a command to its policy with `bwrap`, on Linux.

The command gets its own view of the file system (`territory`, `mounts`), its own processes and
devices and, if the policy closes the network, its own empty network; no capabilities, and a filter
on system calls (`seccomp`). Whether all that works on this machine is found out by `preflight`.
"""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.errors import SandboxError
from codex_rpc.exec.approval_policy import Enforcement
from codex_rpc.exec.process_spec import ProcessSpec
from codex_rpc.exec.sandbox.confined_environment import launching_environment, loader_variables
from codex_rpc.exec.sandbox.mounts import mounts
from codex_rpc.exec.sandbox.placeholders import Placeholders
from codex_rpc.exec.sandbox.port import Confinement
from codex_rpc.exec.sandbox.seccomp import FilterRules, Reach, seccomp_program
from codex_rpc.exec.sandbox.syscalls import Machine
from codex_rpc.exec.sandbox.territory import Access, territory_of

_REACH: Final[dict[bool, Reach]] = {True: "open", False: "loopback"}
"""By whether the policy allows the network."""


class Bubblewrap(Struct, frozen=True):
    """A `bwrap`, and what it can do on this machine."""

    program: Path
    machine: Machine
    user_namespace: bool = True
    sealed: bool = True
    """It can forbid that more user namespaces are made; the filter does that as well."""
    own_proc: bool = True


class BubblewrapSandbox:
    """Confines commands with the `bwrap` that was found."""

    enforcement: Enforcement = "bubblewrap"

    def __init__(
        self, bubblewrap: Bubblewrap, own_home: Path | None = None, reason: str | None = None
    ) -> None:
        """`own_home` is this program's directory: its logins are hidden, the rest is read-only."""
        self.reason = reason
        self._bubblewrap = bubblewrap
        self._own_home = own_home
        self._filters = {
            network: seccomp_program(bubblewrap.machine, FilterRules(reach))
            for network, reach in _REACH.items()
        }
        self._placeholders = Placeholders()
        self._relied_on: dict[int, tuple[ProcessSpec, list[str]]] = {}
        """The placeholders of each command that runs, by the id of its specification."""

    def confine(self, spec: ProcessSpec, confinement: Confinement) -> ProcessSpec:
        home = self._home()
        territory = territory_of(confinement, home)
        access = dict(territory.access)
        network = confinement.policy.network_access
        taken = self._take(territory.missing, access)
        try:
            descriptor = max(spec.handed_files, default=2) + 1
            argv = [
                str(self._bubblewrap.program),
                *self._isolation(network=network, terminal=spec.stdin == "terminal"),
                *mounts(access, own_proc=self._bubblewrap.own_proc, own_home=home),
                *("--chdir", str(spec.cwd), "--seccomp", str(descriptor)),
                *_settings(loader_variables(spec.env)),
                *("--", *spec.argv),
            ]
        except OSError as error:
            self._give_back(taken)
            raise SandboxError(f"the sandbox cannot be set up: {error}") from error
        confined = replace(
            spec,
            argv=argv,
            env=launching_environment(spec.env, network=network),
            handed_files={**spec.handed_files, descriptor: self._filters[network]},
        )
        self._relied_on[id(confined)] = (confined, taken)
        return confined

    def ended(self, confined: ProcessSpec) -> None:
        """Blocking: it removes directories."""
        _, taken = self._relied_on.pop(id(confined), (confined, []))
        self._give_back(taken)

    def _home(self) -> str | None:
        if self._own_home is None or not self._own_home.is_dir():
            return None
        return os.path.realpath(self._own_home)

    def _isolation(self, *, network: bool, terminal: bool) -> Iterator[str]:
        yield "--die-with-parent"
        if not terminal:  # who has a terminal wants to be stopped from it
            yield "--new-session"
        if self._bubblewrap.user_namespace:
            yield "--unshare-user"
            if self._bubblewrap.sealed:
                yield "--disable-userns"
        yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts")
        if not network:
            yield "--unshare-net"
        yield from ("--cap-drop", "ALL")

    def _take(self, missing: Iterable[str], access: dict[str, Access]) -> list[str]:
        """Make the missing directories, and have them protected as well."""
        taken: list[str] = []
        for path in missing:
            try:
                self._placeholders.take(path)
            except OSError as error:
                directory = os.path.dirname(path)  # noqa: PTH120 (paths here are texts)
                if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                    self._give_back(taken)
                    raise SandboxError(f"{path} cannot be protected: {error.strerror}") from error
                if os.stat(directory).st_uid == os.geteuid():  # noqa: PTH116
                    # The command could give itself the permission that is lacking.
                    access[directory] = "read-only"
            else:
                taken.append(path)
                access[path] = "read-only"
        return taken

    def _give_back(self, taken: Iterable[str]) -> None:
        for path in taken:
            self._placeholders.give_back(path)


def _settings(variables: Mapping[str, str]) -> Iterator[str]:
    for name, value in variables.items():
        yield from ("--setenv", name, value)
