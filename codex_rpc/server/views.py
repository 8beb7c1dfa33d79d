"""How threads and turns are shown to clients."""

from collections.abc import Sequence
from typing import Any, TypeVar

from codex_rpc.protocol.policies import (
    DangerFullAccessPolicy,
    ExternalSandboxPolicy,
    ReadOnlyPolicy,
)
from codex_rpc.protocol.settings import CollaborationMode, CollaborationSettings
from codex_rpc.protocol.thread import SandboxEnforcement, ThreadConfiguration
from codex_rpc.protocol.turn import Turn
from codex_rpc.server.stored_views import loaded_thread_view
from codex_rpc.session.ops import Submitted
from codex_rpc.session.settings_view import active_permission_profile
from codex_rpc.threads.codex_thread import CodexThread

C = TypeVar("C", bound=ThreadConfiguration)


def configuration(form: type[C], thread: CodexThread, turns: Sequence[Turn] = (), **more: Any) -> C:
    """The thread with the settings its next turn will run with, and `more` of that response."""
    settings = thread.snapshot().settings
    return form(
        thread=loaded_thread_view(thread).model_copy(update={"turns": list(turns)}),
        model=settings.model,
        model_provider=settings.model_provider,
        service_tier=settings.service_tier,
        reasoning_effort=settings.effort,
        cwd=str(settings.cwd),
        approval_policy=settings.approval_policy,
        approvals_reviewer=settings.approvals_reviewer,
        sandbox=settings.sandbox_policy,
        active_permission_profile=active_permission_profile(settings),
        sandbox_enforcement=sandbox_enforcement(thread),
        instruction_sources=[str(path) for path in thread.origin.instruction_sources],
        runtime_workspace_roots=[str(settings.cwd)],
        **more,
    )


def collaboration_mode(thread: CodexThread) -> CollaborationMode:
    settings = thread.snapshot().settings
    return CollaborationMode(
        mode="default",
        settings=CollaborationSettings(model=settings.model, reasoning_effort=settings.effort),
    )


def sandbox_enforcement(thread: CodexThread) -> SandboxEnforcement:
    """What holds the thread's commands to its sandbox policy."""
    snapshot = thread.snapshot()
    policy = snapshot.settings.sandbox_policy
    if isinstance(policy, DangerFullAccessPolicy | ExternalSandboxPolicy):
        return "notNeeded"
    if snapshot.enforcement == "landlock" and not isinstance(policy, ReadOnlyPolicy):
        return "none"
    return snapshot.enforcement


def accepted_turn(submitted: Submitted) -> Turn:
    """The turn that an op started or joined, as it is before anything has come of the op."""
    assert submitted.turn_id is not None, "the op was about a turn"
    return Turn(id=submitted.turn_id, items=[], items_view="notLoaded", status="inProgress")
