"""`thread/list`: finding threads, those of other programs and of earlier servers included."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App, running_app
from tests.support.model_script import runs, says
from tests.support.peer import ASKING, Message, Peer, RefusedError
from tests.unit.rollout.files import event, message, meta, write_lines


async def talk(peer: Peer, text: str, **params: Any) -> Message:
    """A thread in which the user has said something."""
    thread = await peer.start_thread([[says("Done")]], **params)
    await peer.turn(thread, text)
    return thread


def previews(page: dict[str, Any]) -> list[str]:
    return [thread["preview"] for thread in page["data"]]


def store(app: App, number: int, text: str, **more: Any) -> str:
    """A thread that another program has left; returns its id."""
    thread_id = f"019b7f3a-00{number:02}-7000-8000-000000000000"
    name = f"rollout-2026-01-02T03-04-{number:02}-{thread_id}.jsonl"
    folder = app.home / "sessions" / "2026" / "01" / "02"
    folder.mkdir(parents=True, exist_ok=True)
    write_lines(
        folder / name,
        meta(thread_id, **{"model_provider": "script", **more}),
        message("user", text),
        event("user_message", message=text, kind="plain"),
    )
    return thread_id


async def test_the_newest_threads_come_first_and_the_pages_join(app: App) -> None:
    peer = await app.connect()
    for text in ("One", "Two", "Three"):
        await talk(peer, text)
    first = await peer.call("thread/list", {"limit": 2})
    rest = await peer.call("thread/list", {"limit": 2, "cursor": first["nextCursor"]})
    assert previews(first) + previews(rest) == ["Three", "Two", "One"]
    assert rest["nextCursor"] is None
    oldest = await peer.call("thread/list", {"sortDirection": "asc"})
    assert previews(oldest) == ["One", "Two", "Three"]


async def test_a_thread_is_listed_as_soon_as_the_user_has_spoken(app: App) -> None:
    peer = await app.connect()
    await peer.start_thread([])
    await peer.start_thread([], ephemeral=True)
    assert (await peer.call("thread/list", {}))["data"] == []
    thread = await peer.start_thread([[runs("touch", "x")], [says("Done")]], **ASKING)
    await peer.say(thread, "Go on")
    await peer.next("item/commandExecution/requestApproval")
    [listed] = (await peer.call("thread/list", {}))["data"]
    assert (listed["id"], listed["preview"]) == (thread["id"], "Go on")
    assert listed["status"] == {"type": "active", "activeFlags": ["waitingOnApproval"]}


async def test_a_listed_thread_is_the_same_thread_once_nothing_is_loaded(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        thread = await talk(peer, "Hello")
        [loaded] = (await peer.call("thread/list", {}))["data"]
    async with running_app(tmp_path) as app:
        [stored] = (await (await app.connect()).call("thread/list", {}))["data"]
    assert stored["status"] == {"type": "notLoaded"}
    different = ("status", "updatedAt", "recencyAt")
    assert {**stored, **dict.fromkeys(different)} == {**loaded, **dict.fromkeys(different)}
    started = {**thread, **dict.fromkeys(different), "preview": "Hello"}
    assert started == {**stored, **dict.fromkeys(different)}


async def test_threads_of_other_programs_are_listed_where_they_are_asked_for(app: App) -> None:
    spawned = {"subagent": {"thread_spawn": {"parent_thread_id": "", "depth": 1}}}
    parent = store(app, 1, "By hand", source="cli")
    spawned["subagent"]["thread_spawn"]["parent_thread_id"] = parent
    store(app, 2, "An agent", source=spawned, agent_nickname="Nick", agent_role="worker")
    store(app, 3, "A script", source="exec")
    store(app, 4, "Who knows", source="new-thing")
    peer = await app.connect(experimentalApi=True)
    assert previews(await peer.call("thread/list", {})) == ["By hand"]
    everything = ["cli", "exec", "subAgent", "unknown"]
    page = await peer.call("thread/list", {"sourceKinds": everything, "sortDirection": "asc"})
    assert [thread["source"] for thread in page["data"]] == [
        "cli",
        {
            "subAgent": {
                "thread_spawn": {
                    "parent_thread_id": parent,
                    "depth": 1,
                    "agent_path": None,
                    "agent_nickname": None,
                    "agent_role": None,
                }
            }
        },
        "exec",
        "unknown",
    ]
    for family in ("parentThreadId", "ancestorThreadId"):
        [agent] = (await peer.call("thread/list", {family: parent}))["data"]
        assert (agent["parentThreadId"], agent["preview"]) == (parent, "An agent")
        assert (agent["agentNickname"], agent["agentRole"]) == ("Nick", "worker")


async def test_other_providers_are_left_out_unless_they_are_named(app: App) -> None:
    """As the `codex` command does: a list without a filter is about the configured provider."""
    store(app, 1, "Elsewhere", model_provider="elsewhere")
    store(app, 2, "Here")
    peer = await app.connect()
    lists: list[tuple[Any, list[str]]] = [
        (None, ["Here"]),
        ([], ["Here", "Elsewhere"]),
        (["elsewhere"], ["Elsewhere"]),
    ]
    for named, expected in lists:
        assert previews(await peer.call("thread/list", {"modelProviders": named})) == expected


async def test_lists_are_narrowed_down(app: App) -> None:
    peer = await app.connect()
    (app.project / "sub").mkdir()
    one = await talk(peer, "One", cwd=str(app.project / "sub"))
    await talk(peer, "Two", serviceName="another")
    narrowed: list[tuple[dict[str, Any], list[str]]] = [
        ({"cwd": str(app.project / "sub")}, ["One"]),
        ({"cwd": [str(app.project), "/"]}, ["Two"]),
        ({"cwd": f"{app.project}/sub/../"}, ["Two"]),
        ({"searchTerm": "two"}, ["Two"]),
        ({"searchTerm": ""}, ["Two", "One"]),
        ({"excludedThreadIds": [one["id"]]}, ["Two"]),
        ({"originators": ["another"]}, ["Two"]),
        ({"originators": []}, ["Two", "One"]),
        ({"archived": True}, []),
        ({"sortKey": "updated_at", "sortDirection": "asc"}, ["One", "Two"]),
        ({"limit": 0}, ["Two"]),
    ]
    for params, expected in narrowed:
        assert previews(await peer.call("thread/list", params)) == expected, params


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"cursor": "bad"}, "invalid cursor: bad"),
        ({"cursor": ""}, "invalid cursor: "),
        ({"parentThreadId": "x"}, "invalid parent thread id: "),
        ({"ancestorThreadId": "x"}, "invalid ancestor thread id: "),
        ({"excludedThreadIds": ["x"]}, "invalid excluded thread id: "),
        (
            {"excludedThreadIds": ["0" * 32] * 101},
            "excludedThreadIds accepts at most 100 entries",
        ),
        (
            {"parentThreadId": "0" * 32, "ancestorThreadId": "0" * 32},
            "parentThreadId and ancestorThreadId are mutually exclusive",
        ),
        ({"limit": -1}, "Invalid request: "),
        ({"sortKey": "age"}, "Invalid request: unknown variant `age`"),
        ({"sourceKinds": ["robot"]}, "Invalid request: unknown variant `robot`"),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused(app: App, params: dict[str, Any], said: str) -> None:
    peer = await app.connect(experimentalApi=True)
    with pytest.raises(RefusedError) as refused:
        await peer.call("thread/list", params)
    assert refused.value.message.startswith(said)
    assert refused.value.code == -32600


async def test_families_of_agents_are_experimental(app: App) -> None:
    peer = await app.connect()
    with pytest.raises(RefusedError, match="requires experimentalApi capability"):
        await peer.call("thread/list", {"parentThreadId": "0" * 32})
