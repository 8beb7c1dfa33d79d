"""Questions as things of their own: listed, told by notification, answered late or twice."""

from typing import Any

import pytest

from tests.support.app import App, eventually
from tests.support.model_script import adds_file, runs, says
from tests.support.outline import of_turn, outline
from tests.support.peer import ASKING, Message, Peer, RefusedError

QUESTION = "item/commandExecution/requestApproval"
TOUCH = [[runs("touch", "made")], [says("Done")]]


async def respond(peer: Peer, approval_id: str, decision: str) -> dict[str, Any]:
    return await peer.call("approval/respond", {"approvalId": approval_id, "decision": decision})


async def pending(peer: Peer, **params: Any) -> list[dict[str, Any]]:
    return (await peer.call("approval/list", params))["data"]


async def asked(app: App) -> tuple[Peer, dict[str, Any], Message]:
    peer = await app.connect()
    thread = await peer.start_thread(TOUCH, **ASKING)
    await peer.say(thread)
    return peer, thread, await peer.next(QUESTION)


async def test_open_questions_are_listed_oldest_first_and_by_thread(app: App) -> None:
    """A client that reconnects can see what it has to answer."""
    peer, first, question = await asked(app)
    second = await peer.start_thread([[adds_file("a.txt", "a")], [says("Done")]], **ASKING)
    await peer.say(second)
    patch = await peer.next("item/fileChange/requestApproval")
    both = await pending(peer)
    assert [entry["threadId"] for entry in both] == [first["id"], second["id"]]
    assert [entry["method"] for entry in both] == [QUESTION, "item/fileChange/requestApproval"]
    assert [entry["params"] for entry in both] == [question["params"], patch["params"]]
    assert await pending(peer, threadId=second["id"]) == both[1:]
    await peer.answer(question, "accept")
    await peer.until("turn/completed", thread_id=first["id"])
    assert await pending(peer) == both[1:]
    await peer.answer(patch, "accept")
    await peer.until("turn/completed", thread_id=second["id"])
    assert await pending(peer) == []


async def test_another_connection_can_answer_a_question(app: App) -> None:
    """Approvals survive reconnects: the questions belong to the server, not to a connection."""
    peer, _, question = await asked(app)
    other = await app.connect()
    [entry] = await pending(other)
    assert await respond(other, entry["approvalId"], "accept") == {}
    told = await peer.until("turn/completed")
    assert told[0]["params"]["requestId"] == question["id"]
    assert (app.project / "made").exists()


async def test_a_question_waits_when_its_client_is_gone(app: App) -> None:
    peer, thread, _ = await asked(app)
    peer.sending.close()
    other = await app.connect()
    await eventually(lambda: app.closed == 1)
    [entry] = await pending(other, threadId=thread["id"])
    await respond(other, entry["approvalId"], "decline")
    await app.server.threads.get_thread(thread["id"]).idle()
    assert await pending(other) == []


async def test_a_question_can_be_answered_once(app: App) -> None:
    """The answer that comes first counts; a late `approval/respond` is told so."""
    peer, _, question = await asked(app)
    approval_id = question["params"]["approvalId"]
    await respond(peer, approval_id, "decline")
    with pytest.raises(RefusedError) as at_once:
        await respond(peer, approval_id, "accept")
    await peer.answer(question, "accept")
    await peer.until("turn/completed")
    with pytest.raises(RefusedError) as later:
        await respond(peer, approval_id, "accept")
    for refused in (at_once.value, later.value):
        assert (refused.code, refused.data["kind"]) == (-32600, "approvalResolved")
        assert refused.data["path"] == "approvalId"
    assert not (app.project / "made").exists()


async def test_two_answers_in_one_chunk_are_one_answer_and_one_refusal(app: App) -> None:
    peer, _, question = await asked(app)
    answer = {"approvalId": question["params"]["approvalId"], "decision": "accept"}
    await peer.send(
        {"id": question["id"], "result": {"decision": "decline"}},
        {"id": "late", "method": "approval/respond", "params": answer},
    )
    with pytest.raises(RefusedError, match="already resolved"):
        await peer.response("late")
    await peer.until("turn/completed")
    assert not (app.project / "made").exists()


async def test_a_question_that_was_never_asked_cannot_be_answered(app: App) -> None:
    peer = await app.connect()
    with pytest.raises(RefusedError, match=r"^approval not found: nope$") as refused:
        await respond(peer, "nope", "accept")
    assert refused.value.data == {"kind": "approvalNotFound", "path": "approvalId"}


async def test_an_invalid_answer_by_request_leaves_the_question_open(app: App) -> None:
    peer, _, question = await asked(app)
    approval_id = question["params"]["approvalId"]
    with pytest.raises(RefusedError, match="unknown variant `maybe`"):
        await respond(peer, approval_id, "maybe")
    assert len(await pending(peer)) == 1
    await respond(peer, approval_id, "accept")
    await peer.until("turn/completed")
    assert (app.project / "made").exists()


async def test_a_client_can_have_its_questions_as_notifications(app: App) -> None:
    """`capabilities.approvals = "notify"`, for clients that cannot answer requests."""
    peer = await app.connect(approvals="notify")
    thread = await peer.start_thread(TOUCH, **ASKING)
    await peer.say(thread)
    asked = await peer.next("approval/requested")
    assert "id" not in asked
    approval = asked["params"]["approval"]
    assert (approval["method"], approval["params"]["command"]) == (QUESTION, "touch made")
    assert await pending(peer) == [approval]
    await respond(peer, approval["approvalId"], "accept")
    told = await peer.until("turn/completed")
    resolved = next(m for m in told if m.get("method") == "serverRequest/resolved")["params"]
    assert resolved["requestId"] == resolved["approvalId"] == approval["approvalId"]
    assert not any(line.startswith("?") for line in outline(peer.messages))
    assert (app.project / "made").exists()


async def test_server_requests_have_integer_ids_that_never_repeat(app: App) -> None:
    """From 0, one counter per connection."""
    peer = await app.connect()
    steps = [[runs("touch", str(n))] for n in range(3)]
    thread = await peer.start_thread([*steps, [says("Done")]], **ASKING)
    await peer.say(thread)
    for number in range(3):
        question = await peer.next(QUESTION)
        assert question["id"] == number
        await peer.answer(question, "accept")
    assert of_turn(await peer.until("turn/completed"))[-1] == "turn/completed completed"


async def test_whoever_was_asked_is_told_of_the_end_of_the_question(app: App) -> None:
    """`serverRequest/resolved` for every request, even to one who left the thread."""
    peer, thread, question = await asked(app)
    await peer.call("thread/unsubscribe", {"threadId": thread["id"]})
    other = await app.connect()
    await respond(other, question["params"]["approvalId"], "accept")
    resolved = await peer.next("serverRequest/resolved")
    assert resolved["params"]["requestId"] == question["id"]
