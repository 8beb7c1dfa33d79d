"""Changing the configuration: `config/value/write` and `config/batchWrite`."""

from typing import Any

import pytest

from tests.support.app import App
from tests.support.peer import Peer, RefusedError


async def write(peer: Peer, key: str, value: Any, **more: Any) -> dict[str, Any]:
    params = {"keyPath": key, "value": value, "mergeStrategy": "replace", **more}
    return await peer.call("config/value/write", params)


async def test_a_written_value_holds_for_new_threads_and_keeps_comments(app: App) -> None:
    (app.home / "config.toml").write_text('# mine\nmodel = "old" # why\n')
    peer = await app.connect()

    answer = await write(peer, "model", "new")

    assert (app.home / "config.toml").read_text() == '# mine\nmodel = "new" # why\n'
    thread = await peer.call("thread/start", {})
    assert thread["model"] == "new"
    shown = await peer.call("config/read", {})
    assert answer == {
        "status": "ok",
        "version": shown["origins"]["model"]["version"],
        "filePath": str(app.home / "config.toml"),
        "overriddenMetadata": None,
    }


async def test_a_batch_is_written_whole_or_not_at_all(app: App) -> None:
    peer = await app.connect()
    edits = [
        {"keyPath": "model", "value": "new", "mergeStrategy": "replace"},
        {"keyPath": 'projects."/a.b"', "value": {"trust_level": "x"}, "mergeStrategy": "upsert"},
    ]
    wrong = {"keyPath": "sandbox_mode", "value": "none", "mergeStrategy": "replace"}
    with pytest.raises(RefusedError) as refused:
        await peer.call("config/batchWrite", {"edits": [*edits, wrong]})
    assert refused.value.code == -32600
    assert refused.value.message.startswith("Invalid configuration: sandbox_mode: unknown value")
    assert refused.value.data["config_write_error_code"] == "configValidationError"
    assert not (app.home / "config.toml").exists()

    await peer.call("config/batchWrite", {"edits": edits, "reloadUserConfig": True})

    config = (await peer.call("config/read", {}))["config"]
    assert (config["model"], config["projects"]) == ("new", {"/a.b": {"trust_level": "x"}})


async def test_a_version_guards_against_what_others_wrote(app: App) -> None:
    peer, other = await app.connect(), await app.connect()
    seen = (await write(peer, "model", "a"))["version"]
    await write(other, "model", "b", expectedVersion=seen)
    with pytest.raises(RefusedError) as refused:
        await write(peer, "model", "c", expectedVersion=seen)
    assert refused.value.code == -32600
    assert refused.value.data["config_write_error_code"] == "configVersionConflict"
    assert (await peer.call("config/read", {}))["config"]["model"] == "b"


async def test_only_the_users_file_is_written(app: App) -> None:
    peer = await app.connect()
    with pytest.raises(RefusedError) as refused:
        await write(peer, "model", "a", filePath=str(app.project / "config.toml"))
    assert refused.value.data["config_write_error_code"] == "configLayerReadonly"
    await write(peer, "model", "a", filePath=str(app.home / "config.toml"))


async def test_a_value_without_effect_is_said_to_be_overridden(app: App) -> None:
    peer = await app.connect()
    answer = await write(peer, "model_provider", "other")
    assert answer["status"] == "okOverridden"
    assert answer["overriddenMetadata"]["message"] == "Overridden by session flags"
    assert answer["overriddenMetadata"]["effectiveValue"] == "script"
    assert answer["overriddenMetadata"]["overridingLayer"]["name"] == {"type": "sessionFlags"}


async def test_a_file_that_is_no_toml_is_not_touched(app: App) -> None:
    (app.home / "config.toml").write_text("model = \n")
    peer = await app.connect()
    with pytest.raises(RefusedError) as refused:
        await write(peer, "model", "a")
    assert (refused.value.code, refused.value.data) == (-32603, {"kind": "configInvalid"})
    assert (app.home / "config.toml").read_text() == "model = \n"
