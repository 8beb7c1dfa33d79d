"""The agent's questions, put to a user whose editor knows nothing of them, and to others."""

from typing import Any, cast

import anyio
from lsprotocol import types

from tests.e2e.server_process import Place, patch, run_command, say
from tests.lsp.editor import EditorClient, editor

ASKING = {"sandbox": "read-only", "approvalPolicy": "untrusted"}
CHANGE = "*** Begin Patch\n*** Update File: a.py\n@@\n one\n-two\n+three\n*** End Patch\n"


async def ask_agent(client: EditorClient) -> None:
    await client.execute("codex-rpc.ask", "Go")


async def lenses(client: EditorClient, uri: str) -> list[Any]:
    params = types.CodeLensParams(types.TextDocumentIdentifier(uri))
    return list(await client.text_document_code_lens_async(params) or ())


async def test_a_command_is_asked_about_in_a_message(place: Place) -> None:
    place.play([run_command("touch made")], [say("Done.")])
    async with editor(place, thread=ASKING | {"sandbox": "danger-full-access"}) as client:
        await ask_agent(client)
        asked = await client.until("window/showMessageRequest")
        assert asked.message.startswith(f"May the agent run this in {place.project}?\n")
        assert "touch made" in asked.message
        titles = [action.title for action in asked.actions]
        assert titles[:2] == ["Allow", "Allow for this session"]
        assert titles[-2:] == ["Decline", "Decline and stop"]
        await client.until("turn/completed")
    assert (place.project / "made").exists()


async def test_a_message_that_is_closed_declines(place: Place) -> None:
    place.play([run_command("touch made")], [say("Done.")])
    async with editor(place, thread=ASKING) as client:
        client.choice = None
        await ask_agent(client)
        assert (await client.until("turn/completed")).turn.status == "completed"
        declined = client.seen("item/completed")
        assert "declined" in [getattr(each.item, "status", None) for each in declined]
    assert not (place.project / "made").exists()


async def test_declining_can_stop_the_turn(place: Place) -> None:
    place.play([run_command("touch made")], [say("Done.")])
    async with editor(place, thread=ASKING) as client:
        client.choice = "Decline and stop"
        await ask_agent(client)
        assert (await client.until("turn/completed")).turn.status == "interrupted"


async def test_a_pending_patch_has_lenses_that_decide_it(place: Place) -> None:
    """The message that asked the same is withdrawn."""
    path = place.project / "a.py"
    path.write_text("one\ntwo\n")
    place.play([patch(CHANGE)], [say("Done.")])
    async with editor(place, thread=ASKING) as client:
        buffer = client.open(path)
        never = anyio.Event()

        async def wait_for_ever(_params: types.ShowMessageRequestParams) -> None:
            await never.wait()

        features: dict[str, Any] = cast("Any", client.protocol.fm).features
        features[types.WINDOW_SHOW_MESSAGE_REQUEST] = wait_for_ever
        await ask_agent(client)
        asked = await client.until("window/showMessageRequest")
        assert asked.message == f"May the agent change these files?\nupdate {path}"
        assert client.seen("workspace/codeLens/refresh")
        accept, decline = await lenses(client, buffer.uri)
        assert (accept.command.title, decline.command.title) == (
            "Accept the agent's change",
            "Decline the agent's change",
        )
        assert accept.range.start.line == 0
        assert await lenses(client, (place.project / "b.py").as_uri()) == []
        await client.execute(accept.command.command, *accept.command.arguments)
        await client.until("$/cancelRequest")
        assert (await client.until("turn/completed")).turn.status == "completed"
        assert buffer.text == path.read_text() == "one\nthree\n"
        assert await lenses(client, buffer.uri) == []


async def test_a_client_that_answers_server_requests_is_asked_with_them(place: Place) -> None:
    place.play([run_command("touch made")], [say("Done.")])
    async with editor(place, thread=ASKING, approvals="request") as client:
        asked = anyio.Event()

        def decide(params: Any) -> dict[str, str]:
            assert params.approvalId
            asked.set()
            return {"decision": "decline"}

        client.feature("item/commandExecution/requestApproval")(decide)

        await ask_agent(client)
        await client.until("turn/completed")
        assert asked.is_set()
        assert not client.seen("window/showMessageRequest")


async def test_a_client_may_be_told_and_answer_when_it_likes(place: Place) -> None:
    place.play([run_command("touch made")], [say("Done.")])
    async with editor(place, thread=ASKING, approvals="notify") as client:
        await ask_agent(client)
        told = await client.until("approval/requested")
        answer = {"approvalId": told.approval.approvalId, "decision": "decline"}
        await client.ask("approval/respond", answer)
        await client.until("turn/completed")
        assert not client.seen("window/showMessageRequest")


async def test_a_question_with_options_is_answered_by_a_button(place: Place) -> None:
    options = [{"label": label, "description": label} for label in ("Red", "Blue")]
    question = {"id": "colour", "header": "Colour", "question": "Which?", "options": options}
    call = {
        "type": "functionCall",
        "name": "request_user_input",
        "arguments": {"questions": [question]},
    }
    place.play([call], [say("Done.")])
    async with editor(place) as client:
        client.choice = "Blue"
        await ask_agent(client)
        assert (await client.until("window/showMessageRequest")).message == "Which?"
        await client.until("turn/completed")
    outputs = [line["payload"].get("output", "") for line in place.rollout_lines()]
    assert any("Blue" in str(output) for output in outputs)
