"""What a new thread is made from, and how it gets its settings and services."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from codex_rpc.config.loader import Config, Override
from codex_rpc.config.permission_profiles import READ_ONLY, WORKSPACE, profile_policy
from codex_rpc.config.settings import ThreadSettings
from codex_rpc.errors import CwdNotFoundError
from codex_rpc.managers.models import ModelsManager
from codex_rpc.protocol.dynamic_tools import DynamicToolSpec
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.policies import (
    ApprovalsReviewer,
    AskForApproval,
    ReadOnlyPolicy,
    ReasoningSummary,
    SandboxMode,
    SandboxPolicy,
    sandbox_policy_of,
)
from codex_rpc.protocol.thread import ThreadSpawn
from codex_rpc.rollout.agent_source import agent_source
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.turn_settings import StoredSettings

if TYPE_CHECKING:
    from codex_rpc.rollout.log_reading import Reconstructed
    from codex_rpc.tools.ports import Tool


class StartThread(Struct, frozen=True):
    """What the new thread should be like; `None` leaves a part to the configuration.

    `cwd` may be relative to the process's own. `config` are overrides of `config.toml` keys that
    hold for this thread.
    """

    cwd: str | None = None
    model: str | None = None
    model_provider: str | None = None
    approval_policy: AskForApproval | None = None
    approvals_reviewer: ApprovalsReviewer | None = None
    sandbox_policy: SandboxPolicy | None = None
    sandbox_mode: SandboxMode | None = None
    """The kind of policy, if no policy is given; the configuration has the rest."""
    permission_profile: str | None = None
    """The policy by its name; then neither policy nor kind is given."""
    effort: str | None = None
    summary: ReasoningSummary | None = None
    service_tier: str | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    ephemeral: bool = False
    originator: str | None = None
    thread_source: str | None = None
    source: str | Payload | None = None
    """Where the thread comes from, as on disk; the manager's own source, if not given."""
    spawned: ThreadSpawn | None = None
    """Which agent makes the thread, if one does; that is its source, then."""
    forked_from: ThreadId | None = None
    """Whose words it begins with, if somebody else's."""
    config: Sequence[Override] = ()
    tools: "Sequence[Tool | Callable[..., object]]" = ()
    """Tools of the program that embeds this one; functions as `function_tool` takes them."""
    dynamic_tools: Sequence[DynamicToolSpec] | None = None
    """Tools of the client's, called through it; those on record, if not given."""

    def source_on_disk(self, own: str) -> str | Payload:
        """Where the thread comes from; `own` is where the manager's threads do."""
        if self.spawned is not None:
            return agent_source(self.spawned)
        return own if self.source is None else self.source


def default_sandbox_policy(config: Config, cwd: Path) -> SandboxPolicy:
    """What commands may do if nobody asks for anything else."""
    if config.sandbox_policy is not None:
        return config.sandbox_policy
    return config.workspace_write if config.is_trusted(cwd) else ReadOnlyPolicy()


def thread_settings(
    config: Config,
    request: StartThread,
    models: ModelsManager,
    cwd: Path,
    recorded: "Reconstructed | None" = None,
) -> ThreadSettings:
    """The settings of a thread: what was asked for, else recorded, else configured, else defaults.

    A project that the configuration does not trust is only read, unless the user says otherwise.
    What a thread was allowed to write is not taken from its record: that is for the one who goes
    on with it to say.

    Raises:
        ConfigError: if the model provider or the permission profile does not exist.
    """
    past = _recorded_settings(recorded)
    provider_id = request.model_provider or past.model_provider or config.model_provider
    provider = config.provider(provider_id)
    model = past.model if provider_id == past.model_provider else None
    return ThreadSettings(
        model=request.model or model or models.default_model(config, provider),
        model_provider=provider_id,
        cwd=cwd,
        approval_policy=(
            request.approval_policy
            or past.approval_policy
            or config.approval_policy
            or "on-request"
        ),
        approvals_reviewer=request.approvals_reviewer or past.approvals_reviewer or "user",
        sandbox_policy=(_sandbox_policy(config, request) or default_sandbox_policy(config, cwd)),
        permission_profile=_permission_profile(config, request, cwd),
        effort=request.effort or past.effort or config.effort,
        summary=request.summary or past.summary or config.summary,
        service_tier=request.service_tier or past.service_tier or config.service_tier,
        base_instructions=(
            request.base_instructions
            or (recorded and recorded.meta.base_instructions)
            or config.base_instructions
        ),
        developer_instructions=(
            request.developer_instructions
            or past.developer_instructions
            or config.developer_instructions
        ),
        context_window=config.context_window,
        auto_compact_limit=config.auto_compact_limit,
        web_search=config.web_search,
    )


def working_directory(request: StartThread, recorded: "Reconstructed | None") -> Path:
    """Where the thread works. What is on record counts even if it is gone by now.

    Raises:
        CwdNotFoundError: if what was asked for does not exist.
    """
    if request.cwd is None and (cwd := _recorded_settings(recorded).cwd) is not None:
        return cwd
    return existing_directory(Path.cwd(), request.cwd)


def _sandbox_policy(config: Config, request: StartThread) -> SandboxPolicy | None:
    if request.permission_profile is not None:
        return profile_policy(request.permission_profile)
    if request.sandbox_policy is not None or request.sandbox_mode is None:
        return request.sandbox_policy
    if request.sandbox_mode == "workspace-write":
        return config.workspace_write
    return sandbox_policy_of(request.sandbox_mode)


def _permission_profile(config: Config, request: StartThread, cwd: Path) -> str | None:
    """The name of the policy, if it has one."""
    if request.permission_profile is not None:
        return request.permission_profile
    if request.sandbox_policy is not None or request.sandbox_mode is not None:
        return None
    if config.sandbox_policy is not None:
        return config.permission_profile
    if not config.is_trusted(cwd):
        return READ_ONLY
    return WORKSPACE if config.workspace_write == profile_policy(WORKSPACE) else None


def _recorded_settings(recorded: "Reconstructed | None") -> StoredSettings:
    """What the record says of settings; a thread without a turn has its first line only."""
    if recorded is None:
        return StoredSettings()
    meta = recorded.meta
    first = StoredSettings(model_provider=meta.model_provider or None, cwd=meta.cwd)
    return recorded.settings.over(first) if recorded.settings else first


def existing_directory(base: Path, name: str | None) -> Path:
    """`name` as an absolute path, without `..`, which must be a directory.

    Raises:
        CwdNotFoundError: if it is not.
    """
    try:
        path = Path(os.path.normpath(base / Path(name or "").expanduser()))
        if path.is_dir():
            return path
    except (OSError, RuntimeError):  # too long, or `~` of an unknown user
        raise CwdNotFoundError(str(name)) from None
    raise CwdNotFoundError(str(path))
