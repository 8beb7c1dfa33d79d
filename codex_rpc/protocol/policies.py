"""What an agent may do, and who is asked: sandbox, approval and reasoning settings on the wire.

Two spellings of the sandbox exist: a kebab-case mode in `thread/start`, and a tagged policy
everywhere else. `sandbox_policy_of` leads from the first to the second. What the settings *mean*
is decided in `codex_rpc.exec`.
"""

from typing import Annotated, Literal, assert_never

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import WireModel

SandboxMode = TypeAliasType(
    "SandboxMode", Literal["read-only", "workspace-write", "danger-full-access"]
)

NetworkAccess = TypeAliasType("NetworkAccess", Literal["restricted", "enabled"])


class DangerFullAccessPolicy(WireModel):
    """Commands run without any sandbox."""

    type: Literal["dangerFullAccess"] = "dangerFullAccess"


class ReadOnlyPolicy(WireModel):
    """Commands may read everything and write nothing."""

    type: Literal["readOnly"] = "readOnly"
    network_access: bool = False


class ExternalSandboxPolicy(WireModel):
    """The server itself runs in a sandbox that somebody else provides."""

    type: Literal["externalSandbox"] = "externalSandbox"
    network_access: NetworkAccess = "restricted"


class WorkspaceWritePolicy(WireModel):
    """Commands may write below the working directory, the extra roots and temporary directories."""

    type: Literal["workspaceWrite"] = "workspaceWrite"
    writable_roots: list[str] = Field(default_factory=list[str])
    """Absolute paths that are writable as well."""
    network_access: bool = False
    exclude_tmpdir_env_var: bool = False
    """Keep the directory that `$TMPDIR` names read-only."""
    exclude_slash_tmp: bool = False
    """Keep `/tmp` read-only."""


SandboxPolicy = TypeAliasType(
    "SandboxPolicy",
    Annotated[
        DangerFullAccessPolicy | ReadOnlyPolicy | ExternalSandboxPolicy | WorkspaceWritePolicy,
        Field(discriminator="type"),
    ],
)


def sandbox_policy_of(mode: SandboxMode) -> SandboxPolicy:
    """The policy that a mode stands for, with nothing extra allowed."""
    match mode:
        case "read-only":
            return ReadOnlyPolicy()
        case "workspace-write":
            return WorkspaceWritePolicy()
        case "danger-full-access":
            return DangerFullAccessPolicy()
        case _:
            assert_never(mode)


class GranularRules(WireModel):
    """Which kinds of question may be asked; the others are answered with a refusal."""

    model_config = ConfigDict(alias_generator=None)

    sandbox_approval: bool
    rules: bool
    mcp_elicitations: bool
    skill_approval: bool = False
    request_permissions: bool = False


class GranularApproval(WireModel):
    """Ask only for the kinds of action that are switched on."""

    granular: GranularRules


AskForApproval = TypeAliasType(
    "AskForApproval", Literal["untrusted", "on-request", "never"] | GranularApproval
)

ApprovalsReviewer = TypeAliasType(
    "ApprovalsReviewer", Literal["user", "auto_review", "guardian_subagent"]
)

ReasoningEffort = TypeAliasType("ReasoningEffort", str)

ReasoningSummary = TypeAliasType("ReasoningSummary", Literal["auto", "concise", "detailed", "none"])

Personality = TypeAliasType("Personality", Literal["none", "friendly", "pragmatic"])
