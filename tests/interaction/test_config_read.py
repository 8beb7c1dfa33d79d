"""Showing the configuration: `config/read`, `configRequirements/read`, `modelProvider/list`."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App
from tests.support.peer import Peer, RefusedError

EMPTY_VERSION = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def configure(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(text)


async def read(peer: Peer, **params: Any) -> dict[str, Any]:
    return await peer.call("config/read", params)


async def test_settings_are_shown_with_where_they_come_from(app: App) -> None:
    configure(
        app.home,
        'model = "mine"\nunknown = [1, {x = 2}]\n'
        "[sandbox_workspace_write]\nnetwork_access = true\n",
    )
    peer = await app.connect()

    answer = await read(peer)

    config = answer["config"]
    assert (config["model"], config["unknown"]) == ("mine", [1, {"x": 2}])
    assert config["model_provider"] == "script"
    assert config["sandbox_workspace_write"] == {
        "writable_roots": [],
        "network_access": True,
        "exclude_tmpdir_env_var": False,
        "exclude_slash_tmp": False,
    }
    names = {key: origin["name"] for key, origin in answer["origins"].items()}
    user = {"type": "user", "file": str(app.home / "config.toml"), "profile": None}
    mine = {"model", "unknown.0", "unknown.1.x", "sandbox_workspace_write.network_access"}
    assert {key for key, name in names.items() if name == user} == mine
    assert names["model_provider"] == {"type": "sessionFlags"}
    assert "layers" not in answer


async def test_what_nobody_has_set_is_null(app: App) -> None:
    """Clients read these keys without asking whether they are there."""
    config = (await read(await app.connect()))["config"]
    for key in ("model", "approval_policy", "sandbox_mode", "tools", "model_reasoning_effort"):
        assert config[key] is None
    assert (config["mcp_servers"], config["projects"]) == ({}, None)


async def test_layers_are_listed_from_the_strongest_down(app: App) -> None:
    configure(app.home, f'model = "u"\n[projects."{app.project}"]\ntrust_level = "trusted"\n')
    configure(app.project / ".codex", 'model = "p"\nnotify = ["sh"]\n')
    peer = await app.connect()

    answer = await read(peer, cwd=str(app.project), includeLayers=True)

    flags, project, user, system = answer["layers"]
    assert flags["name"] == {"type": "sessionFlags"}
    assert project["name"] == {"type": "project", "dotCodexFolder": str(app.project / ".codex")}
    assert (project["config"], "disabledReason" in project) == ({"model": "p"}, False)
    assert (user["name"]["type"], user["config"]["model"]) == ("user", "u")
    assert (system["name"]["type"], system["version"]) == ("system", EMPTY_VERSION)
    assert answer["config"]["model"] == "p"
    assert answer["config"]["notify"] is None
    assert answer["origins"]["model"] == {
        "name": project["name"],
        "version": project["version"],
    }


async def test_an_untrusted_project_is_shown_as_having_no_say(app: App) -> None:
    configure(app.project / ".codex", 'model = "p"\n')
    peer = await app.connect()

    answer = await read(peer, cwd=str(app.project), includeLayers=True)

    assert answer["config"]["model"] is None
    assert "model" not in answer["origins"]
    assert answer["layers"][1]["disabledReason"] == (
        "To load project-local config, hooks, and exec policies, add "
        f"{app.project} as a trusted project in {app.home / 'config.toml'}."
    )


async def test_no_project_has_a_say_without_a_folder(app: App) -> None:
    configure(app.home, f'[projects."{app.project}"]\ntrust_level = "trusted"\n')
    configure(app.project / ".codex", 'model = "p"\n')
    peer = await app.connect()
    assert (await read(peer))["config"]["model"] is None
    assert (await read(peer, cwd=str(app.folder / "none")))["config"]["model"] is None
    assert (await read(peer, cwd=str(app.project)))["config"]["model"] == "p"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = \n", "failed to read configuration layers: {file}:1:9: Invalid value"),
        ("model = 3\n", "failed to read configuration layers: {file}: model: expected a string"),
        ("analytics = 3\n", "invalid configuration: wrong type or value\nin `analytics`\n"),
    ],
)
async def test_a_configuration_that_cannot_be_used_is_not_shown(
    app: App, text: str, message: str
) -> None:
    configure(app.home, text)
    peer = await app.connect()
    with pytest.raises(RefusedError) as refused:
        await read(peer)
    assert refused.value.code == -32603
    assert refused.value.message == message.format(file=app.home / "config.toml")
    assert refused.value.data == {"kind": "configInvalid"}


async def test_a_thread_says_which_line_of_the_file_is_wrong(app: App) -> None:
    configure(app.home, "# first\nmodel = \n")
    peer = await app.connect()
    with pytest.raises(RefusedError) as refused:
        await peer.call("thread/start", {})
    assert refused.value.code == -32600
    file = app.home / "config.toml"
    assert refused.value.message == f"failed to load configuration: {file}:2:9: Invalid value"


async def test_earlier_forms_are_shown_as_what_they_mean_now(app: App) -> None:
    configure(app.home, 'approval_policy = "on-failure"\n[tools]\nweb_search = true\nx = 1\n')
    config = (await read(await app.connect()))["config"]
    assert config["approval_policy"] == "on-request"
    assert config["tools"] == {"web_search": None}


async def test_no_requirements_are_enforced(app: App) -> None:
    peer = await app.connect()
    assert (await peer.call("configRequirements/read", None))["requirements"] is None


async def test_providers_are_listed_without_their_secrets(app: App) -> None:
    configure(
        app.home,
        '[model_providers.key]\nname = "Key"\nbase_url = "http://h/v1"\nenv_key = "K"\n'
        '[model_providers.open]\nname = "Open"\nbase_url = "http://h/v1"\n'
        '[model_providers.token]\nbase_url = "http://me:pw@h/v1"\n'
        'experimental_bearer_token = "secret"\n',
    )
    peer = await app.connect()

    answer = await peer.call("modelProvider/list", {})

    custom = {"type": "customGateway"}
    shown = {
        entry["id"]: (entry["canEdit"], entry["baseUrl"], entry["settings"])
        for entry in answer["data"]
    }
    assert shown == {
        "key": (
            True,
            "http://h/v1",
            {**custom, "auth": {"mode": "environmentVariable", "envKey": "K"}},
        ),
        "open": (True, "http://h/v1", {**custom, "auth": {"mode": "none"}}),
        "openai": (False, None, {"type": "openai"}),
        "script": (False, None, {**custom, "auth": {"mode": "none"}}),
        "token": (
            True,
            None,
            {**custom, "auth": {"mode": "externallyConfigured", "envKey": None}},
        ),
    }
    assert (answer["defaultProviderId"], answer["canChangeDefault"]) == ("script", False)
