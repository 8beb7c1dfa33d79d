"""Settings in a request, as the core has them."""

from typing import TYPE_CHECKING

from codex_rpc.config.permission_profiles import profile_policy
from codex_rpc.config.settings import SettingsOverrides
from codex_rpc.errors import InvalidParamsError
from codex_rpc.protocol.thread import ThreadStartParams
from codex_rpc.protocol.turn import LastingOverrides
from codex_rpc.threads.codex_thread import CodexThread
from codex_rpc.threads.spawn import existing_directory

if TYPE_CHECKING:
    from codex_rpc.protocol.thread_history import ContinuationOverrides


def settings_overrides(params: LastingOverrides, thread: CodexThread) -> SettingsOverrides:
    """What `params` changes of the thread's settings.

    Raises:
        CwdNotFoundError: if the working directory does not exist.
        ConfigError: if the permission profile does not exist.
        InvalidParamsError: if what commands may do is said twice.
    """
    cwd = params.cwd and existing_directory(thread.snapshot().settings.cwd, params.cwd)
    policy, profile = params.sandbox_policy, params.permissions
    if profile is not None:
        if policy is not None:
            raise _said_twice("sandboxPolicy")
        policy = profile_policy(profile)
    return SettingsOverrides(
        model=params.model,
        cwd=cwd or None,
        approval_policy=params.approval_policy,
        approvals_reviewer=params.approvals_reviewer,
        sandbox_policy=policy,
        permission_profile=profile,
        effort=params.effort,
        summary=params.summary,
        service_tier=params.service_tier,
    )


def permission_profile(params: "ThreadStartParams | ContinuationOverrides") -> str | None:
    """The profile that a thread shall begin with.

    Raises:
        InvalidParamsError: if there is a sandbox mode as well.
    """
    if params.permissions is not None and params.sandbox is not None:
        raise _said_twice("sandbox")
    return params.permissions


def _said_twice(other: str) -> InvalidParamsError:
    return InvalidParamsError(
        f"`permissions` cannot be combined with `{other}`", path=("permissions",)
    )
