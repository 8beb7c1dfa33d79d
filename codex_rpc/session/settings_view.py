"""A thread's settings, as clients are told of them."""

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.protocol import settings as wire
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.permission_profiles import ActivePermissionProfile
from codex_rpc.protocol.settings import ThreadSettingsUpdatedNotification


def settings_updated(
    thread_id: ThreadId, settings: ThreadSettings
) -> ThreadSettingsUpdatedNotification:
    """What tells clients that the next turn will run with `settings`."""
    return ThreadSettingsUpdatedNotification(
        thread_id=thread_id,
        thread_settings=wire.ThreadSettings(
            model=settings.model,
            model_provider=settings.model_provider,
            effort=settings.effort,
            summary=settings.summary,
            service_tier=settings.service_tier,
            cwd=str(settings.cwd),
            approval_policy=settings.approval_policy,
            approvals_reviewer=settings.approvals_reviewer,
            sandbox_policy=settings.sandbox_policy,
            active_permission_profile=active_permission_profile(settings),
            collaboration_mode=wire.CollaborationMode(
                mode="default",
                settings=wire.CollaborationSettings(
                    model=settings.model, reasoning_effort=settings.effort
                ),
            ),
        ),
    )


def active_permission_profile(settings: ThreadSettings) -> ActivePermissionProfile | None:
    """The profile that the sandbox policy comes from, if it comes from one."""
    profile = settings.permission_profile
    return None if profile is None else ActivePermissionProfile(id=profile)
