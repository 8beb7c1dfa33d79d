"""Permission profiles: sandbox policies that go by a name.

Owns the built-in ones. Profiles that a user describes below `[permissions]` are not known here;
where the configuration names one of those, nothing may be written (`config.effective`).
"""

from collections.abc import Mapping
from types import MappingProxyType

from codex_rpc.errors import ConfigError
from codex_rpc.protocol.policies import (
    DangerFullAccessPolicy,
    ReadOnlyPolicy,
    SandboxPolicy,
    WorkspaceWritePolicy,
)

READ_ONLY = ":read-only"
WORKSPACE = ":workspace"

BUILTIN_PROFILES: Mapping[str, SandboxPolicy] = MappingProxyType(
    {
        READ_ONLY: ReadOnlyPolicy(),
        WORKSPACE: WorkspaceWritePolicy(),
        ":danger-full-access": DangerFullAccessPolicy(),
    }
)
"""What each stands for. `[sandbox_workspace_write]` has no say in it."""


def profile_policy(profile: str) -> SandboxPolicy:
    """The policy that a profile stands for.

    Raises:
        ConfigError: if there is no such profile.
    """
    policy = BUILTIN_PROFILES.get(profile)
    if policy is None:
        kind = "unknown built-in" if profile.startswith(":") else "undefined"
        raise ConfigError(
            f"failed to load configuration: default_permissions refers to {kind} profile "
            f"`{profile}`",
            path=("permissions",),
        )
    return policy
