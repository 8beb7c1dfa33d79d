"""Threads: what a client is told of one, and the requests that make and leave it."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import EXPERIMENTAL, UnixSeconds, WireModel
from codex_rpc.protocol.dynamic_tools import DynamicToolSpec
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.permission_profiles import ActivePermissionProfile
from codex_rpc.protocol.policies import (
    ApprovalsReviewer,
    AskForApproval,
    ReasoningEffort,
    SandboxMode,
    SandboxPolicy,
)
from codex_rpc.protocol.turn import Turn

# --- status ------------------------------------------------------------------------------------

ThreadActiveFlag = TypeAliasType(
    "ThreadActiveFlag", Literal["waitingOnApproval", "waitingOnUserInput"]
)


class NotLoadedStatus(WireModel):
    """The thread is on disk only."""

    type: Literal["notLoaded"] = "notLoaded"


class IdleStatus(WireModel):
    """The thread waits for input."""

    type: Literal["idle"] = "idle"


class SystemErrorStatus(WireModel):
    """The last turn failed; the next one may be started as usual."""

    type: Literal["systemError"] = "systemError"


class ActiveStatus(WireModel):
    """A turn is running."""

    type: Literal["active"] = "active"
    active_flags: list[ThreadActiveFlag]


ThreadStatus = TypeAliasType(
    "ThreadStatus",
    Annotated[
        NotLoadedStatus | IdleStatus | SystemErrorStatus | ActiveStatus,
        Field(discriminator="type"),
    ],
)


# --- source ------------------------------------------------------------------------------------


class CustomSource(WireModel):
    custom: str


class ThreadSpawn(WireModel):
    """Which agent made the thread."""

    model_config = ConfigDict(alias_generator=None)

    parent_thread_id: ThreadId
    depth: int
    agent_path: str | None = None
    agent_nickname: str | None = None
    agent_role: str | None = None


class ThreadSpawnSource(WireModel):
    model_config = ConfigDict(alias_generator=None)

    thread_spawn: ThreadSpawn


class OtherSubAgentSource(WireModel):
    other: str


SubAgentSource = TypeAliasType(
    "SubAgentSource",
    Literal["review", "compact", "memory_consolidation"] | ThreadSpawnSource | OtherSubAgentSource,
)


class SubAgentSessionSource(WireModel):
    sub_agent: SubAgentSource


SessionSource = TypeAliasType(
    "SessionSource",
    Literal["cli", "vscode", "exec", "appServer", "unknown"] | CustomSource | SubAgentSessionSource,
)


# --- threads -----------------------------------------------------------------------------------


class GitInfo(WireModel):
    sha: str | None = None
    branch: str | None = None
    origin_url: str | None = None


class Thread(WireModel):
    id: ThreadId
    session_id: ThreadId
    """The thread's own id, unless it continues another one's session."""
    preview: str
    """The beginning of the first user message; empty before there is one."""
    name: str | None = None
    cwd: str
    model: str | None = None
    model_provider: str
    reasoning_effort: ReasoningEffort | None = None
    status: ThreadStatus
    source: SessionSource
    thread_source: str | None = None
    originator: str | None = None
    """The name of the client that started the thread."""
    cli_version: str
    created_at: UnixSeconds
    updated_at: UnixSeconds
    recency_at: UnixSeconds | None = None
    """When the user last had to do with the thread."""
    ephemeral: bool
    """Nothing of the thread is written to disk."""
    history_mode: Literal["legacy", "paginated"] = "legacy"
    path: str | None = None
    """The rollout file; `null` for an ephemeral thread."""
    git_info: GitInfo | None = None
    forked_from_id: ThreadId | None = None
    parent_thread_id: ThreadId | None = None
    agent_nickname: str | None = None
    agent_role: str | None = None
    project_id: str | None = None
    section: None = None
    section_entered_at: None = None
    turns: list[Turn]
    """Filled only in answers that are said to carry turns; else empty."""


SandboxEnforcement = TypeAliasType(
    "SandboxEnforcement", Literal["none", "bubblewrap", "landlock", "seatbelt", "notNeeded"]
)


class ThreadStartParams(WireModel):
    """Start a thread. What is not given comes from the configuration."""

    cwd: str | None = None
    """Relative to the server's own working directory, if not absolute."""
    model: str | None = None
    model_provider: str | None = None
    service_tier: str | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox: SandboxMode | None = None
    permissions: str | None = Field(default=None, json_schema_extra=EXPERIMENTAL)
    """A permission profile, in the place of `sandbox`."""
    base_instructions: str | None = None
    """Takes the place of the model's built-in instructions."""
    developer_instructions: str | None = None
    """Said to the model in addition."""
    config: dict[str, Any] | None = None
    """Overrides of `config.toml`, by dotted key or nested."""
    ephemeral: bool | None = None
    """Write nothing of this thread to disk."""
    service_name: str | None = None
    thread_source: str | None = None
    dynamic_tools: list[DynamicToolSpec] | None = Field(
        default=None, json_schema_extra=EXPERIMENTAL
    )
    """Tools that the client provides: the model's calls come as `item/tool/call`."""


class ThreadConfiguration(WireModel):
    """A thread that was just loaded, and the settings its next turn will run with."""

    thread: Thread
    model: str
    model_provider: str
    service_tier: str | None = None
    reasoning_effort: ReasoningEffort | None = None
    cwd: str
    approval_policy: AskForApproval
    approvals_reviewer: ApprovalsReviewer
    sandbox: SandboxPolicy
    sandbox_enforcement: SandboxEnforcement
    """What really holds the commands to `sandbox`: `none` if nothing on this machine does,
    `notNeeded` if the policy asks for no holding."""
    instruction_sources: list[str] = Field(default_factory=list[str])
    """The instruction files that were read, such as AGENTS.md."""
    disabled_plugin_ids: list[str] = Field(default_factory=list[str])
    runtime_workspace_roots: list[str] = Field(
        default_factory=list[str], json_schema_extra=EXPERIMENTAL
    )
    active_permission_profile: ActivePermissionProfile | None = Field(
        default=None, json_schema_extra=EXPERIMENTAL
    )
    multi_agent_mode: Literal["explicitRequestOnly"] = Field(
        default="explicitRequestOnly", json_schema_extra=EXPERIMENTAL
    )


class ThreadStartResponse(ThreadConfiguration):
    """The thread and the settings its first turn will run with."""


class ThreadUnsubscribeParams(WireModel):
    """Receive no more events of the thread on this connection."""

    thread_id: ThreadId


class ThreadUnsubscribeResponse(WireModel):
    status: Literal["notLoaded", "notSubscribed", "unsubscribed"]


class ThreadLoadedListParams(WireModel):
    """List the threads in memory."""

    cursor: str | None = None
    limit: int | None = Field(default=None, ge=0)


class ThreadLoadedListResponse(WireModel):
    data: list[ThreadId]
    next_cursor: str | None = None


# --- work outside a regular turn ---------------------------------------------------------------


class ThreadInjectItemsParams(WireModel):
    """Add items to what the model has heard, without a turn."""

    thread_id: ThreadId
    items: list[dict[str, Any]]
    """In the shapes of the Responses API; those of a kind that is not known are left out."""


class ThreadInjectItemsResponse(WireModel):
    pass


class ThreadCompactStartParams(WireModel):
    """Replace the history by a summary of it. That is a turn of its own."""

    thread_id: ThreadId


class ThreadCompactStartResponse(WireModel):
    pass


class ThreadShellCommandParams(WireModel):
    """Run a command of the user's own: nobody is asked, and no sandbox holds it."""

    thread_id: ThreadId
    command: str
    """For the user's shell, with pipes, redirections and quotes."""
    timeout_ms: int | None = Field(default=None, ge=0)
    """An hour, if not given; 0 ends the command at once."""


class ThreadShellCommandResponse(WireModel):
    pass
