"""Reading `config.toml`, and turning it with its overrides into one frozen `Config`."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast, get_args

from pydantic import TypeAdapter, ValidationError

from codex_rpc.config.overrides import merge_overrides
from codex_rpc.config.providers import ModelProvider, builtin_providers, provider_from_toml
from codex_rpc.errors import ConfigError
from codex_rpc.protocol.policies import (
    AskForApproval,
    ReasoningSummary,
    SandboxMode,
    SandboxPolicy,
    WorkspaceWritePolicy,
    sandbox_policy_of,
)

Override = tuple[str, Any]
"""A dotted key and its value, as `merge_overrides` takes them."""

RETIRED_APPROVAL_POLICIES = {"on-failure": "on-request", "unlessTrusted": "untrusted"}
"""Values of earlier versions, and what they mean now."""

PROJECT_DOC_MAX_BYTES = 32 * 1024
"""How much of a project's AGENTS.md files is read, unless the configuration says otherwise."""


@dataclass(frozen=True, slots=True)
class Config:
    """The effective configuration. `warnings` are sentences for the user about what was odd."""

    codex_home: Path
    model: str | None
    model_provider: str
    providers: Mapping[str, ModelProvider]
    approval_policy: AskForApproval | None
    sandbox_policy: SandboxPolicy | None
    trusted_projects: frozenset[Path]
    effort: str | None = None
    summary: ReasoningSummary | None = None
    service_tier: str | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    context_window: int | None = None
    auto_compact_limit: int | None = None
    project_doc_max_bytes: int = PROJECT_DOC_MAX_BYTES
    """For all AGENTS.md files of a project together; 0 leaves them unread."""
    project_doc_fallback_filenames: tuple[str, ...] = ()
    """What a folder's AGENTS.md may be called as well."""
    warnings: tuple[str, ...] = ()

    def provider(self, provider_id: str) -> ModelProvider:
        """The provider of that id.

        Raises:
            ConfigError: if there is none.
        """
        try:
            return self.providers[provider_id]
        except KeyError:
            raise ConfigError(
                f"failed to load configuration: Model provider `{provider_id}` not found"
            ) from None

    def is_trusted(self, cwd: Path) -> bool:
        """Whether the user's configuration trusts `cwd` or a folder above it."""
        return any(folder in self.trusted_projects for folder in (cwd, *cwd.parents))


@dataclass(slots=True)
class ConfigLoader:
    """Loads the configuration for each new thread; an unchanged file is parsed once."""

    codex_home: Path
    overrides: Sequence[Override] = ()
    _parsed: tuple[object, dict[str, Any]] | None = field(default=None, init=False)

    def load(self, overrides: Sequence[Override] = ()) -> Config:
        """Read `config.toml` and apply the process's overrides, then these.

        Raises:
            ConfigError: if the file is no TOML, or a key has the wrong type or value.
        """
        table = merge_overrides(self._file(), (*self.overrides, *overrides))
        return config_from_table(self.codex_home, table)

    def _file(self) -> dict[str, Any]:
        path = self.codex_home / "config.toml"
        try:
            status = path.stat()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}") from error
        stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
        if self._parsed is None or self._parsed[0] != stamp:
            self._parsed = (stamp, _parse_file(path))
        return self._parsed[1]


def _parse_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error


def config_from_table(codex_home: Path, table: Mapping[str, Any]) -> Config:
    """Check the keys this program knows; others are left alone.

    Raises:
        ConfigError: naming the key and what was expected of it.
    """
    warnings: list[str] = []
    return Config(
        codex_home=codex_home,
        model=_text(table, "model"),
        model_provider=_text(table, "model_provider") or "openai",
        providers=_providers(table, warnings),
        approval_policy=_approval_policy(table, warnings),
        sandbox_policy=_sandbox_policy(table),
        trusted_projects=_trusted_projects(table),
        effort=_text(table, "model_reasoning_effort"),
        summary=cast(
            "ReasoningSummary | None",
            _choice(table, "model_reasoning_summary", get_args(ReasoningSummary.__value__)),
        ),
        service_tier=_text(table, "service_tier"),
        base_instructions=_base_instructions(table),
        developer_instructions=_text(table, "developer_instructions"),
        context_window=_integer(table, "model_context_window"),
        auto_compact_limit=_integer(table, "model_auto_compact_token_limit"),
        project_doc_max_bytes=_size(table, "project_doc_max_bytes", PROJECT_DOC_MAX_BYTES),
        project_doc_fallback_filenames=_texts(table, "project_doc_fallback_filenames"),
        warnings=tuple(warnings),
    )


def _text(table: Mapping[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{key}: expected a string")
    return value


def _integer(table: Mapping[str, Any], key: str) -> int | None:
    value = table.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise ConfigError(f"{key}: expected an integer")
    return value


def _size(table: Mapping[str, Any], key: str, default: int) -> int:
    value = _integer(table, key)
    if value is not None and value < 0:
        raise ConfigError(f"{key}: expected an integer of at least 0")
    return default if value is None else value


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key)
    if value is None:
        return ()
    if not (
        isinstance(value, list)
        and all(isinstance(part, str) for part in cast("list[object]", value))
    ):
        raise ConfigError(f"{key}: expected an array of strings")
    return tuple(cast("list[str]", value))


def _table(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key}: expected a table")
    return cast("Mapping[str, Any]", value)


def _choice(table: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> str | None:
    value = _text(table, key)
    if value is not None and value not in choices:
        raise ConfigError(f"{key}: unknown value `{value}`, expected one of {', '.join(choices)}")
    return value


def _approval_policy(table: Mapping[str, Any], warnings: list[str]) -> AskForApproval | None:
    value = table.get("approval_policy")
    if value is None:
        return None
    if isinstance(value, str) and value in RETIRED_APPROVAL_POLICIES:
        current = RETIRED_APPROVAL_POLICIES[value]
        warnings.append(f"approval_policy `{value}` is retired; `{current}` is used instead")
        value = current
    try:
        return TypeAdapter[AskForApproval](AskForApproval).validate_python(value)
    except ValidationError:
        raise ConfigError(
            f"approval_policy: unknown value `{value}`, "
            "expected one of untrusted, on-request, never, or a granular table"
        ) from None


def _sandbox_policy(table: Mapping[str, Any]) -> SandboxPolicy | None:
    mode = _choice(table, "sandbox_mode", get_args(SandboxMode.__value__))
    if mode != "workspace-write":
        return None if mode is None else sandbox_policy_of(cast("SandboxMode", mode))
    options = _table(table, "sandbox_workspace_write")
    try:
        return WorkspaceWritePolicy.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"sandbox_workspace_write.{key}: {first['msg']}") from None


def _providers(table: Mapping[str, Any], warnings: list[str]) -> Mapping[str, ModelProvider]:
    providers = dict(builtin_providers())
    for provider_id, options in _table(table, "model_providers").items():
        provider, unknown = provider_from_toml(provider_id, options)
        providers[provider_id] = provider
        warnings += [f"model_providers.{provider_id}.{key} is not known" for key in unknown]
    return providers


def _trusted_projects(table: Mapping[str, Any]) -> frozenset[Path]:
    projects = _table(table, "projects")
    return frozenset(
        Path(path) for path in projects if _table(projects, path).get("trust_level") == "trusted"
    )


def _base_instructions(table: Mapping[str, Any]) -> str | None:
    file = _text(table, "model_instructions_file")
    if file is None:
        return None
    try:
        return Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: `~` of an unknown user
        raise ConfigError(f"model_instructions_file: cannot read {file}: {error}") from error
