"""`config/*` and `configRequirements/read`: the configuration, shown and changed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio.to_thread
from pydantic import ValidationError

from codex_rpc.config.edits import Edit, edit_of
from codex_rpc.config.effective import PROJECT_DOC_MAX_BYTES, RETIRED_APPROVAL_POLICIES
from codex_rpc.config.layers import Layer, as_json, value_at
from codex_rpc.config.loader import ConfigLoader
from codex_rpc.errors import ConfigError, ConfigFileError, ConfigUnreadableError, ConfigWriteError
from codex_rpc.protocol.config import (
    Config,
    ConfigBatchWriteParams,
    ConfigLayer,
    ConfigLayerMetadata,
    ConfigReadParams,
    ConfigReadResponse,
    ConfigRequirementsReadParams,
    ConfigRequirementsReadResponse,
    ConfigValueWriteParams,
    ConfigWriteResponse,
    OverriddenMetadata,
    ProjectLayerSource,
    SessionFlagsLayerSource,
    SystemLayerSource,
    UserLayerSource,
)
from codex_rpc.server.context import RequestContext

_SHOWN_IF_ABSENT: dict[str, Any] = {
    "profile": None,
    "notify": None,
    "skills": None,
    "agents": None,
    "model_instructions_file": None,
    "project_doc_max_bytes": PROJECT_DOC_MAX_BYTES,
    "project_doc_fallback_filenames": [],
    "history": {"persistence": "save-all", "max_bytes": None},
    "mcp_servers": {},
    "model_providers": {},
    "profiles": {},
    "projects": None,
}
"""What clients find for keys beside the listed ones that nobody has set."""


async def read(context: RequestContext, params: ConfigReadParams) -> ConfigReadResponse:
    loader = context.server.threads.config
    return await anyio.to_thread.run_sync(_read, loader, params)


async def write_value(
    context: RequestContext, params: ConfigValueWriteParams
) -> ConfigWriteResponse:
    edits = [edit_of(params.key_path, params.value, params.merge_strategy)]
    return await _write(context, edits, params.file_path, params.expected_version)


async def write_batch(
    context: RequestContext, params: ConfigBatchWriteParams
) -> ConfigWriteResponse:
    edits = [edit_of(edit.key_path, edit.value, edit.merge_strategy) for edit in params.edits]
    return await _write(context, edits, params.file_path, params.expected_version)


async def read_requirements(
    context: RequestContext, params: ConfigRequirementsReadParams
) -> ConfigRequirementsReadResponse:
    """An administrator's `requirements.toml` is not enforced; the configuration warns of one."""
    return ConfigRequirementsReadResponse()


def _read(loader: ConfigLoader, params: ConfigReadParams) -> ConfigReadResponse:
    cwd = None if params.cwd is None else Path(params.cwd)
    try:
        stack = loader.load_layers(cwd=cwd).stack
    except ConfigError as error:
        raise ConfigUnreadableError(f"failed to read configuration layers: {error}") from None
    layers = [_layer(layer) for layer in reversed(stack.layers)] if params.include_layers else None
    return ConfigReadResponse(
        config=_shown(as_json(stack.merged())),
        origins={key: _metadata(layer) for key, layer in stack.origins().items()},
        layers=layers,
    )


def _shown(table: dict[str, Any]) -> Config:
    table = {**_SHOWN_IF_ABSENT, **table}
    policy = table.get("approval_policy")
    if isinstance(policy, str):
        table["approval_policy"] = RETIRED_APPROVAL_POLICIES.get(policy, policy)
    if isinstance(value_at(table, ("tools", "web_search")), bool):
        # Its earlier form, which says nothing of how the search is to be done.
        table["tools"] = {**table["tools"], "web_search": None}
    try:
        return Config.model_validate(table)
    except ValidationError as error:
        key = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
        raise ConfigUnreadableError(
            f"invalid configuration: wrong type or value\nin `{key}`\n"
        ) from None


def _layer(layer: Layer) -> ConfigLayer:
    return ConfigLayer(
        name=layer.source,
        version=layer.version,
        config=as_json(layer.table),
        disabled_reason=layer.disabled_reason,
    )


def _metadata(layer: Layer) -> ConfigLayerMetadata:
    return ConfigLayerMetadata(name=layer.source, version=layer.version)


async def _write(
    context: RequestContext, edits: Sequence[Edit], file: str | None, version: str | None
) -> ConfigWriteResponse:
    # Needed seldom, and slow to load.
    from codex_rpc.config.writer import write_user_config

    loader = context.server.threads.config
    if file is not None and Path(file) != loader.user_file:
        raise ConfigWriteError("Only writes to the user config are allowed", "configLayerReadonly")
    try:
        written = await anyio.to_thread.run_sync(write_user_config, loader, edits, version)
    except ConfigFileError as error:
        raise ConfigUnreadableError(f"failed to load configuration: {error}") from None
    overridden = written.overridden
    return ConfigWriteResponse(
        status="ok" if overridden is None else "okOverridden",
        version=written.version,
        file_path=str(written.file),
        overridden_metadata=None
        if overridden is None
        else OverriddenMetadata(
            message=f"Overridden by {_name(overridden.layer)}",
            overriding_layer=_metadata(overridden.layer),
            effective_value=overridden.value,
        ),
    )


def _name(layer: Layer) -> str:
    match layer.source:
        case SystemLayerSource(file=file):
            return f"system config {file}"
        case UserLayerSource(file=file, profile=None):
            return f"user config {file}"
        case UserLayerSource(profile=profile):
            return f"profile {profile}"
        case ProjectLayerSource(dot_codex_folder=folder):
            return f"project config in {folder}"
        case SessionFlagsLayerSource():
            return "session flags"
