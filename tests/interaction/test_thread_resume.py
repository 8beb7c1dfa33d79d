"""`thread/resume`: going on with a thread after the process that made it is gone, or beside it."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.app import App, eventually, running_app
from tests.support.model_script import adds_file, runs, says, speaks_slowly, thinks, write_script
from tests.support.peer import ASKING, FREE, Message, Peer, RefusedError, text_input

QUESTION = "item/commandExecution/requestApproval"


def plays(folder: Path, *steps: Any) -> dict[str, Any]:
    """The `config` of a request that makes the thread's model play these steps."""
    script = write_script(folder / f"again-{len(list(folder.iterdir()))}.jsonl", steps)
    return {"model_providers.script.script_path": str(script)}


def on_disk(thread: Message) -> bytes:
    return Path(thread["path"]).read_bytes()


async def resume(peer: Peer, thread: Message, **params: Any) -> dict[str, Any]:
    return await peer.call("thread/resume", {"threadId": thread["id"], **params})


def completed_items(messages: list[Message]) -> list[Message]:
    return [m["params"]["item"] for m in messages if m.get("method") == "item/completed"]


async def told(folder: Path, steps: list[Any], *says_: str) -> tuple[Message, list[Message]]:
    """A thread that a process made and left behind, and the turns it was seen to have."""
    async with running_app(folder) as app:
        peer = await app.connect()
        thread = await peer.start_thread(steps)
        turns: list[Message] = []
        for text in says_:
            messages = await peer.turn(thread, text)
            turn = messages[-1]["params"]["turn"]
            turns.append({**turn, "items": completed_items(messages)})
        return thread, turns


RICH: list[Any] = [
    [thinks("Plan", "hmm"), runs("echo", "hello"), adds_file("made.txt", "one")],
    [says("First", " answer")],
    [says("Second answer")],
]


async def test_a_resumed_thread_has_the_turns_and_items_that_were_seen_live(tmp_path: Path) -> None:
    """Turns and items rebuilt from a rollout equal those streamed live."""
    thread, turns = await told(tmp_path, RICH, "One", "Two")
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        result = await resume(peer, thread)
    assert [turn["id"] for turn in result["thread"]["turns"]] == [turn["id"] for turn in turns]
    for stored, live in zip(result["thread"]["turns"], turns, strict=True):
        assert stored["items"] == live["items"]
        assert {**stored, "items": [], "itemsView": ""} == {**live, "items": [], "itemsView": ""}
    assert result["thread"]["preview"] == "One"
    assert result["thread"]["id"] == thread["id"]
    assert result["thread"]["path"] == thread["path"]
    assert result["thread"]["createdAt"] == thread["createdAt"]


async def test_a_resumed_thread_goes_on_in_its_file(tmp_path: Path) -> None:
    thread, _ = await told(tmp_path, [[says("Yes")]], "One")
    before = on_disk(thread)
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        await resume(peer, thread, **FREE, config=plays(tmp_path, [says("Again")]))
        assert on_disk(thread) == before, "resuming alone changes nothing"
        await peer.turn(thread, "Two")
        assert app.rollout_files() == [Path(thread["path"])]
        assert on_disk(thread).startswith(before)
        read = await resume(peer, thread)
    assert [turn["items"][-1]["text"] for turn in read["thread"]["turns"]] == ["Yes", "Again"]


async def test_turns_can_be_left_out_or_paged(tmp_path: Path) -> None:
    thread, turns = await told(tmp_path, [[says(str(n))] for n in range(3)], "a", "b", "c")
    async with running_app(tmp_path) as app:
        peer = await app.connect(experimentalApi=True)
        bare = await resume(peer, thread, excludeTurns=True)
        assert bare["thread"]["turns"] == []
        page = (await resume(peer, thread, excludeTurns=True, initialTurnsPage={"limit": 2}))[
            "initialTurnsPage"
        ]
        assert [turn["id"] for turn in page["data"]] == [turns[2]["id"], turns[1]["id"]]
        listed = await peer.call(
            "thread/turns/list",
            {"threadId": thread["id"], "cursor": bare["turnsBackwardsCursor"], "limit": 1},
        )
    assert [turn["id"] for turn in listed["data"]] == [turns[2]["id"]]


async def test_the_usage_is_told_again(tmp_path: Path) -> None:
    usage = {"inputTokens": 10, "outputTokens": 5}
    thread, turns = await told(tmp_path, [{"output": [says("Yes")], "usage": usage}], "One")
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        await resume(peer, thread)
        update = await peer.next("thread/tokenUsage/updated")
    assert update["params"]["turnId"] == turns[0]["id"]
    assert update["params"]["tokenUsage"]["total"]["totalTokens"] == 15


async def test_overrides_win_over_the_record_and_the_record_over_the_configuration(
    tmp_path: Path,
) -> None:
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        thread = await peer.start_thread(
            [[says("Yes")]], approvalPolicy="untrusted", model="told-model"
        )
        await peer.turn(thread, "One", effort="high")
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        plain = await resume(peer, thread)
        assert plain["approvalPolicy"] == "untrusted"
        assert plain["model"] == "told-model"
        assert plain["reasoningEffort"] == "high"
        assert plain["cwd"] == str(app.project)
        assert plain["sandbox"]["type"] == "readOnly", "what it may write is for us to say"
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        other = await resume(peer, thread, model="mine", approvalPolicy="never", cwd=str(tmp_path))
        assert (other["model"], other["approvalPolicy"]) == ("mine", "never")
        assert other["cwd"] == str(tmp_path)
        loaded = await resume(peer, thread, model="theirs")
        assert loaded["model"] == "mine", "a loaded thread keeps its settings"


async def test_a_thread_whose_folder_is_gone_can_still_be_resumed(tmp_path: Path) -> None:
    thread, _ = await told(tmp_path, [[says("Yes")]], "One")
    (tmp_path / "project").rmdir()
    async with running_app(tmp_path) as app:
        app.project.rmdir()
        peer = await app.connect()
        result = await resume(peer, thread)
    assert result["cwd"] == str(tmp_path / "project")


async def test_what_cannot_be_resumed_is_refused_with_its_name(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    nobody = "019f0000-0000-7000-8000-000000000000"
    for params, message in [
        ({"threadId": nobody}, f"no rollout found for thread id {nobody}"),
        ({"threadId": "xx"}, "invalid thread id"),
        (
            {"threadId": nobody, "path": str(app.folder / "nothing.jsonl")},
            "failed to read session file",
        ),
    ]:
        with pytest.raises(RefusedError) as refused:
            await peer.call("thread/resume", params)
        assert message in refused.value.message
        assert refused.value.code == -32600


async def test_a_loaded_thread_is_not_resumed_from_another_file(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread([[says("Yes")]])
    await peer.turn(thread, "One")
    copy = app.folder / "copy.jsonl"
    copy.write_bytes(on_disk(thread))
    with pytest.raises(RefusedError) as refused:
        await resume(peer, thread, path=str(copy))
    assert "with stale path" in refused.value.message
    assert (await resume(peer, thread, path=thread["path"]))["thread"]["id"] == thread["id"]


async def test_a_conversation_kept_elsewhere_becomes_a_thread(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    history = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hey"}]},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Ho"}],
        },
    ]
    result = await peer.call(
        "thread/resume",
        {"threadId": "019f0000-0000-7000-8000-000000000000", "history": history, **FREE},
    )
    assert result["thread"]["preview"] == "Hey"
    await eventually(Path(result["thread"]["path"]).exists)
    assert b'"Hey"' in on_disk(result["thread"])


# --- beside a running turn ---------------------------------------------------------------------


async def test_who_comes_in_the_middle_of_a_turn_misses_nothing_and_hears_nothing_twice(
    app: App,
) -> None:
    """A snapshot plus the live stream: the seam has no gap and no double."""
    text = "".join(f"{n:03} " for n in range(150))
    peer = await app.connect()
    thread = await peer.start_thread([[speaks_slowly(text)]])
    await peer.say(thread)
    for _ in range(5):
        await peer.until("item/agentMessage/delta")
    other = await app.connect()
    result = await resume(other, thread)
    [turn] = result["thread"]["turns"]
    assert turn["status"] == "inProgress"
    assert result["thread"]["status"] == {"type": "active", "activeFlags": []}
    message = turn["items"][-1]
    assert message["type"] == "agentMessage"
    after = await other.until("turn/completed")
    answered = next(
        i for i, m in enumerate(other.messages) if "result" in m and m["result"].get("thread")
    )
    deltas = [m["params"]["delta"] for m in after if m.get("method") == "item/agentMessage/delta"]
    early = [m for m in other.messages[:answered] if m.get("method", "").startswith("item/")]
    assert early == []
    assert message["text"] + "".join(deltas) == text
    assert message["text"], "there was something to see already"


async def test_who_comes_later_is_asked_what_is_still_open(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "made")], [says("Done")]], **ASKING)
    await peer.say(thread)
    first = await peer.next(QUESTION)
    other = await app.connect()
    result = await resume(other, thread)
    assert result["thread"]["status"]["activeFlags"] == ["waitingOnApproval"]
    again = await other.next(QUESTION)
    assert again["params"] == first["params"]
    await other.answer(again, "accept")
    await other.until("turn/completed")
    assert (app.project / "made").exists()
    told = await peer.next("serverRequest/resolved")
    assert told["params"]["requestId"] == first["id"]


async def test_resuming_twice_asks_once(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "made")], [says("Done")]], **ASKING)
    await peer.say(thread)
    question = await peer.next(QUESTION)
    await resume(peer, thread)
    await peer.answer(question, "accept")
    messages = await peer.until("turn/completed")
    assert [m for m in messages if m.get("method") == QUESTION] == []


async def test_a_client_that_vanishes_takes_nothing_with_it(app: App) -> None:
    peer = await app.connect()
    thread = await peer.start_thread([[runs("touch", "made")], [says("Done")]], **ASKING)
    await peer.say(thread)
    await peer.next(QUESTION)
    await peer.sending.aclose()
    await eventually(lambda: app.closed == 1)
    other = await app.connect()
    await resume(other, thread)
    question = await other.next(QUESTION)
    await other.answer(question, "accept")
    last = (await other.until("turn/completed"))[-1]
    assert last["params"]["turn"]["status"] == "completed"


async def test_two_clients_that_resume_at_once_get_the_same_thread(tmp_path: Path) -> None:
    thread, _ = await told(tmp_path, [[says("Yes")]], "One")
    async with running_app(tmp_path) as app:
        one, two = await app.connect(), await app.connect()
        params = {"threadId": thread["id"], **FREE, "config": plays(tmp_path, [says("Both")])}
        first, second = (
            await one.request("thread/resume", params),
            await two.request("thread/resume", params),
        )
        await one.response(first)
        await two.response(second)
        await one.call("turn/start", {"threadId": thread["id"], "input": text_input("Go")})
        for peer in (one, two):
            last = (await peer.until("turn/completed"))[-1]
            assert last["params"]["turn"]["status"] == "completed"
        assert (await one.call("thread/loaded/list", {}))["data"] == [thread["id"]]


async def test_a_named_thread_keeps_its_name_and_its_fork_has_it_too(tmp_path: Path) -> None:
    thread, _ = await told(tmp_path, [[says("Yes")]], "One")
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        await peer.call("thread/name/set", {"threadId": thread["id"], "name": "Mine"})
        resumed = await resume(peer, thread)
        assert resumed["thread"]["name"] == "Mine"
        await peer.call("thread/name/set", {"threadId": thread["id"], "name": "Ours"})
        fork = await peer.call("thread/fork", {"threadId": thread["id"]})
        assert fork["thread"]["name"] == "Ours"


async def test_an_archived_thread_has_to_be_brought_back_first(tmp_path: Path) -> None:
    thread, _ = await told(tmp_path, [[says("Yes")]], "One")
    async with running_app(tmp_path) as app:
        peer = await app.connect()
        await peer.call("thread/archive", {"threadId": thread["id"]})
        for method in ("thread/resume", "thread/fork"):
            with pytest.raises(RefusedError, match=f"session {thread['id']} is archived"):
                await peer.call(method, {"threadId": thread["id"]})
        await peer.call("thread/unarchive", {"threadId": thread["id"]})
        await resume(peer, thread)
