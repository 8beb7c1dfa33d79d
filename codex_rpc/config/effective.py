"""The effective configuration: what a merged table says, checked, with defaults.

Where the table comes from is the business of `config.loader`.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

from msgspec import Struct, field
from pydantic import TypeAdapter, ValidationError

from codex_rpc.config.mcp_servers import McpSettings, mcp_settings_from_table
from codex_rpc.config.permission_profiles import BUILTIN_PROFILES, READ_ONLY, profile_policy
from codex_rpc.config.providers import (
    ModelProvider,
    base_url_at,
    builtin_providers,
    provider_from_toml,
)
from codex_rpc.config.shell_environment import (
    EnvironmentPolicy,
    environment_policy_from_table,
)
from codex_rpc.config.skills import SkillSettings, skill_settings_from_table
from codex_rpc.config.trust import ProjectTrust, trust_from_table
from codex_rpc.config.values import (
    choice_at,
    size_at,
    table_at,
    text_at,
    texts_at,
)
from codex_rpc.config.web_search import WebSearchSettings, web_search_from_table
from codex_rpc.errors import ConfigError, ConfigValueError
from codex_rpc.protocol.policies import (
    AskForApproval,
    ReasoningSummary,
    SandboxMode,
    SandboxPolicy,
    WorkspaceWritePolicy,
    sandbox_policy_of,
)

RETIRED_APPROVAL_POLICIES = {"on-failure": "on-request", "unlessTrusted": "untrusted"}
"""Values of earlier versions, and what they mean now."""

PROJECT_DOC_MAX_BYTES = 32 * 1024
"""How much of a project's AGENTS.md files is read, unless the configuration says otherwise."""

HistoryPersistence = Literal["save-all", "none"]
LoginMethod = Literal["chatgpt", "api"]
Verbosity = Literal["low", "medium", "high"]


class AgentLimits(Struct, frozen=True):
    """How many agents may be at work in one tree of threads, and how deep it may be."""

    max_threads: int = 6
    max_depth: int = 1


class Config(Struct, frozen=True):
    """The effective configuration. `warnings` are sentences for the user about what was odd."""

    codex_home: Path
    model: str | None
    model_provider: str
    providers: Mapping[str, ModelProvider]
    approval_policy: AskForApproval | None
    sandbox_policy: SandboxPolicy | None
    trust: ProjectTrust
    permission_profile: str | None = None
    """The profile that `sandbox_policy` comes from, if one does."""
    workspace_write: WorkspaceWritePolicy = field(default_factory=WorkspaceWritePolicy)
    """What workspace-write means, whoever chooses it."""
    profile: str | None = None
    """The profile in use."""
    effort: str | None = None
    summary: ReasoningSummary | None = None
    verbosity: Verbosity | None = None
    service_tier: str | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    context_window: int | None = None
    auto_compact_limit: int | None = None
    project_doc_max_bytes: int = PROJECT_DOC_MAX_BYTES
    """For all AGENTS.md files of a project together; 0 leaves them unread."""
    project_doc_fallback_filenames: tuple[str, ...] = ()
    """What a folder's AGENTS.md may be called as well."""
    skills: SkillSettings = field(default_factory=SkillSettings)
    agents: AgentLimits = field(default_factory=AgentLimits)
    mcp: McpSettings = field(default_factory=McpSettings)
    shell_environment: EnvironmentPolicy = field(default_factory=EnvironmentPolicy)
    web_search: WebSearchSettings = field(default_factory=WebSearchSettings)
    history_persistence: HistoryPersistence = "save-all"
    """Whether what the user says is kept in the history file that prompts are recalled from."""
    forced_login_method: LoginMethod | None = None
    """The only way to log in, if there is to be but one."""
    chatgpt_base_url: str | None = None
    """Where a ChatGPT account is asked about, if not at ChatGPT itself."""
    rules_folders: tuple[Path, ...] = ()
    """Where exec rules may lie that count: the system's, the user's, those of trusted projects."""
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

    def is_trusted(self, folder: Path) -> bool:
        """Whether the user trusts the project that `folder` belongs to; `config.trust` says how."""
        return self.trust.trusts(folder)


def config_from_table(
    codex_home: Path, table: Mapping[str, Any], trust: ProjectTrust | None = None
) -> Config:
    """Check the keys this program knows; others are left alone.

    Without `trust`, the table itself says which projects are trusted.

    Raises:
        ConfigValueError: naming the key and what was expected of it.
    """
    warnings: list[str] = []
    permission_profile = _permission_profile(table, warnings)
    return Config(
        codex_home=codex_home,
        model=text_at(table, "model"),
        model_provider=text_at(table, "model_provider") or "openai",
        providers=_providers(table, warnings),
        approval_policy=_approval_policy(table, warnings),
        sandbox_policy=_sandbox_policy(table, permission_profile),
        permission_profile=permission_profile,
        workspace_write=_workspace_write(table),
        trust=trust_from_table(table) if trust is None else trust,
        profile=text_at(table, "profile"),
        effort=text_at(table, "model_reasoning_effort"),
        summary=cast(
            "ReasoningSummary | None",
            choice_at(table, "model_reasoning_summary", get_args(ReasoningSummary.__value__)),
        ),
        verbosity=cast(
            "Verbosity | None", choice_at(table, "model_verbosity", get_args(Verbosity))
        ),
        service_tier=text_at(table, "service_tier"),
        base_instructions=_base_instructions(table),
        developer_instructions=text_at(table, "developer_instructions"),
        context_window=size_at(table, "model_context_window"),
        auto_compact_limit=size_at(table, "model_auto_compact_token_limit"),
        project_doc_max_bytes=_project_doc_max_bytes(table),
        project_doc_fallback_filenames=texts_at(table, "project_doc_fallback_filenames") or (),
        skills=skill_settings_from_table(table),
        agents=_agents(table),
        mcp=mcp_settings_from_table(table),
        shell_environment=environment_policy_from_table(table),
        web_search=web_search_from_table(table),
        history_persistence=_history_persistence(table),
        forced_login_method=cast(
            "LoginMethod | None", choice_at(table, "forced_login_method", get_args(LoginMethod))
        ),
        chatgpt_base_url=base_url_at(table, "chatgpt_base_url"),
        warnings=tuple(warnings),
    )


def _project_doc_max_bytes(table: Mapping[str, Any]) -> int:
    size = size_at(table, "project_doc_max_bytes")
    return PROJECT_DOC_MAX_BYTES if size is None else size


def _agents(table: Mapping[str, Any]) -> AgentLimits:
    agents = table_at(table, "agents")
    defaults = AgentLimits()
    threads = size_at(agents, "max_concurrent_threads_per_session", "agents", least=1)
    if threads is None:  # its earlier name
        threads = size_at(agents, "max_threads", "agents", least=1)
    depth = size_at(agents, "max_depth", "agents")
    return AgentLimits(
        max_threads=defaults.max_threads if threads is None else threads,
        max_depth=defaults.max_depth if depth is None else depth,
    )


def _history_persistence(table: Mapping[str, Any]) -> HistoryPersistence:
    history = table_at(table, "history")
    choice = choice_at(history, "persistence", get_args(HistoryPersistence), "history")
    return cast("HistoryPersistence", choice or "save-all")


def _approval_policy(table: Mapping[str, Any], warnings: list[str]) -> AskForApproval | None:
    value = table.get("approval_policy")
    if value is None:
        return None
    if isinstance(value, str) and value in RETIRED_APPROVAL_POLICIES:
        current = RETIRED_APPROVAL_POLICIES[value]
        warnings.append(f"approval_policy `{value}` is retired; `{current}` is used instead")
        value = current
    try:
        return _ask_for_approval().validate_python(value)
    except ValidationError:
        raise ConfigValueError(
            ("approval_policy",),
            f"unknown value `{value}`, "
            "expected one of untrusted, on-request, never, or a granular table",
        ) from None


@cache
def _ask_for_approval() -> TypeAdapter[AskForApproval]:
    return TypeAdapter(AskForApproval)


def _permission_profile(table: Mapping[str, Any], warnings: list[str]) -> str | None:
    """The profile that holds where nobody names another.

    One that the user describes may allow less than anything built in, but for reading only.
    """
    profile = text_at(table, "default_permissions")
    if profile is None or profile in BUILTIN_PROFILES:
        return profile
    if profile not in table_at(table, "permissions"):
        raise ConfigValueError(("default_permissions",), f"there is no profile `{profile}`")
    warnings.append(
        f"permission profile `{profile}` is not known to this server; `{READ_ONLY}` is used instead"
    )
    return READ_ONLY


def _sandbox_policy(table: Mapping[str, Any], profile: str | None) -> SandboxPolicy | None:
    if profile is not None:
        return profile_policy(profile)
    mode = choice_at(table, "sandbox_mode", get_args(SandboxMode.__value__))
    if mode == "workspace-write":
        return _workspace_write(table)
    return None if mode is None else sandbox_policy_of(cast("SandboxMode", mode))


def _workspace_write(table: Mapping[str, Any]) -> WorkspaceWritePolicy:
    options = table_at(table, "sandbox_workspace_write")
    try:
        return WorkspaceWritePolicy.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ("sandbox_workspace_write", *(str(part) for part in first["loc"]))
        raise ConfigValueError(where, first["msg"]) from None


def _providers(table: Mapping[str, Any], warnings: list[str]) -> Mapping[str, ModelProvider]:
    providers = dict(builtin_providers())
    for provider_id, options in table_at(table, "model_providers").items():
        provider, unknown = provider_from_toml(provider_id, options)
        providers[provider_id] = provider
        warnings += [f"model_providers.{provider_id}.{key} is not known" for key in unknown]
    base_url = base_url_at(table, "openai_base_url")
    if base_url is not None and providers["openai"].base_url is None:
        providers["openai"] = replace(providers["openai"], base_url=base_url)
    return providers


def _base_instructions(table: Mapping[str, Any]) -> str | None:
    file = text_at(table, "model_instructions_file")
    if file is None:
        return None
    try:
        return Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: `~` of an unknown user
        raise ConfigValueError(
            ("model_instructions_file",), f"cannot read {file}: {error}"
        ) from error
