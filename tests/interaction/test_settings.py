"""Settings that change between turns: who is told of it, and what the model hears of it."""

from pathlib import Path
from typing import Any

import pytest

from tests.contract.contract_schema import assert_valid
from tests.support.app import App
from tests.support.listening_model import answering, listening_model
from tests.support.model_script import runs, says
from tests.support.outline import items
from tests.support.peer import ASKING, Message, Peer, RefusedError, text_input
from tests.support.rollout import read_rollout

UPDATED = "thread/settings/updated"


async def update(peer: Peer, thread: Message, **settings: Any) -> None:
    await peer.call("thread/settings/update", {"threadId": thread["id"], **settings})


def updates(peer: Peer) -> list[dict[str, Any]]:
    """The settings that the client was told of."""
    told = [m["params"] for m in peer.messages if m.get("method") == UPDATED]
    return [params["threadSettings"] for params in told]


def contexts(thread: Message) -> list[dict[str, Any]]:
    """The settings of each turn, as the rollout has them."""
    lines = read_rollout(Path(thread["path"]))
    return [line["payload"] for line in lines if line["type"] == "turn_context"]


# --- what clients are told ---------------------------------------------------------------------


async def test_updated_settings_hold_for_all_later_turns(app: App) -> None:
    (app.project / "sub").mkdir()
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread([[runs("pwd")], [says("")], [says("")]])
    await update(
        peer,
        thread,
        cwd="sub",
        model="another",
        effort="high",
        approvalPolicy="on-request",
        sandboxPolicy={"type": "dangerFullAccess"},
    )
    told = await peer.turn(thread)
    await peer.turn(thread)
    assert items(told, "commandExecution")[0]["cwd"] == str(app.project / "sub")
    [settings] = updates(peer)
    assert_valid(settings, "ThreadSettings")
    expected = {
        "cwd": str(app.project / "sub"),
        "model": "another",
        "effort": "high",
        "approvalPolicy": "on-request",
        "sandboxPolicy": {"type": "dangerFullAccess"},
    }
    assert {name: settings[name] for name in expected} == expected
    collaboration = settings["collaborationMode"]["settings"]
    assert (collaboration["model"], collaboration["reasoning_effort"]) == ("another", "high")
    for context in contexts(thread):
        assert (context["model"], context["effort"]) == ("another", "high")
        assert context["approval_policy"] == "on-request"


async def test_a_running_turn_keeps_the_settings_it_began_with(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    steps = [
        [runs("touch", "a")],
        [runs("touch", "b")],
        [says("")],
        [runs("touch", "c")],
        [says("")],
    ]
    thread = await peer.start_thread(steps, **ASKING)
    await peer.say(thread)
    first = await peer.next("item/commandExecution/requestApproval")
    await update(peer, thread, approvalPolicy="never")
    await peer.answer(first, "accept")
    await peer.answer(await peer.next("item/commandExecution/requestApproval"), "accept")
    await peer.until("turn/completed")
    told = await peer.turn(thread)
    assert [item["status"] for item in items(told, "commandExecution")] == ["completed"]
    assert (app.project / "c").exists()


@pytest.mark.parametrize(
    ("wrong", "kind", "path"),
    [
        ({"cwd": "/does/not/exist"}, "cwdNotFound", "cwd"),
        ({"approvalPolicy": "sometimes"}, "invalidParams", "approvalPolicy"),
        ({"sandboxPolicy": {"type": "none"}}, "invalidParams", "sandboxPolicy"),
        ({"effort": 3}, "invalidParams", "effort"),
    ],
    ids=str,
)
async def test_a_refused_update_changes_nothing(
    app: App, wrong: dict[str, Any], kind: str, path: str
) -> None:
    """Rejected settings change nothing, the ones that came along with them included."""
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread([[says("")]])
    with pytest.raises(RefusedError) as refused:
        await update(peer, thread, **{"model": "other", "summary": "detailed", **wrong})
    assert (refused.value.code, refused.value.data) == (-32600, {"kind": kind, "path": path})
    await peer.turn(thread)
    assert updates(peer) == []
    [context] = contexts(thread)
    assert (context["model"], context["cwd"]) == (thread["model"], str(app.project))


@pytest.mark.parametrize("same", [{}, {"model": None}, {"approvalPolicy": "never"}, {"cwd": "."}])
async def test_an_update_that_changes_nothing_is_not_told(app: App, same: dict[str, Any]) -> None:
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread([[says("")]])
    await update(peer, thread, **same)
    await peer.turn(thread, **same)
    assert updates(peer) == []


async def test_updates_need_the_experimental_capability(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([])
    with pytest.raises(
        RefusedError, match=r"^thread/settings/update requires experimentalApi capability$"
    ) as refused:
        await update(peer, thread, effort="high")
    assert refused.value.data == {"kind": "experimentalRequired"}


@pytest.mark.parametrize("method", ["turn/start", "turn/submit"])
async def test_an_override_is_told_before_its_turn_is_answered(app: App, method: str) -> None:
    """An experimental client receives it before the response; turns come after."""
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread([[says("")]])
    request = await peer.request(
        method, {"threadId": thread["id"], "input": text_input("Hi"), "effort": "high"}
    )
    told = await peer.until("turn/completed")
    order = [m.get("method") or m["id"] for m in told]
    assert order[:4] == [UPDATED, request, "thread/status/changed", "turn/started"]


async def test_an_override_is_told_before_the_answer_while_a_turn_pours_out_events(
    app: App,
) -> None:
    """What the turn says while the folder is looked at waits for the answer, but not for ever."""
    (app.project / "sub").mkdir()
    peer = await app.connect(experimentalApi=True)
    flood = {"type": "text", "text": "x" * 20_000, "chunkSize": 1}
    thread = await peer.start_thread([[flood], [says("")]])
    await peer.say(thread)
    await peer.until("item/agentMessage/delta")
    for folder in ("sub", "..", "sub"):
        params = {"threadId": thread["id"], "input": text_input("Go on"), "cwd": folder}
        answered = await peer.request("turn/start", params)
        await peer.response(answered)
        order = [m.get("method") or m["id"] for m in peer.messages]
        assert order.count(UPDATED) == order[: order.index(answered)].count(UPDATED)
    await peer.until("turn/completed")
    told = [settings["cwd"] for settings in updates(peer)]
    assert told == [str(app.project / "sub"), str(app.project), str(app.project / "sub")]


async def test_everybody_who_follows_the_thread_is_told_and_nobody_else(app: App) -> None:
    peer, stranger = (
        await app.connect(experimentalApi=True),
        await app.connect(experimentalApi=True),
    )
    thread = await peer.start_thread([])
    await stranger.call(
        "thread/settings/update", {"threadId": thread["id"], "approvalPolicy": "untrusted"}
    )
    told = await peer.next(UPDATED)
    assert told["params"]["threadSettings"]["approvalPolicy"] == "untrusted"
    await stranger.call("thread/loaded/list", {})
    assert updates(stranger) == []


# --- what the model hears ----------------------------------------------------------------------


async def test_the_model_hears_what_has_changed_before_the_users_next_words(app: App) -> None:
    other = app.folder / "other"
    other.mkdir()
    peer = await app.connect(experimentalApi=True)
    with listening_model(answering(), answering()) as model:
        thread = await model.start_thread(peer, model="gpt-6-sol")
        await peer.turn(thread, "First")
        await update(peer, thread, cwd=str(other), model="gpt-6-luna")
        await peer.turn(thread, "Second", sandboxPolicy={"type": "readOnly"})
    before, after = model.heard(0), model.heard(1)
    assert after[: len(before)] == before, "what was said stays as it was"
    told = after[len(before) :]
    assert told[0] == ("assistant", "Yes")
    environment, permissions, switch, words = told[1:]
    assert environment[0] == "user"
    assert f"<cwd>{other}</cwd>" in environment[1]
    assert "timezone" not in environment[1], "only what has changed"
    assert permissions[0] == switch[0] == "developer"
    assert "write none" in permissions[1]
    assert "from the model gpt-6-sol to gpt-6-luna" in switch[1]
    assert words == ("user", "Second")
    assert model.bodies()[1]["model"] == "gpt-6-luna"


async def test_the_model_hears_of_its_surroundings_once_if_nothing_changes(app: App) -> None:
    peer = await app.connect()
    with listening_model(answering(), answering(), answering()) as model:
        thread = await model.start_thread(peer, model="gpt-6-sol", developerInstructions="Be kind.")
        for text in ("First", "Second", "Third"):
            await peer.turn(thread, text, model="gpt-6-sol", effort="high", cwd=str(app.project))
    heard = model.heard()
    assert [role for role, _ in heard[:4]] == ["developer", "developer", "user", "user"]
    assert "Be kind." in heard[1][1]
    assert f"<cwd>{app.project}</cwd>" in heard[2][1]
    assert heard[3:] == [
        ("user", "First"),
        ("assistant", "Yes"),
        ("user", "Second"),
        ("assistant", "Yes"),
        ("user", "Third"),
    ]


async def test_settings_that_change_and_change_back_are_no_news(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    with listening_model(answering(), answering()) as model:
        thread = await model.start_thread(peer)
        await peer.turn(thread, "First")
        await update(peer, thread, approvalPolicy="untrusted")
        await update(peer, thread, approvalPolicy="never")
        await peer.turn(thread, "Second")
    assert model.heard()[-2:] == [("assistant", "Yes"), ("user", "Second")]
    assert len(updates(peer)) == 2


async def test_an_output_schema_is_asked_for_in_its_turn_only(app: App) -> None:
    schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    peer = await app.connect(experimentalApi=True)
    with listening_model(answering("{}"), answering()) as model:
        thread = await model.start_thread(peer)
        await peer.turn(thread, outputSchema=schema)
        await peer.turn(thread)
    first, second = model.bodies()
    assert first["text"]["format"]["schema"] == schema
    assert "format" not in second.get("text", {})
    assert updates(peer) == [], "it is no setting"
