"""SeatbeltSandbox: holds a command to its policy with `sandbox-exec`, on macOS.

Written from the language's public descriptions; it has not been run on a Mac yet. A profile that
`sandbox-exec` does not take makes the command fail, not run free.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from codex_rpc.exec.approval_policy import Enforcement
from codex_rpc.exec.environment import SANDBOX_VARIABLE
from codex_rpc.exec.process_spec import ProcessSpec
from codex_rpc.exec.sandbox.confined_environment import launching_environment
from codex_rpc.exec.sandbox.own_secrets import SECRET_PREFIXES
from codex_rpc.exec.sandbox.port import Confinement
from codex_rpc.exec.sandbox.territory import Territory, by_depth, territory_of

SANDBOX_EXEC: Final = "/usr/bin/sandbox-exec"
"""Only this one: another in `PATH` could be anybody's."""

_BASE: Final = """\
(version 1)
(deny default)
(allow process-exec)
(allow process-fork)
(allow process-info* (target same-sandbox))
(allow signal (target same-sandbox))
(allow file-read*)
(allow file-test-existence)
(allow file-ioctl (literal "/dev/null") (regex #"^/dev/tty"))
(allow file-write-data (literal "/dev/null") (literal "/dev/zero") (regex #"^/dev/tty"))
(allow pseudo-tty)
(allow sysctl-read)
(allow user-preference-read)
(allow ipc-posix-sem)
(allow ipc-posix-shm-read*)
(allow mach-lookup
  (global-name "com.apple.system.opendirectoryd.libinfo")
  (global-name "com.apple.system.logger")
  (global-name "com.apple.trustd.agent"))
"""

_NETWORK: Final = """\
(allow network*)
(allow system-socket)
(allow mach-lookup
  (global-name "com.apple.SystemConfiguration.configd")
  (global-name "com.apple.networkd")
  (global-name "com.apple.dnssd.service"))
"""


class SeatbeltSandbox:
    """Confines commands with the system's own tool."""

    enforcement: Enforcement = "seatbelt"
    reason: str | None = None

    def __init__(self, own_home: Path | None = None) -> None:
        """`own_home` is this program's directory: its logins are hidden, the rest is read-only."""
        self._own_home = own_home

    def confine(self, spec: ProcessSpec, confinement: Confinement) -> ProcessSpec:
        network = confinement.policy.network_access
        home = os.path.realpath(self._own_home) if self._own_home else None
        profile = seatbelt_profile(territory_of(confinement, home), home, network=network)
        env = launching_environment(spec.env, network=network)
        return replace(
            spec,
            argv=[SANDBOX_EXEC, "-p", profile, "--", *spec.argv],
            env={**env, SANDBOX_VARIABLE: "seatbelt"},
        )

    def ended(self, confined: ProcessSpec) -> None:
        """Nothing has been prepared for it."""


def seatbelt_profile(territory: Territory, home: str | None, *, network: bool) -> str:
    """The profile as text. The last rule that fits decides, so the deeper ones come later."""
    return "".join(
        (
            _BASE,
            _NETWORK if network else "",
            *(f"{rule}\n" for rule in _territory_rules(territory)),
            *(f"{rule}\n" for rule in _secret_rules(home)),
        )
    )


def _territory_rules(territory: Territory) -> Iterator[str]:
    for path in by_depth([*territory.access, *territory.missing]):
        allowed = territory.access.get(path) == "writable"
        yield f"({'allow' if allowed else 'deny'} file-write* (subpath {_quoted(path)}))"
    # What is moved with the directory above it is not written, so that needs a rule of its own.
    for path in by_depth(_on_the_way(territory)):
        yield f"(deny file-write-unlink (literal {_quoted(path)}))"


def _on_the_way(territory: Territory) -> Iterable[str]:
    return [path for path, access in territory.access.items() if access == "writable"]


def _secret_rules(home: str | None) -> Iterator[str]:
    if home is not None:
        for name in SECRET_PREFIXES:
            place = _quoted(f"{home}/{name}")
            yield f"(deny file-read* file-write* (prefix {place}))"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
