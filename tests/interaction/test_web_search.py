"""Searches that the provider carries out: offered, shown, remembered."""

from typing import Any

import pytest

from tests.responses_server import (
    ResponsesServer,
    Stream,
    completed,
    created,
    item_added,
    item_done,
    message,
)
from tests.support.app import App
from tests.support.outline import items, of_turn
from tests.support.peer import Message, Peer
from tests.support.rollout import read_rollout, response_items

READ_ONLY = {"approvalPolicy": "on-request", "sandbox": "read-only"}


def search(number: int, status: str = "completed", **action: Any) -> dict[str, Any]:
    call = {"type": "web_search_call", "id": f"ws_{number}", "status": status}
    return {**call, "action": action} if action else call


def shown(number: int, looked_for: str, **action: Any) -> dict[str, Any]:
    times = {"startedAtMs": None, "completedAtMs": None}
    named = {"type": "webSearch", "id": f"ws_{number}", "query": looked_for, "action": action}
    return {**named, "results": None, **times}


def says(text: str) -> Stream:
    return Stream([created(), item_done(message(text)), completed()])


def local(model: ResponsesServer, **more: Any) -> dict[str, Any]:
    return {
        "model_providers.local.name": "local",
        "model_providers.local.base_url": model.url,
        **more,
    }


async def thread_on(
    peer: Peer, model: ResponsesServer, name: str = "gpt-5.5", **params: Any
) -> Message:
    config = local(model, **params.pop("config", {}))
    started = {**READ_ONLY, "modelProvider": "local", "model": name, **params}
    return await peer.start_thread([], **started, config=config)


def offered(model: ResponsesServer) -> list[dict[str, Any]]:
    tools = model.requests[-1].body["tools"]
    return [tool for tool in tools if tool["type"] == "web_search"]


def sent(model: ResponsesServer) -> list[dict[str, Any]]:
    """The searches in the last request."""
    parts = model.requests[-1].body["input"]
    return [part for part in parts if part["type"] == "web_search_call"]


CALLS = [
    search(1, type="search", query="cats", queries=["cats", "dogs"]),
    search(2, type="open_page", url="https://a.com"),
    search(3, type="find_in_page", url="https://a.com", pattern="x"),
    search(4, type="newer", what="ever"),
    search(5),
    search(6, type="search", queries=["one", "two"]),
    search(
        7, "failed", type="search", query="f", sources=[{"type": "url", "url": "https://b.com"}]
    ),
]
SHOWN = [
    shown(1, "cats", type="search", query="cats", queries=["cats", "dogs"]),
    shown(2, "https://a.com", type="openPage", url="https://a.com"),
    shown(3, "'x' in https://a.com", type="findInPage", url="https://a.com", pattern="x"),
    shown(4, "", type="other"),
    shown(5, "", type="other"),
    shown(6, "one ...", type="search", query=None, queries=["one", "two"]),
    shown(7, "f", type="search", query="f", queries=None),
]


async def test_searches_are_shown_and_remembered(app: App) -> None:
    """Through the turns of a thread, a resume and a fork; as the provider made them."""
    begun = item_added({"type": "web_search_call", "id": "ws_1", "status": "in_progress"})
    noise = {"type": "response.web_search_call.searching", "item_id": "ws_1", "output_index": 0}
    found = item_done(message("Found"))
    first = Stream([created(), begun, noise, *map(item_done, CALLS), found, completed()])
    with ResponsesServer([first, *[says("More")] * 3]) as model:
        peer = await app.connect(experimentalApi=True)
        thread = await thread_on(peer, model)
        told = await peer.turn(thread)
        assert items(told, "webSearch") == SHOWN
        starts = [m["params"]["item"] for m in told if m.get("method") == "item/started"]
        assert [s for s in starts if s["id"] == "ws_1"] == [shown(1, "", type="other")]
        line = ["item/started webSearch", "item/completed webSearch"]
        assert of_turn(told).count(line[0]) == of_turn(told).count(line[1]) == len(CALLS)
        await peer.turn(thread)
        assert sent(model) == CALLS
        await peer.call("thread/archive", {"threadId": thread["id"]})
        await peer.call("thread/unarchive", {"threadId": thread["id"]})
        again = {"threadId": thread["id"], "config": local(model)}
        resumed = (await peer.call("thread/resume", again))["thread"]
        stored = [i for t in resumed["turns"] for i in t["items"] if i["type"] == "webSearch"]
        assert [item | {"startedAtMs": None, "completedAtMs": None} for item in stored] == SHOWN
        await peer.turn(thread)
        assert sent(model) == CALLS
        fork = (await peer.call("thread/fork", again))["thread"]
        await peer.turn(fork)
        assert sent(model) == CALLS
    recorded = [response_items(read_rollout(path)) for path in app.rollout_files()]
    for lines in recorded:
        assert [item for item in lines if item["type"] == "web_search_call"] == CALLS


async def test_a_search_that_breaks_off_is_completed_as_it_is(app: App) -> None:
    begun = item_added({"type": "web_search_call", "id": "ws_1", "status": "in_progress"})
    with ResponsesServer([Stream([created(), begun], cut=True), says("Done")]) as model:
        peer = await app.connect()
        thread = await thread_on(
            peer, model, config={"model_providers.local.stream_max_retries": 1}
        )
        told = await peer.turn(thread)
        assert items(told, "webSearch") == [shown(1, "", type="other")]
        assert told[-1]["params"]["turn"]["status"] == "completed"
        assert sent(model) == []


TEXT_AND_IMAGE = {"search_content_types": ["text", "image"]}


@pytest.mark.parametrize(
    ("params", "options"),
    [
        ({}, {"external_web_access": False, **TEXT_AND_IMAGE}),
        ({"sandbox": "workspace-write"}, {"external_web_access": False, **TEXT_AND_IMAGE}),
        ({"sandbox": "danger-full-access"}, {"external_web_access": True, **TEXT_AND_IMAGE}),
        (
            {"config": {"web_search": "live"}},
            {"external_web_access": True, **TEXT_AND_IMAGE},
        ),
        (
            {"sandbox": "danger-full-access", "config": {"web_search": "cached"}},
            {"external_web_access": False, **TEXT_AND_IMAGE},
        ),
        (
            {"config": {"web_search": "indexed"}},
            {"external_web_access": True, "indexed_web_access": True, **TEXT_AND_IMAGE},
        ),
        ({"name": "gpt-4.1"}, {"external_web_access": False}),
        (
            {
                "config": {
                    "tools.web_search": {
                        "context_size": "high",
                        "allowed_domains": ["a.com"],
                        "location": {"country": "DE", "city": "Berlin"},
                    }
                }
            },
            {
                "external_web_access": False,
                "filters": {"allowed_domains": ["a.com"]},
                "user_location": {"type": "approximate", "country": "DE", "city": "Berlin"},
                "search_context_size": "high",
                **TEXT_AND_IMAGE,
            },
        ),
    ],
)
async def test_searching_is_offered_as_configured(
    app: App, params: dict[str, Any], options: dict[str, Any]
) -> None:
    """As the `codex` command offers it; live only where the network is free anyway."""
    with ResponsesServer([says("Hi")]) as model:
        peer = await app.connect()
        thread = await thread_on(peer, model, **params)
        await peer.turn(thread)
        assert offered(model) == [{"type": "web_search", **options}]


@pytest.mark.parametrize(
    "params",
    [
        {"config": {"web_search": "disabled"}},
        {"config": {"tools.web_search": False}},
        {"name": "nobody-knows"},
        {"name": "gpt-oss:20b"},
    ],
)
async def test_searching_is_not_offered_where_it_cannot_be(
    app: App, params: dict[str, Any]
) -> None:
    with ResponsesServer([says("Hi")]) as model:
        peer = await app.connect()
        thread = await thread_on(peer, model, **params)
        await peer.turn(thread)
        assert offered(model) == []
