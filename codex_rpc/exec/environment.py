"""The environment that commands see: the user's own, filtered by policy, without our credentials.

Where the policy comes from is the configuration's business.
"""

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import assert_never

from codex_rpc.config.shell_environment import EnvironmentPolicy

OWN_CREDENTIALS = frozenset({"OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN"})
"""Variables that this server itself takes credentials from, whatever the providers."""

THREAD_ID_VARIABLE = "CODEX_THREAD_ID"
NETWORK_DISABLED_VARIABLE = "CODEX_SANDBOX_NETWORK_DISABLED"
"""Set to `1` for a command whose sandbox closes the network."""
SANDBOX_VARIABLE = "CODEX_SANDBOX"
"""Names the sandbox on macOS (`seatbelt`)."""

TERMINAL_VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "NO_COLOR": "1",
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "LC_CTYPE": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "COLORTERM": "",
        "PAGER": "cat",
        "GIT_PAGER": "cat",
        "GH_PAGER": "cat",
        "CODEX_CI": "1",
    }
)
"""What has programs write for a reader who sees neither colours nor pages."""

_CORE = frozenset({"HOME", "LOGNAME", "PATH", "SHELL", "USER", "USERNAME", "TMPDIR", "TEMP", "TMP"})
_DEFAULT_EXCLUDES = ("*KEY*", "*SECRET*", "*TOKEN*")


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


def looks_secret(name: str) -> bool:
    """Whether the name of a variable says that its value is nobody's business."""
    return name in OWN_CREDENTIALS or _matches(name, _DEFAULT_EXCLUDES)


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
