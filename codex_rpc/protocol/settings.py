"""A thread's settings: what they are, how a client changes them, and how it hears of a change."""

from typing import Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import EXPERIMENTAL, WireModel
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.notifications import Notification
from codex_rpc.protocol.permission_profiles import ActivePermissionProfile
from codex_rpc.protocol.policies import (
    ApprovalsReviewer,
    AskForApproval,
    Personality,
    ReasoningEffort,
    ReasoningSummary,
    SandboxPolicy,
)
from codex_rpc.protocol.turn import LastingOverrides

CollaborationModeKind = TypeAliasType("CollaborationModeKind", Literal["plan", "default"])


class CollaborationSettings(WireModel):
    """What the model of a collaboration mode is told to be."""

    model_config = ConfigDict(alias_generator=None)

    model: str
    reasoning_effort: ReasoningEffort | None = None
    developer_instructions: str | None = None


class CollaborationMode(WireModel):
    mode: CollaborationModeKind
    settings: CollaborationSettings


class ThreadSettings(WireModel):
    """Everything that the next turn will run with."""

    model: str
    model_provider: str
    effort: ReasoningEffort | None = None
    summary: ReasoningSummary | None = None
    service_tier: str | None = None
    cwd: str
    approval_policy: AskForApproval
    approvals_reviewer: ApprovalsReviewer
    sandbox_policy: SandboxPolicy
    active_permission_profile: ActivePermissionProfile | None = None
    collaboration_mode: CollaborationMode
    personality: Personality | None = None
    disabled_plugin_ids: list[str] = Field(default_factory=list[str])
    multi_agent_mode: Literal["explicitRequestOnly"] = Field(
        default="explicitRequestOnly", json_schema_extra=EXPERIMENTAL
    )


class ThreadSettingsUpdateParams(LastingOverrides):
    """Change settings without a turn. A running turn keeps those it began with."""

    thread_id: ThreadId


class ThreadSettingsUpdateResponse(WireModel):
    pass


class ThreadSettingsUpdatedNotification(Notification):
    """The next turn will run with other settings than the last one."""

    METHOD = "thread/settings/updated"
    thread_id: ThreadId
    thread_settings: ThreadSettings
