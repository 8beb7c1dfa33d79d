"""Models as clients see them, and what a turn is told of one that nobody knows."""

from typing import Any

import pytest

from tests.support.app import App
from tests.support.listening_model import answering, listening_model
from tests.support.outline import ends
from tests.support.peer import Peer, RefusedError


async def models(peer: Peer, **params: Any) -> dict[str, Any]:
    return await peer.call("model/list", {"modelProvider": "openai", **params})


async def test_models_are_listed_as_the_other_program_lists_them(app: App) -> None:
    peer = await app.connect()
    listed = await models(peer)
    assert [model["id"] for model in listed["data"]] == [
        "gpt-6.1-sol",
        "gpt-6-astra",
        "gpt-6-sol",
        "gpt-6-luna",
        "gpt-5.6-sol",
        "gpt-6.1-terra",
        "gpt-5.6-terra",
        "gpt-5.6-luna",
        "gpt-5.5",
    ]
    assert [model["isDefault"] for model in listed["data"]] == [True, *[False] * 8]
    assert listed["nextCursor"] is None
    luna = listed["data"][3]
    efforts = [option["reasoningEffort"] for option in luna.pop("supportedReasoningEfforts")]
    assert efforts == ["low", "medium", "high", "xhigh", "max"]
    assert [tier["id"] for tier in luna.pop("serviceTiers")] == ["priority"]
    assert luna == {
        "id": "gpt-6-luna",
        "model": "gpt-6-luna",
        "displayName": "GPT-6-Luna",
        "description": "Small and quick.",
        "hidden": False,
        "isDefault": False,
        "defaultReasoningEffort": "medium",
        "inputModalities": ["text", "image"],
        "supportsPersonality": False,
        "additionalSpeedTiers": ["fast"],
        "defaultServiceTier": "priority",
        "modelSpecialty": None,
        "multiAgentVersion": "v2",
        "availableAccessPrograms": None,
        "availabilityNux": None,
        "upgrade": None,
        "upgradeInfo": None,
    }
    old = listed["data"][-1]
    assert (old["upgrade"], old["upgradeInfo"]["model"]) == ("gpt-6-sol", "gpt-6-sol")


async def test_pages_follow_each_other_until_all_models_are_shown(app: App) -> None:
    peer = await app.connect()
    shown: list[str] = []
    cursor = None
    while True:
        page = await models(peer, includeHidden=True, limit=5, cursor=cursor)
        shown += [model["id"] for model in page["data"]]
        if (cursor := page["nextCursor"]) is None:
            break
    everything = (await models(peer, includeHidden=True))["data"]
    assert shown == [model["id"] for model in everything]
    assert sum(model["hidden"] for model in everything) == 3
    assert len((await models(peer, limit=0))["data"]) == 1


@pytest.mark.parametrize(
    ("cursor", "message"),
    [
        ("none", "invalid cursor: none"),
        ("-1", "invalid cursor: -1"),
        ("99", "cursor 99 exceeds total models 9"),
    ],
)
async def test_a_cursor_that_no_page_has_given_is_refused(
    app: App, cursor: str, message: str
) -> None:
    peer = await app.connect()
    with pytest.raises(RefusedError) as refused:
        await models(peer, cursor=cursor)
    assert (refused.value.code, refused.value.message) == (-32600, message)


async def test_the_user_is_told_once_that_nothing_is_known_of_a_model(app: App) -> None:
    peer = await app.connect()
    with listening_model(answering(), answering(), answering()) as model:
        thread = await model.start_thread(peer, model="qwen3")
        told = await peer.turn(thread)
        [warning] = [m["params"] for m in told if m.get("method") == "warning"]
        assert '[model_providers.listening.models."qwen3"]' in warning["message"]
        assert warning["threadId"] == thread["id"]
        assert ends(told)[0]["status"] == "completed"
        for known in ("qwen3", "gpt-5.5"):
            again = await peer.turn(thread, model=known)
            assert "warning" not in [m.get("method") for m in again]


async def test_a_model_that_the_user_describes_is_used_as_described(app: App) -> None:
    (app.home / "config.toml").write_text(
        '[model_providers.listening.models."qwen3"]\ncontext_window = 32_768\n'
        "supports_reasoning = true\n"
    )
    peer = await app.connect()
    with listening_model(answering()) as model:
        thread = await model.start_thread(peer, model="qwen3")
        told = await peer.turn(thread)
    assert "warning" not in [m.get("method") for m in told]
    assert model.bodies()[0]["reasoning"]["effort"] == "medium"
    listed = await models(peer, modelProvider="listening")
    assert [shown["id"] for shown in listed["data"]] == ["qwen3"]
