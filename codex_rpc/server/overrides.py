"""Settings in a request, as the core has them."""

from codex_rpc.config.settings import SettingsOverrides
from codex_rpc.protocol.turn import LastingOverrides
from codex_rpc.threads.codex_thread import CodexThread
from codex_rpc.threads.spawn import existing_directory


def settings_overrides(params: LastingOverrides, thread: CodexThread) -> SettingsOverrides:
    """What `params` changes of the thread's settings.

    Raises:
        CwdNotFoundError: if the working directory does not exist.
    """
    cwd = params.cwd and existing_directory(thread.snapshot().settings.cwd, params.cwd)
    return SettingsOverrides(
        model=params.model,
        cwd=cwd or None,
        approval_policy=params.approval_policy,
        approvals_reviewer=params.approvals_reviewer,
        sandbox_policy=params.sandbox_policy,
        effort=params.effort,
        summary=params.summary,
        service_tier=params.service_tier,
    )
