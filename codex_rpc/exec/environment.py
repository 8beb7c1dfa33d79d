"""The environment that commands see: the user's own, filtered by policy, without our credentials.

Where the policy comes from is the configuration's business.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, assert_never

OWN_CREDENTIALS = frozenset({"OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN"})
"""Variables that this server itself takes credentials from, whatever the providers."""

THREAD_ID_VARIABLE = "CODEX_THREAD_ID"
NETWORK_DISABLED_VARIABLE = "CODEX_SANDBOX_NETWORK_DISABLED"
"""Set to `1` for a command whose sandbox closes the network."""
SANDBOX_VARIABLE = "CODEX_SANDBOX"
"""Names the sandbox on macOS (`seatbelt`)."""

_CORE = frozenset({"HOME", "LOGNAME", "PATH", "SHELL", "USER", "USERNAME", "TMPDIR", "TEMP", "TMP"})
_DEFAULT_EXCLUDES = ("*KEY*", "*SECRET*", "*TOKEN*")


@dataclass(frozen=True, slots=True)
class EnvironmentPolicy:
    """`shell_environment_policy`: what to inherit and what to change, applied in field order.

    Patterns are globs that ignore case. `include_only`, unless empty, also filters what `set` adds.
    """

    inherit: Literal["all", "core", "none"] = "all"
    ignore_default_excludes: bool = True
    exclude: tuple[str, ...] = ()
    set: Mapping[str, str] = field(default_factory=dict[str, str])
    include_only: tuple[str, ...] = ()


def child_environment(
    base: Mapping[str, str],
    policy: EnvironmentPolicy,
    extra: Mapping[str, str],
    credentials: Collection[str] = (),
) -> dict[str, str]:
    """The variables for a command: those of `base` that the policy lets through, then `extra`.

    `credentials` names the variables that providers are configured to read keys from. Neither they
    nor `OWN_CREDENTIALS` get through, not even if the policy sets them.
    """
    environment = _inherited(base, policy)
    if not policy.ignore_default_excludes:
        environment = {k: v for k, v in environment.items() if not _matches(k, _DEFAULT_EXCLUDES)}
    environment = {k: v for k, v in environment.items() if not _matches(k, policy.exclude)}
    environment |= policy.set
    if policy.include_only:
        environment = {k: v for k, v in environment.items() if _matches(k, policy.include_only)}
    environment |= extra
    for name in OWN_CREDENTIALS.union(credentials):
        environment.pop(name, None)
    return environment


def _inherited(base: Mapping[str, str], policy: EnvironmentPolicy) -> dict[str, str]:
    match policy.inherit:
        case "all":
            return dict(base)
        case "core":
            return {name: value for name, value in base.items() if name.upper() in _CORE}
        case "none":
            return {}
        case _:
            assert_never(policy.inherit)


def _matches(name: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(name.upper(), pattern.upper()) for pattern in patterns)
