"""`turn_context` lines: the settings a turn ran with, written and read back."""

from functools import cache
from pathlib import Path
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import fields, replace
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from codex_rpc.config.loader import RETIRED_APPROVAL_POLICIES
from codex_rpc.config.settings import ThreadSettings
from codex_rpc.protocol.policies import (
    ApprovalsReviewer,
    AskForApproval,
    ReasoningSummary,
    SandboxPolicy,
)
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import table, text

_SANDBOX_NAMES = {
    "dangerFullAccess": "danger-full-access",
    "readOnly": "read-only",
    "externalSandbox": "external-sandbox",
    "workspaceWrite": "workspace-write",
}
"""What the wire calls them, and what the disk does."""

_WIRE_NAMES = {disk: wire for wire, disk in _SANDBOX_NAMES.items()}


def turn_context_payload(turn_id: str | None, settings: ThreadSettings) -> Payload:
    """The settings a turn runs with; without a turn, those that later turns will run with.

    The other program has no `service_tier` and `model_provider` here and passes them over.
    """
    return {
        "turn_id": turn_id,
        "cwd": str(settings.cwd),
        "approval_policy": to_jsonable_python(settings.approval_policy),
        "approvals_reviewer": settings.approvals_reviewer,
        "sandbox_policy": _sandbox_payload(settings),
        "model": settings.model,
        "model_provider": settings.model_provider,
        "effort": settings.effort,
        "summary": settings.summary or "auto",
        "service_tier": settings.service_tier,
        "developer_instructions": settings.developer_instructions,
    }


def _sandbox_payload(settings: ThreadSettings) -> Payload:
    policy = to_jsonable_python(settings.sandbox_policy, by_alias=False)
    return {**policy, "type": _SANDBOX_NAMES[policy["type"]]}


class StoredSettings(Struct, frozen=True):
    """What a `turn_context` line says. `None`: it says nothing of that part, or nonsense."""

    turn_id: str | None = None
    model: str | None = None
    model_provider: str | None = None
    cwd: Path | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox_policy: SandboxPolicy | None = None
    effort: str | None = None
    summary: ReasoningSummary | None = None
    service_tier: str | None = None
    developer_instructions: str | None = None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        cwd = text(payload, "cwd")
        return cls(
            turn_id=text(payload, "turn_id"),
            model=text(payload, "model"),
            model_provider=text(payload, "model_provider"),
            cwd=Path(cwd) if cwd else None,
            approval_policy=_approval_policy(payload.get("approval_policy")),
            approvals_reviewer=_valid(ApprovalsReviewer, payload.get("approvals_reviewer")),
            sandbox_policy=_sandbox_policy(table(payload, "sandbox_policy")),
            effort=text(payload, "effort"),
            summary=_valid(ReasoningSummary, payload.get("summary")),
            service_tier=text(payload, "service_tier"),
            developer_instructions=text(payload, "developer_instructions"),
        )

    def changed_by(self, event: Payload) -> Self:
        """These settings after a `thread_settings_applied` event of the other program.

        It spells the sandbox in a way of its own, so that part stays as the last turn had it.
        """
        stored = table(event, "thread_settings")
        cwd = text(stored, "cwd")
        return replace(
            self,
            model=text(stored, "model") or self.model,
            model_provider=text(stored, "model_provider_id") or self.model_provider,
            cwd=Path(cwd) if cwd else self.cwd,
            approval_policy=_approval_policy(stored.get("approval_policy")) or self.approval_policy,
            effort=text(stored, "reasoning_effort"),
        )

    def over(self, earlier: Self) -> Self:
        """What is said here, and for the rest what `earlier` says."""
        said = {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) is not None
        }
        return replace(earlier, **said)

    def applied_to(self, settings: ThreadSettings) -> ThreadSettings:
        """`settings` with all that is said here.

        A stored turn without effort or tier ran with the model's own, so these two are taken over
        even where nothing is said of them.
        """
        return replace(
            settings,
            model=self.model or settings.model,
            model_provider=self.model_provider or settings.model_provider,
            cwd=self.cwd or settings.cwd,
            approval_policy=self.approval_policy or settings.approval_policy,
            approvals_reviewer=self.approvals_reviewer or settings.approvals_reviewer,
            sandbox_policy=self.sandbox_policy or settings.sandbox_policy,
            effort=self.effort,
            summary=self.summary or settings.summary,
            service_tier=self.service_tier,
            developer_instructions=self.developer_instructions or settings.developer_instructions,
        )


def _approval_policy(stored: object) -> AskForApproval | None:
    if isinstance(stored, str):
        stored = RETIRED_APPROVAL_POLICIES.get(stored, stored)
    return _valid(AskForApproval, stored)


def _sandbox_policy(stored: Payload) -> SandboxPolicy | None:
    name = _WIRE_NAMES.get(text(stored, "type") or "")
    return _valid(SandboxPolicy, {**stored, "type": name})


def _valid(form: Any, stored: object) -> Any:
    """`stored` as the wire's `form`, if it is one."""
    try:
        return None if stored is None else _adapter(form).validate_python(stored)
    except ValidationError:
        return None


@cache
def _adapter(form: Any) -> TypeAdapter[Any]:
    return TypeAdapter(form, config=ConfigDict(defer_build=True))
