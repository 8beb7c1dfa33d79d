"""What a new thread is made from, and how it gets its settings and services."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codex_rpc.config.loader import Config, Override
from codex_rpc.config.settings import ThreadSettings
from codex_rpc.errors import CwdNotFoundError
from codex_rpc.managers.models import ModelsManager
from codex_rpc.protocol.policies import (
    ApprovalsReviewer,
    AskForApproval,
    ReadOnlyPolicy,
    SandboxPolicy,
    WorkspaceWritePolicy,
)


@dataclass(frozen=True, slots=True)
class StartThread:
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
    service_tier: str | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    ephemeral: bool = False
    originator: str | None = None
    thread_source: str | None = None
    config: Sequence[Override] = ()


def thread_settings(config: Config, request: StartThread, models: ModelsManager) -> ThreadSettings:
    """The settings of a new thread: what was asked for, else what is configured, else defaults.

    A project that the configuration does not trust is only read, unless the user says otherwise.

    Raises:
        ConfigError: if the model provider does not exist.
        CwdNotFoundError: if the working directory does not.
    """
    cwd = existing_directory(Path.cwd(), request.cwd)
    provider_id = request.model_provider or config.model_provider
    provider = config.provider(provider_id)
    trusted = config.is_trusted(cwd)
    default_sandbox = WorkspaceWritePolicy() if trusted else ReadOnlyPolicy()
    return ThreadSettings(
        model=request.model or models.default_model(config, provider),
        model_provider=provider_id,
        cwd=cwd,
        approval_policy=request.approval_policy or config.approval_policy or "on-request",
        approvals_reviewer=request.approvals_reviewer or "user",
        sandbox_policy=request.sandbox_policy or config.sandbox_policy or default_sandbox,
        effort=config.effort,
        summary=config.summary,
        service_tier=request.service_tier or config.service_tier,
        base_instructions=request.base_instructions or config.base_instructions,
        developer_instructions=request.developer_instructions or config.developer_instructions,
        context_window=config.context_window,
        auto_compact_limit=config.auto_compact_limit,
    )


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
