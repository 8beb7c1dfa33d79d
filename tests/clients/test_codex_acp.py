"""`@agentclientprotocol/codex-acp` from npm, unmodified: how editors that speak ACP reach us.

Below it is this server, above it an editor of our own.
"""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.clients.acp_editor import Editor, Message, editor_of, said
from tests.clients.client_place import ClientPlace
from tests.clients.packages import Packages, node
from tests.support import tiny_mcp

VERSION = "2.6.0"

pytestmark = pytest.mark.slow


@pytest.fixture
def adapter(packages: Packages) -> Path:
    return packages.tarball_from_npm("@agentclientprotocol/codex-acp", VERSION) / "dist/index.js"


@asynccontextmanager
async def editor_in(place: ClientPlace, adapter: Path) -> AsyncGenerator[Editor]:
    environ = {**place.environ, "CODEX_PATH": str(place.codex)}
    async with editor_of([node(), str(adapter)], environ, place.root / "stderr.log") as editor:
        await editor.ask("initialize", protocolVersion=1, clientCapabilities={})
        yield editor


def in_project(place: ClientPlace) -> Message:
    """Where a session works, and a server that the editor brings along."""
    brought = {"name": "brought", "command": sys.executable, "args": [tiny_mcp.__file__]}
    return {"cwd": str(place.project), "mcpServers": [{**brought, "env": []}]}


async def new_session(editor: Editor, place: ClientPlace, mode: str = "workspace-write") -> str:
    session: str = (await editor.ask("session/new", **in_project(place)))["sessionId"]
    await editor.ask("session/set_mode", sessionId=session, modeId=mode)
    return session


async def test_the_agent_talks_works_and_uses_the_tools_it_has(
    place: ClientPlace, adapter: Path
) -> None:
    async with editor_in(place, adapter) as editor:
        session = await new_session(editor, place)
        assert (await editor.prompt(session, "Hi")).text() == "Hello there"
        ran = await editor.prompt(session, "run echo one > one.txt && cat one.txt")
        assert ran.tool_calls() == [
            ("execute", "echo one > one.txt && cat one.txt", "completed"),
        ]
        assert ran.text().endswith("Output:\none\n")
        patched = await editor.prompt(session, "create made.txt")
        assert patched.tool_calls() == [("edit", "Editing files", "completed")]
        for server in ("notes", "brought"):
            called = await editor.prompt(session, f'call mcp__{server}/add {{"a": 1, "b": 2}}')
            assert called.tool_calls() == [("execute", f"mcp.{server}.add", "completed")]
            assert called.text() == "Then: 3"
        assert called.questions == []
    assert (place.project / "made.txt").read_text() == "hello\n"
    assert place.refusals() == {}


async def test_the_user_decides_about_commands(place: ClientPlace, adapter: Path) -> None:
    async with editor_in(place, adapter) as editor:
        session = await new_session(editor, place)
        once = await editor.prompt(session, "escalate touch once.txt")
        [question] = once.questions
        assert question["toolCall"]["title"] == "touch once.txt"
        assert {option["kind"] for option in question["options"]} == {
            "allow_once",
            "allow_always",
            "reject_once",
        }
        refused = await editor.prompt(session, "escalate touch never.txt", "reject_once")
        assert refused.tool_calls() == [("execute", "touch never.txt", "failed")]
        always = await editor.prompt(session, "escalate touch always.txt", "allow_always")
        assert len(always.questions) == 1
        again = await editor.prompt(session, "escalate touch always.txt", "reject_once")
        assert (again.questions, again.tool_calls()[0][2]) == ([], "completed")
    assert not (place.project / "never.txt").exists()
    assert (place.project / "once.txt").exists()
    assert place.refusals() == {}


async def test_the_modes_are_what_they_are_called(place: ClientPlace, adapter: Path) -> None:
    async with editor_in(place, adapter) as editor:
        session = await new_session(editor, place, "read-only")
        refused = await editor.prompt(session, "run touch one.txt", "reject_once")
        assert refused.tool_calls()[0][2] == "failed"
        await editor.ask("session/set_mode", sessionId=session, modeId="agent-full-access")
        allowed = await editor.prompt(session, "run touch two.txt", "reject_once")
        assert (allowed.questions, allowed.tool_calls()[0][2]) == ([], "completed")
    assert [path.name for path in place.project.iterdir()] == ["two.txt"]


@pytest.mark.parametrize("wish", ["wait", "run echo begun && sleep 1000"])
async def test_a_prompt_is_cancelled(wish: str, place: ClientPlace, adapter: Path) -> None:
    async with editor_in(place, adapter) as editor:
        session = await new_session(editor, place)
        request = await editor.begin("session/prompt", sessionId=session, prompt=said(wish))
        shown = ("agent_message_chunk", "tool_call_update")
        await editor.until(lambda: any(editor.heard.named(kind) for kind in shown))
        await editor.tell("session/cancel", sessionId=session)
        assert (await editor.answer(request))["stopReason"] == "cancelled"
        assert (await editor.prompt(session, "Hi")).text() == "Hello there"


async def test_sessions_are_listed_loaded_forked_and_deleted(
    place: ClientPlace, adapter: Path
) -> None:
    async with editor_in(place, adapter) as editor:
        session = await new_session(editor, place)
        await editor.prompt(session, "Hi")
        await editor.prompt(session, "run echo one")
        fork = (await editor.ask("session/fork", sessionId=session, **in_project(place)))[
            "sessionId"
        ]
        assert (await editor.prompt(fork, "Hi")).text() == "Hello there"
        await editor.ask("session/close", sessionId=session)
    async with editor_in(place, adapter) as editor:
        listed = (await editor.ask("session/list", cwd=str(place.project)))["sessions"]
        assert {entry["sessionId"] for entry in listed} == {session, fork}
        assert {entry["title"] for entry in listed} == {"Hi"}
        await editor.ask("session/load", sessionId=session, **in_project(place))
        said_before = [
            update["content"]["text"] for update in editor.heard.named("user_message_chunk")
        ]
        assert said_before == ["Hi", "run echo one"]
        assert editor.heard.tool_calls() == [("execute", "echo one", "completed")]
        assert (await editor.prompt(session, "Hi")).text() == "Hello there"
        await editor.ask("session/delete", sessionId=session)
        left = (await editor.ask("session/list"))["sessions"]
        assert [entry["sessionId"] for entry in left] == [fork]
    assert list(place.refusals()) == ["thread/goal/get"]


async def test_its_commands_show_compact_and_review(place: ClientPlace, adapter: Path) -> None:
    async with editor_in(place, adapter) as editor:
        session = await new_session(editor, place)
        await editor.prompt(session, "Hi")
        assert "**Directory:**" in (await editor.prompt(session, "/status")).text()
        assert "`brought`: 1 tool" in (await editor.prompt(session, "/mcp")).text()
        compacted = await editor.prompt(session, "/compact")
        assert compacted.tool_calls() == [("think", "Compact conversation", "completed")]
        assert "Hello there" in (await editor.prompt(session, "/review")).text()
    assert list(place.refusals()) == ["account/rateLimits/read"]


async def test_models_and_efforts_are_chosen(place: ClientPlace, adapter: Path) -> None:
    async with editor_in(place, adapter) as editor:
        made = await editor.ask("session/new", **in_project(place))
        options = {option["id"]: option for option in made["configOptions"]}
        assert options["model"]["currentValue"] == "gpt-5.5"
        other = next(o["value"] for o in options["model"]["options"] if o["value"] != "gpt-5.5")
        for name, value in (("model", other), ("reasoning_effort", "low")):
            await editor.ask(
                "session/set_config_option",
                sessionId=made["sessionId"],
                configId=name,
                value=value,
            )
        await editor.prompt(made["sessionId"], "Hi")
    last = [request["params"] for request in place.requests() if request["method"] == "turn/start"]
    chosen = [(turn["model"], turn.get("effort")) for turn in last if "sandboxPolicy" in turn]
    assert chosen == [(other, "low")]
