"""The environment of commands."""

import pytest

from codex_rpc.config.shell_environment import EnvironmentPolicy
from codex_rpc.exec.environment import child_environment

BASE = {"PATH": "/bin", "HOME": "/h", "MY_TOKEN": "t", "Secret_x": "s", "EDITOR": "vi"}


@pytest.mark.parametrize(
    ("policy", "names"),
    [
        (EnvironmentPolicy(), "PATH HOME MY_TOKEN Secret_x EDITOR"),
        (EnvironmentPolicy(inherit="core"), "PATH HOME"),
        (EnvironmentPolicy(inherit="none"), ""),
        (EnvironmentPolicy(ignore_default_excludes=False), "PATH HOME EDITOR"),
        (EnvironmentPolicy(exclude=("edit*", "?OME")), "PATH MY_TOKEN Secret_x"),
        (EnvironmentPolicy(inherit="none", set={"A": "1"}), "A"),
        (EnvironmentPolicy(exclude=("*",), set={"MY_KEY": "1"}), "MY_KEY"),
        (EnvironmentPolicy(set={"A": "1", "B": "2"}, include_only=("path", "b")), "PATH B"),
    ],
)
def test_policy_decides_what_is_inherited(policy: EnvironmentPolicy, names: str) -> None:
    assert list(child_environment(BASE, policy, {})) == names.split()


def test_our_own_credentials_never_get_through() -> None:
    secrets = {"OPENAI_API_KEY": "k", "CODEX_API_KEY": "k", "MISTRAL_KEY": "k"}
    policy = EnvironmentPolicy(set=secrets)

    environment = child_environment(BASE | secrets, policy, secrets, {"MISTRAL_KEY"})

    assert environment == BASE


def test_extra_variables_are_added_whatever_the_policy() -> None:
    policy = EnvironmentPolicy(include_only=("HOME",))

    assert child_environment(BASE, policy, {"CODEX_THREAD_ID": "t"}) == {
        "HOME": "/h",
        "CODEX_THREAD_ID": "t",
    }
