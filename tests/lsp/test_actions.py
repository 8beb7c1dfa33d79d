"""What the editor offers the user: code actions, commands, and what becomes of them."""

from pathlib import Path
from typing import Any, cast

import anyio
from lsprotocol import types

from tests.e2e.server_process import Place, patch, run_command, say
from tests.lsp.editor import EditorClient, capabilities, editor

NOTHING = types.Range(types.Position(1, 0), types.Position(1, 0))
SELECTED = types.Range(types.Position(0, 0), types.Position(2, 0))
FULL = {"sandbox": "danger-full-access", "approvalPolicy": "never"}
MEND = """\
*** Begin Patch
*** Update File: a.py
@@
-    return a - b
+    return a + b
*** End Patch
"""


def problem(message: str, line: int = 1) -> types.Diagnostic:
    place = types.Range(types.Position(line, 4), types.Position(line, 16))
    severity = types.DiagnosticSeverity.Error
    return types.Diagnostic(place, message, severity, code="E1", source="linter")


async def offered(
    client: EditorClient,
    uri: str,
    place: types.Range = NOTHING,
    *problems: types.Diagnostic,
    only: list[str] | None = None,
) -> list[Any]:
    context = types.CodeActionContext(list(problems), only=only)
    found = await client.text_document_code_action_async(
        types.CodeActionParams(types.TextDocumentIdentifier(uri), place, context)
    )
    return list(found or ())


async def perform(client: EditorClient, action: Any) -> Any:
    return await client.execute(action.command.command, *action.command.arguments)


def code(place: Place) -> Path:
    path = place.project / "a.py"
    path.write_text("def add(a, b):\n    return a - b\n")
    return path


def said_by_the_user(place: Place) -> list[str]:
    found: list[str] = []
    for line in place.rollout_lines():
        payload = line["payload"]
        if payload.get("type") == "message" and payload["role"] == "user":
            found += [part["text"] for part in payload["content"]]
    return found


async def test_actions_are_offered_for_problems_and_selections(place: Place) -> None:
    path = code(place)
    async with editor(place) as client:
        uri = client.open(path).uri
        assert [each.title for each in await offered(client, uri)] == ["Explain with the agent"]
        assert [each.title for each in await offered(client, uri, SELECTED)] == [
            "Explain with the agent",
            "Write a test with the agent",
        ]
        long = problem("wrong\n  operator " + "x" * 100)
        found = await offered(client, uri, NOTHING, problem("Wrong operator"), long)
        assert [(each.title, each.kind) for each in found] == [
            ("Fix with the agent: Wrong operator", "quickfix"),
            ("Fix with the agent: wrong operator " + "x" * 44 + "…", "quickfix"),
            ("Fix all 2 problems here with the agent", "quickfix"),
            ("Explain with the agent", "source.explain"),
        ]
        assert list(found[0].diagnostics) == [problem("Wrong operator")]
        only = await offered(client, uri, SELECTED, problem("x"), only=["source", "refactor"])
        assert [each.kind for each in only] == ["source.explain", "refactor.test"]


async def test_a_client_that_knows_no_code_actions_gets_commands(place: Place) -> None:
    path = code(place)
    declared: Any = capabilities()
    declared.text_document.code_action.code_action_literal_support = None
    async with editor(place, declared=declared) as client:
        (command,) = await offered(client, client.open(path).uri)
        assert (command.title, command.command) == ("Explain with the agent", "codex-rpc.explain")


async def test_a_problem_is_fixed_in_the_buffer(place: Place) -> None:
    path = code(place)
    place.play([patch(MEND)], [say("It added where it should subtract.")])
    async with editor(place, thread=FULL) as client:
        buffer = client.open(path)
        wrong = problem("Wrong operator")
        fix, *_ = await offered(client, buffer.uri, NOTHING, wrong)
        begun = await perform(client, fix)
        completed = await client.until("turn/completed")
        assert begun == {"threadId": completed.threadId, "turnId": completed.turn.id}
        assert "return a + b" in buffer.text
        shown = await client.until("window/showMessage")
        assert shown.message == "It added where it should subtract."
    assert said_by_the_user(place)[-1] == (
        "Fix this problem in `a.py`, line 2:\n\n"
        "- Wrong operator (error, linter E1, line 2)\n\n"
        "```python\n    return a - b\n```\n\n"
        "The file is open in an editor and may have changes that are not saved yet: read it with "
        "`read_file`, and change it with `apply_patch`."
    )


async def test_an_explanation_opens_as_a_document_and_changes_nothing(place: Place) -> None:
    path = code(place)
    place.play([run_command("touch forbidden")], [say("# It adds\n\nTwo numbers.")])
    async with editor(place, thread=FULL) as client:
        uri = client.open(path).uri
        (explain, _) = await offered(client, uri, SELECTED)
        begun = await perform(client, explain)
        await client.until("window/showDocument")
        await client.ask("thread/loaded/list", {})
        shown = anyio.Path(client.shown_documents[0].uri.removeprefix("file://"))
        assert await shown.read_text() == "# It adds\n\nTwo numbers.\n"
        assert not client.seen("window/showMessage")
        left = await client.ask("thread/unsubscribe", {"threadId": begun["threadId"]})
        assert left.status == "notSubscribed"
    assert not (place.project / "forbidden").exists()
    assert not place.rollouts()
    assert not await shown.exists()


async def test_an_answer_is_a_message_if_documents_cannot_be_shown(place: Place) -> None:
    place.play([say("One line.\nAnother.")])
    declared: Any = capabilities()
    declared.window.show_document = None
    async with editor(place, declared=declared) as client:
        await client.execute("codex-rpc.ask", "Why?")
        assert (await client.until("window/showMessage")).message == "One line.\nAnother."


async def test_a_failed_turn_is_told(place: Place) -> None:
    place.play([{"type": "error", "message": "The model is out.", "status": 400}])
    async with editor(place) as client:
        await client.execute("codex-rpc.ask", "Why?")
        shown = await client.until("window/showMessage")
        assert shown.type == types.MessageType.Error
        assert "The model is out." in shown.message


async def test_the_methods_of_the_server_are_commands_too(place: Place) -> None:
    """They go through the same dispatcher: what they cause is told after their answer."""
    place.play([say("Hi.")])
    async with editor(place) as client:
        started = await client.execute("codex-rpc.thread.start", {"cwd": str(place.project)})
        begun = await client.execute(
            "codex-rpc.turn.submit", {"input": [{"type": "text", "text": "Go"}]}
        )
        completed = await client.until("turn/completed")
        assert completed.turn.id == begun["turn"]["id"]
        listed = await client.execute("codex-rpc.thread.loaded.list")
        assert listed["data"] == [started["thread"]["id"]]


async def test_a_turn_shows_its_progress_and_can_be_cancelled(place: Place) -> None:
    place.play([run_command("echo begun; sleep 300")], [say("Done.")])
    async with editor(place, thread=FULL) as client:
        await client.execute("codex-rpc.ask", "Go")
        await client.until("item/commandExecution/outputDelta")
        found: dict[str, list[Any]] = cast("Any", client.progress_reports)
        ((token, reports),) = found.items()
        assert reports[0] == types.WorkDoneProgressBegin(
            title="Agent", cancellable=True, message=reports[0].message
        )
        assert reports[-1].message.startswith("running ")
        client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
        assert (await client.until("turn/completed")).turn.status == "interrupted"
        while reports[-1].kind != "end":
            await client.until("$/progress")
        assert reports[-1].message == "interrupted"


async def test_a_command_interrupts_the_turn(place: Place) -> None:
    place.play([run_command("echo begun; sleep 300")], [say("Done.")])
    async with editor(place, thread=FULL) as client:
        await client.execute("codex-rpc.ask", "Go")
        await client.until("item/commandExecution/outputDelta")
        await client.execute("codex-rpc.interrupt")
        await client.execute("codex-rpc.interrupt")
        assert (await client.until("turn/completed")).turn.status == "interrupted"
