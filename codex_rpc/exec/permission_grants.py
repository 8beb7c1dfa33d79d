"""What the user has granted the agent on top of its sandbox policy, and what holds then. Pure.

Everything can be read under every policy, so what is granted is writing and the network. Paths are
absolute and without links. Asking for more, and how long it holds, is for others.
"""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from codex_rpc.protocol.policies import (
    DangerFullAccessPolicy,
    ExternalSandboxPolicy,
    ReadOnlyPolicy,
    SandboxPolicy,
    WorkspaceWritePolicy,
)


class Grants(Struct, frozen=True):
    """Folders or files that may be written as well, with all below them, and the network."""

    writable: tuple[Path, ...] = ()
    network: bool = False

    def __or__(self, other: "Grants") -> "Grants":
        """Both together."""
        return Grants(_outermost((*self.writable, *other.writable)), self.network or other.network)

    def __bool__(self) -> bool:
        return bool(self.writable) or self.network

    def within(self, asked: "Grants") -> "Grants":
        """As much of these as was asked for; below a folder that was, each path was too."""
        writable = (path for path in self.writable if _is_below(path, asked.writable))
        return Grants(_outermost(writable), self.network and asked.network)

    def beyond(self, policy: SandboxPolicy, roots: Iterable[Path]) -> "Grants":
        """What of these the policy does not allow by itself; `roots` are its writable ones."""
        if isinstance(policy, DangerFullAccessPolicy):
            return Grants()
        if isinstance(policy, ExternalSandboxPolicy):
            return Grants(network=self.network and policy.network_access == "restricted")
        roots = tuple(roots)
        writable = tuple(path for path in self.writable if not _is_below(path, roots))
        return Grants(writable, self.network and not policy.network_access)


class ReadOnlyButPolicy(WorkspaceWritePolicy):
    """Commands may write below `writable_roots` and nowhere else, the working directory included.

    What a read-only policy becomes when something is granted on top of it. It never leaves the
    process: clients are told of policies without grants.
    """


def policy_with(policy: SandboxPolicy, grants: Grants) -> SandboxPolicy:
    """The policy that holds when all of that is granted on top of it."""
    if not grants:
        return policy
    writable = [str(path) for path in grants.writable]
    match policy:
        case ReadOnlyPolicy(network_access=network) if writable:
            return ReadOnlyButPolicy(
                writable_roots=writable,
                network_access=network or grants.network,
                exclude_tmpdir_env_var=True,
                exclude_slash_tmp=True,
            )
        case WorkspaceWritePolicy(writable_roots=roots):
            more = {"writable_roots": [*roots, *writable]}
            return policy.model_copy(update=more | _network(policy, grants))
        case ReadOnlyPolicy():
            return policy.model_copy(update=_network(policy, grants))
        case ExternalSandboxPolicy() if grants.network:
            return ExternalSandboxPolicy(network_access="enabled")
        case _:
            return policy


def _network(policy: ReadOnlyPolicy | WorkspaceWritePolicy, grants: Grants) -> dict[str, bool]:
    return {"network_access": policy.network_access or grants.network}


def _outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The paths that are not below others, in order.

    One below another could be swapped for a link to elsewhere by whoever may write to that.
    """
    distinct = tuple(dict.fromkeys(paths))
    return tuple(
        path
        for path in distinct
        if not any(path != other and path.is_relative_to(other) for other in distinct)
    )


def _is_below(path: Path, roots: tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(root) for root in roots)
