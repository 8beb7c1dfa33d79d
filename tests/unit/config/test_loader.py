from pathlib import Path

import pytest

from codex_rpc.config.loader import ConfigLoader, Override
from codex_rpc.errors import ConfigError


def loader(folder: Path, user: str = "", *overrides: Override, system: str = "") -> ConfigLoader:
    """A loader whose files say this."""
    for name in ("home", "etc"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "home" / "config.toml").write_text(user)
    (folder / "etc" / "config.toml").write_text(system)
    return ConfigLoader(folder / "home", overrides, folder / "etc" / "config.toml")


def test_the_user_overrides_the_system_and_the_command_line_both(tmp_path: Path) -> None:
    system = 'model = "s"\nmodel_verbosity = "low"\nservice_tier = "s"\n'
    user = 'model = "u"\nservice_tier = "u"\n'
    load = loader(tmp_path, user, ("model", "c"), system=system).load

    config = load([("model", "request")])

    assert (config.model, config.service_tier, config.verbosity) == ("request", "u", "low")
    assert load().model == "c"


def test_a_profile_lies_between_the_file_and_the_command_line(tmp_path: Path) -> None:
    user = 'model = "u"\nprofile = "p"\n[profiles.p]\nmodel = "p"\nservice_tier = "p"\n'
    profiled = loader(tmp_path, user, ("service_tier", "c")).load()
    assert (profiled.profile, profiled.model, profiled.service_tier) == ("p", "p", "c")


def test_a_profile_may_have_a_file_of_its_own(tmp_path: Path) -> None:
    loads = loader(tmp_path, 'model = "u"\n')
    (tmp_path / "home" / "work.config.toml").write_text('model = "w"\n')
    assert loads.load([("profile", "work")]).model == "w"


@pytest.mark.parametrize("name", ["none", "../home/work", "/work", ""])
def test_a_profile_must_be_there(tmp_path: Path, name: str) -> None:
    loads = loader(tmp_path)
    (tmp_path / "home" / "work.config.toml").write_text('model = "w"\n')
    with pytest.raises(ConfigError) as refused:
        loads.load([("profile", name)])
    assert str(refused.value) == (
        f"failed to load configuration: config profile `{name}` not found"
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("# first\nmodel = \n", ":2:9: Invalid value"),
        ("x = 1\n[a\n", ":2:3: Expected ']' at the end of a table declaration"),
        ("x = 1\n[a", ":2:3: Expected ']' at the end of a table declaration"),
        ("a = 1\na = 2\n", ":2:6: Cannot overwrite a value"),
        ("model = 3\n", ": model: expected a string"),
        ("projects = 3\n", ": projects: expected a table"),
        ("[projects]\nx = 3\n", ": projects.x: expected a table"),
        ("[model_providers.x]\nname = 3\n", ": model_providers.x.name: expected a string"),
        ("sandbox_workspace_write = 3\n", ": sandbox_workspace_write: expected a table"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loader(tmp_path, text).load()
    file = tmp_path / "home" / "config.toml"
    assert str(refused.value) == f"failed to load configuration: {file}{place}"


def test_text_that_is_no_unicode_is_found(tmp_path: Path) -> None:
    loads = loader(tmp_path)
    (tmp_path / "home" / "config.toml").write_bytes(b'a = 1\nmodel = "\xff"\n')
    with pytest.raises(ConfigError, match=r"config\.toml:2:10: no valid UTF-8"):
        loads.load()


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    loads = loader(tmp_path)
    (tmp_path / "home" / "config.toml").unlink()
    assert loads.load().model is None
    (tmp_path / "home" / "config.toml").mkdir()
    with pytest.raises(ConfigError, match=r"cannot read .*: no regular file"):
        loads.load()


def test_a_change_of_a_file_is_seen(tmp_path: Path) -> None:
    loads = loader(tmp_path, 'model = "a"\n')
    assert loads.load().model == "a"
    (tmp_path / "home" / "config.toml").write_text('model = "bb"\n')
    assert loads.load().model == "bb"
    (tmp_path / "home" / "config.toml").unlink()
    assert loads.load().model is None


def test_paths_in_a_file_begin_at_its_folder(tmp_path: Path) -> None:
    user = (
        'model_instructions_file = "say.md"\nsandbox_mode = "workspace-write"\n'
        '[sandbox_workspace_write]\nwritable_roots = ["out", "/abs"]\n'
    )
    loads = loader(tmp_path, user)
    (tmp_path / "home" / "say.md").write_text("Say it.")

    config = loads.load()

    assert config.base_instructions == "Say it."
    assert config.workspace_write.writable_roots == [str(tmp_path / "home" / "out"), "/abs"]
    assert config.sandbox_policy == config.workspace_write


def test_an_administrators_requirements_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    loads = loader(tmp_path)
    (tmp_path / "etc" / "requirements.toml").write_text("")
    [warning] = loads.load().warnings
    assert warning.endswith("requirements.toml is not enforced by this program")
