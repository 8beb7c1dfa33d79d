"""`shell_environment_policy` as the configuration has it."""

from pathlib import Path
from typing import Any

import pytest

from codex_rpc.config.effective import config_from_table
from codex_rpc.config.shell_environment import EnvironmentPolicy
from codex_rpc.errors import ConfigValueError


def policy(**table: Any) -> EnvironmentPolicy:
    return config_from_table(Path(), {"shell_environment_policy": table}).shell_environment


def test_without_a_policy_everything_is_inherited() -> None:
    assert config_from_table(Path(), {}).shell_environment == EnvironmentPolicy()
    assert EnvironmentPolicy().inherit == "all"
    assert EnvironmentPolicy().ignore_default_excludes


def test_every_key_is_read() -> None:
    assert policy(
        inherit="core",
        ignore_default_excludes=False,
        exclude=["A*"],
        set={"B": "1"},
        include_only=["B", "PATH"],
    ) == EnvironmentPolicy(
        inherit="core",
        ignore_default_excludes=False,
        exclude=("A*",),
        set={"B": "1"},
        include_only=("B", "PATH"),
    )


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"inherit": "some"}, "inherit"),
        ({"ignore_default_excludes": "no"}, "ignore_default_excludes"),
        ({"exclude": "A*"}, "exclude"),
        ({"set": ["A=1"]}, "set"),
        ({"set": {"A": 1}}, "A"),
        ({"set": {"A=B": "1"}}, "A=B"),
        ({"set": {"A": "\0"}}, "A"),
        ({"include_only": [1]}, "include_only"),
    ],
)
def test_what_makes_no_sense_is_named(table: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigValueError) as refused:
        policy(**table)
    assert refused.value.key[0] == "shell_environment_policy"
    assert refused.value.key[-1] == key
