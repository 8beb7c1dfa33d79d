"""Settings that a thread keeps from turn to turn, and how a request changes them."""

from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import fields, replace

from codex_rpc.config.web_search import WebSearchSettings
from codex_rpc.protocol.policies import (
    ApprovalsReviewer,
    AskForApproval,
    ReasoningSummary,
    SandboxPolicy,
)


class ThreadSettings(Struct, frozen=True):
    """Everything that decides how a turn runs. A running turn keeps the settings it began with."""

    model: str
    model_provider: str
    cwd: Path
    approval_policy: AskForApproval
    approvals_reviewer: ApprovalsReviewer
    sandbox_policy: SandboxPolicy
    permission_profile: str | None = None
    """The name of the policy, if it was chosen by one."""
    effort: str | None = None
    summary: ReasoningSummary | None = None
    service_tier: str | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    context_window: int | None = None
    """Tokens the model can hear, if the user knows better than the catalogue."""
    auto_compact_limit: int | None = None
    """Tokens after which the conversation is summed up, if the user wants another number."""
    web_search: WebSearchSettings = field(default_factory=WebSearchSettings)

    def with_overrides(self, overrides: "SettingsOverrides") -> "ThreadSettings":
        """These settings with each part that `overrides` names.

        A policy that comes without a profile has none.
        """
        changes = {
            part.name: value
            for part in fields(overrides)
            if (value := getattr(overrides, part.name)) is not None
        }
        if "sandbox_policy" in changes:
            changes.setdefault("permission_profile", None)
        return replace(self, **changes)


class SettingsOverrides(Struct, frozen=True):
    """The parts of `ThreadSettings` that one turn may change; `None` leaves a part as it is."""

    model: str | None = None
    cwd: Path | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox_policy: SandboxPolicy | None = None
    permission_profile: str | None = None
    """The name of the policy, which is given as well."""
    effort: str | None = None
    summary: ReasoningSummary | None = None
    service_tier: str | None = None
