"""Reading and writing the configuration.

Keys of the configuration itself are spelt as in `config.toml`, in snake_case; everything around
them is camelCase.
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import SparseWireModel, WireModel
from codex_rpc.protocol.policies import (
    ApprovalsReviewer,
    AskForApproval,
    ReasoningEffort,
    ReasoningSummary,
    SandboxMode,
)

Verbosity = TypeAliasType("Verbosity", Literal["low", "medium", "high"])
WebSearchMode = TypeAliasType("WebSearchMode", Literal["disabled", "cached", "indexed", "live"])
ForcedLoginMethod = TypeAliasType("ForcedLoginMethod", Literal["chatgpt", "api"])
MergeStrategy = TypeAliasType("MergeStrategy", Literal["replace", "upsert"])
WriteStatus = TypeAliasType("WriteStatus", Literal["ok", "okOverridden"])


# --- where settings come from --------------------------------------------------------------------


class SystemLayerSource(WireModel):
    """The file for all users of the machine. It need not exist."""

    type: Literal["system"] = "system"
    file: str


class UserLayerSource(WireModel):
    """The user's `config.toml`, or a profile chosen in it. It need not exist."""

    type: Literal["user"] = "user"
    file: str
    profile: str | None = None


class ProjectLayerSource(WireModel):
    """A `.codex` folder between the project's root and the working directory."""

    type: Literal["project"] = "project"
    dot_codex_folder: str


class SessionFlagsLayerSource(WireModel):
    """Overrides: `-c` on the command line, and the `config` of a request."""

    type: Literal["sessionFlags"] = "sessionFlags"


ConfigLayerSource = TypeAliasType(
    "ConfigLayerSource",
    Annotated[
        SystemLayerSource | UserLayerSource | ProjectLayerSource | SessionFlagsLayerSource,
        Field(discriminator="type"),
    ],
)


class ConfigLayerMetadata(WireModel):
    name: ConfigLayerSource
    version: str
    """A digest of the layer's settings."""


class ConfigLayer(SparseWireModel):
    """One layer as it stands, without what it may not set."""

    name: ConfigLayerSource
    version: str
    config: dict[str, Any]
    disabled_reason: str | None = None
    """Why the layer does not count. Left out of a layer that does."""


# --- config/read ---------------------------------------------------------------------------------


class SandboxWorkspaceWrite(WireModel):
    """What `workspace-write` allows beside the working directory."""

    model_config = ConfigDict(alias_generator=None)

    writable_roots: list[str] = Field(default_factory=list[str])
    network_access: bool = False
    exclude_tmpdir_env_var: bool = False
    exclude_slash_tmp: bool = False


class ToolsV2(WireModel):
    """Settings of single tools."""

    model_config = ConfigDict(alias_generator=None)

    web_search: dict[str, Any] | None = None


class Config(WireModel):
    """The effective settings. Keys that are not listed here are shown as they are."""

    model_config = ConfigDict(alias_generator=None, extra="allow")

    model: str | None = None
    review_model: str | None = None
    model_context_window: int | None = None
    model_auto_compact_token_limit: int | None = None
    model_auto_compact_token_limit_scope: str | None = None
    model_provider: str | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox_mode: SandboxMode | None = None
    sandbox_workspace_write: SandboxWorkspaceWrite | None = None
    forced_chatgpt_workspace_id: str | list[str] | None = None
    forced_login_method: ForcedLoginMethod | None = None
    web_search: WebSearchMode | None = None
    client_search_provider: str | None = None
    tools: ToolsV2 | None = None
    instructions: str | None = None
    developer_instructions: str | None = None
    compact_prompt: str | None = None
    model_reasoning_effort: ReasoningEffort | None = None
    model_reasoning_summary: ReasoningSummary | None = None
    model_verbosity: Verbosity | None = None
    service_tier: str | None = None
    analytics: dict[str, Any] | None = None
    apps: dict[str, Any] | None = None
    browser_use: dict[str, Any] | None = None
    computer_use: dict[str, Any] | None = None
    desktop: dict[str, Any] | None = None


class ConfigReadParams(WireModel):
    """Show the effective configuration, and where each setting comes from."""

    include_layers: bool = False
    cwd: str | None = None
    """With it, projects have their say as they would for a thread there."""


class ConfigReadResponse(SparseWireModel):
    config: Config
    origins: dict[str, ConfigLayerMetadata]
    """For each value in a layer that counts, under its dotted key, the layer that decides it."""
    layers: list[ConfigLayer] | None = None
    """All layers, the one that overrides the others first."""


class ConfigRequirementsReadParams(WireModel):
    """Ask what an administrator demands of the configuration."""


class ConfigRequirementsReadResponse(WireModel):
    requirements: dict[str, Any] | None = None
    """What this server enforces; `null` for nothing."""
    supports_independent_speed_modes: bool | None = None


# --- writing -------------------------------------------------------------------------------------


class ConfigEdit(WireModel):
    """One change. `null` as the value removes the key."""

    key_path: str
    """Dotted; a part that holds dots itself stands in double quotes."""
    value: Any
    merge_strategy: MergeStrategy
    """Whether a table replaces the one that is there, or is merged into it."""


class ConfigValueWriteParams(ConfigEdit):
    """Change one key of the user's `config.toml`."""

    file_path: str | None = None
    """The user's `config.toml`: no other file may be written."""
    expected_version: str | None = None
    """The version of the user's layer that the change was made for."""


class ConfigBatchWriteParams(WireModel):
    """Change several keys of the user's `config.toml`, all or none."""

    edits: list[ConfigEdit]
    file_path: str | None = None
    """The user's `config.toml`: no other file may be written."""
    expected_version: str | None = None
    """The version of the user's layer that the changes were made for."""
    reload_user_config: bool = False
    """New threads always see the change. A loaded thread keeps the settings it was started with."""


class OverriddenMetadata(WireModel):
    """A layer above the user's says something else about a key that was written."""

    message: str
    overriding_layer: ConfigLayerMetadata
    effective_value: Any


class ConfigWriteResponse(WireModel):
    status: WriteStatus
    version: str
    """The user's layer as it is now."""
    file_path: str
    overridden_metadata: OverriddenMetadata | None = None
