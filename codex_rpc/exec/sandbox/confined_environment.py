"""The environment of a confined command, and of the program that confines it.

That program must not run what an earlier command has left somewhere, so the variables that make the
dynamic loader take libraries from elsewhere are kept from it and set for the command alone.
"""

from collections.abc import Mapping

from codex_rpc.exec.environment import NETWORK_DISABLED_VARIABLE

_FOR_LOADER = ("LD_", "GLIBC_TUNABLES")


def launching_environment(env: Mapping[str, str], *, network: bool) -> dict[str, str]:
    """What the confining program starts with, and hands on."""
    environment = {name: value for name, value in env.items() if not _is_for_loader(name)}
    return environment if network else {**environment, NETWORK_DISABLED_VARIABLE: "1"}


def loader_variables(env: Mapping[str, str]) -> dict[str, str]:
    """What it has to set for the command."""
    return {name: value for name, value in env.items() if _is_for_loader(name)}


def _is_for_loader(name: str) -> bool:
    return name.startswith(_FOR_LOADER)
