from pathlib import Path
from typing import Any

import pytest

from codex_rpc.config.effective import AgentLimits, config_from_table
from codex_rpc.config.model_overrides import ModelOverrides
from codex_rpc.errors import ConfigError


def test_defaults_are_those_of_the_codex_command(tmp_path: Path) -> None:
    config = config_from_table(tmp_path, {})
    assert (config.model, config.model_provider, config.profile) == (None, "openai", None)
    assert config.agents == AgentLimits(max_threads=6, max_depth=1)
    assert (config.history_persistence, config.forced_login_method) == ("save-all", None)
    assert config.verbosity is None
    assert config.skills.enabled("any", Path("/x/SKILL.md"))


def test_settings_are_read(tmp_path: Path) -> None:
    config = config_from_table(
        tmp_path,
        {
            "agents": {"max_threads": 2, "max_depth": 0},
            "history": {"persistence": "none", "max_bytes": 7},
            "forced_login_method": "api",
            "model_verbosity": "low",
            "openai_base_url": "http://proxy/v1",
            "unknown": {"left": ["alone"]},
        },
    )
    assert config.agents == AgentLimits(max_threads=2, max_depth=0)
    assert (config.history_persistence, config.forced_login_method) == ("none", "api")
    assert config.verbosity == "low"
    assert config.provider("openai").base_url == "http://proxy/v1"
    assert config.warnings == ()


def test_the_later_name_of_a_limit_counts(tmp_path: Path) -> None:
    agents = {"max_threads": 2, "max_concurrent_threads_per_session": 3}
    assert config_from_table(tmp_path, {"agents": agents}).agents.max_threads == 3


def test_the_last_word_on_a_skill_counts(tmp_path: Path) -> None:
    entries: list[Any] = [
        {"name": "a", "enabled": False},
        {"path": "/b/SKILL.md", "enabled": False},
        {"path": "/c/SKILL.md", "enabled": False},
        {"name": "c", "enabled": True},
        {"enabled": False},
        {"name": "d"},
    ]
    skills = config_from_table(tmp_path, {"skills": {"config": entries}}).skills
    said = {name: skills.enabled(name, Path(f"/{name}/SKILL.md")) for name in "abcd"}
    assert said == {"a": False, "b": False, "c": True, "d": True}


def test_the_user_may_know_better_about_a_model(tmp_path: Path) -> None:
    facts: dict[str, Any] = {
        "context_window": 8192,
        "auto_compact_token_limit": 6000,
        "supports_reasoning": False,
        "modalities": ["text"],
        "apply_patch_freeform": False,
        "parallel_tool_calls": True,
        "extra_tools": ["read_file"],
    }
    providers = {"local": {"base_url": "http://h", "models": {"qwen:7b": facts, "other": {}}}}
    config = config_from_table(tmp_path, {"model_providers": providers})
    assert config.provider("local").models == {
        "qwen:7b": ModelOverrides(8192, 6000, False, ("text",), False, True, ("read_file",)),
        "other": ModelOverrides(),
    }
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"agents": 3}, "agents: expected a table"),
        ({"agents": {"max_threads": 0}}, "agents.max_threads: expected an integer of at least 1"),
        ({"agents": {"max_depth": "1"}}, "agents.max_depth: expected an integer"),
        ({"history": {"persistence": "some"}}, "history.persistence: unknown value `some`"),
        ({"forced_login_method": "sso"}, "forced_login_method: unknown value `sso`"),
        ({"model_verbosity": 1}, "model_verbosity: expected a string"),
        ({"openai_base_url": "x"}, "openai_base_url: expected a URL"),
        ({"skills": {"config": {}}}, "skills.config: expected an array of tables"),
        ({"skills": {"config": [3]}}, "skills.config.0: expected a table"),
        ({"skills": {"config": [{"name": 3}]}}, "skills.config.0.name: expected a string"),
        (
            {"skills": {"config": [{"name": "x", "enabled": 1}]}},
            "skills.config.0.enabled: expected true or false",
        ),
        ({"model_providers": {"x": {"models": 3}}}, "model_providers.x.models: expected a table"),
        (
            {"model_providers": {"x": {"models": {"m": {"modalities": ["smell"]}}}}},
            "model_providers.x.models.m.modalities: unknown value `smell`",
        ),
        (
            {"model_providers": {"x": {"models": {"m": {"context_window": 0}}}}},
            "model_providers.x.models.m.context_window: expected an integer of at least 1",
        ),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, table: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config_from_table(tmp_path, table)
    assert str(refused.value).startswith(complaint)
