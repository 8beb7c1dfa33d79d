"""Servers that are processes, most of which do what servers should not: others go on unharmed."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from codex_rpc.errors import McpError, McpServerNotFoundError
from codex_rpc.managers.mcp.message_lines import LONGEST_MESSAGE
from codex_rpc.managers.mcp.port import (
    ElicitAnswer,
    ElicitRequest,
    FormElicitation,
    McpCallOptions,
)
from codex_rpc.managers.mcp.view import ThreadMcp
from tests.unit.managers.mcp.odd_servers import (
    AT_ONCE,
    OPTIONS,
    PATIENCE,
    Starts,
    call,
    config_of,
    is_gone,
    manager_in,
    odd,
    ready,
    said,
    until,
)


def state_of(view: ThreadMcp, server: str = "odd") -> tuple[str, str | None]:
    (found,) = [status for status in view.statuses() if status.name == server]
    return found.state, found.error


async def test_a_tool_gives_its_result(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well")))
        result = await call(view, "echo", text="hello ✓")
    assert result.content == [{"type": "text", "text": "hello ✓"}]
    assert not result.is_error


async def test_a_hanging_server_costs_the_others_nothing(tmp_path: Path) -> None:
    """`servers_for`, the tools that are there, and calls to others wait for nobody."""
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(good=odd("well"), hanging=odd("hang")))
        assert view.tools_now() == []
        assert said(await call(view, "echo", server="good", text="here")) == "here"
        assert {tool.server for tool in view.tools_now()} == {"good"}
        assert state_of(view, "hanging") == ("starting", None)


async def test_a_server_that_does_not_answer_in_its_time_has_failed(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("hang", startup_timeout_sec=0.3)))
        await ready(view)
        assert state_of(view) == (
            "failed",
            "did not answer within 0.3 s; mcp_servers.odd.startup_timeout_sec may allow more",
        )


async def test_a_server_that_ends_at_its_start_is_reported_with_its_last_words(
    tmp_path: Path,
) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("die")))
        await ready(view)
        assert state_of(view) == ("failed", "exited with code 4: no database\nno luck")
        with pytest.raises(McpError, match=r"`odd` is not available: exited with code 4: no data"):
            await call(view, "echo")


async def test_a_command_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd={"command": "no-such-command"}))
        await ready(view)
        assert state_of(view) == ("failed", "command not found: no-such-command")


async def test_calls_of_a_server_that_dies_fail_at_once_and_the_next_starts_it_again(
    tmp_path: Path,
) -> None:
    starts = Starts(tmp_path / "starts")
    async with manager_in(tmp_path, AT_ONCE) as manager:
        view = manager.servers_for(config_of(odd=odd("well", starts.file)))
        await ready(view)
        failures: list[str] = []

        async def wait_in_vain() -> None:
            with pytest.raises(McpError) as failure:
                await call(view, "wait")
            failures.append(str(failure.value))

        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(wait_in_vain)
                await starts.saw("waiting")
                with pytest.raises(McpError) as failure:
                    await call(view, "die")
                failures.append(str(failure.value))
        reason = "MCP server `odd` is not available: exited with code 3: I am dying"
        assert failures == [reason, reason]
        assert said(await call(view, "echo", text="again")) == "again"
    assert starts.count == 2


async def test_a_call_that_takes_too_long_fails_and_the_server_is_told(tmp_path: Path) -> None:
    starts = Starts(tmp_path / "starts")
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well", starts.file, tool_timeout_sec=0.2)))
        with pytest.raises(McpError) as failure:
            await call(view, "wait")
        assert str(failure.value) == (
            "timed out: MCP server `odd` took longer than 0.2 s for tool `wait`"
        )
        await starts.saw("cancelled")
        assert said(await call(view, "echo", text="still here")) == "still here"


async def test_a_cancelled_call_cancels_it_at_the_server(tmp_path: Path) -> None:
    starts = Starts(tmp_path / "starts")
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well", starts.file)))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call, view, "wait")
            await starts.saw("waiting")
            tasks.cancel_scope.cancel()
        await starts.saw("cancelled")


async def test_garbage_between_the_messages_does_no_harm(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("garbage")))
        assert said(await call(view, "echo", text="clear")) == "clear"


async def test_a_server_may_complain_as_much_as_it_likes(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("loud")))
        assert said(await call(view, "echo", text="calm")) == "calm"


async def test_a_flooding_server_leaves_the_others_their_time(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(
            config_of(good=odd("well"), odd=odd("flood", startup_timeout_sec=60))
        )
        await call(view, "echo", server="good")
        for round_ in range(50):
            assert said(await call(view, "echo", server="good", text=str(round_))) == str(round_)
        assert state_of(view) == ("starting", None)


async def test_a_large_result_arrives_whole(tmp_path: Path) -> None:
    size = LONGEST_MESSAGE - 1024
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well")))
        assert len(said(await call(view, "large", size=size))) == size


async def test_a_message_without_bounds_is_not_kept(tmp_path: Path) -> None:
    async with manager_in(tmp_path, AT_ONCE) as manager:
        view = manager.servers_for(config_of(odd=odd("well"), endless=odd("endless-line")))
        with pytest.raises(McpError, match=r"is not available: sent a message that is too long"):
            await call(view, "large", size=2 * LONGEST_MESSAGE)
        with pytest.raises(McpError, match=r"is not available: sent a message that is too long"):
            await call(view, "echo", server="endless")
        assert said(await call(view, "echo", text="fresh")) == "fresh"


async def test_a_result_that_breaks_the_protocol_fails_the_call_alone(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well")))
        with pytest.raises(McpError, match=r"`odd` gave an answer that breaks the protocol"):
            await call(view, "wrong")
        with pytest.raises(McpError, match=r"`odd` refused: no such method"):
            await view.read_resource("odd", "x://y", OPTIONS)
        assert said(await call(view, "echo", text="fine")) == "fine"


@pytest.mark.parametrize(
    "rest",
    [
        "",
        ', "result": null',
        ', "result": [1]',
        ', "error": "no"',
        f', "result": {{"content": [], "structuredContent": {"[" * 300}{"]" * 300}}}',
    ],
    ids=["nothing", "null", "list", "text", "deep"],
)
async def test_an_answer_that_is_none_fails_its_call_at_once(tmp_path: Path, rest: str) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well")))
        with pytest.raises(McpError, match=r"`odd` gave an answer that breaks the protocol"):
            await call(view, "raw", rest=rest)
        assert said(await call(view, "echo", text="fine")) == "fine"


async def test_half_a_character_in_a_result_costs_no_more_than_itself(tmp_path: Path) -> None:
    """Servers that cut texts after so many UTF-16 units send such halves, spelled as escapes."""
    content = r"""[{"type": "text", "text": "whole \ud83d\ude00, half \ud83d"}]"""
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well")))
        result = await call(view, "raw", rest=f', "result": {{"content": {content}}}')
    assert said(result) == "whole 😀, half \ufffd"


async def test_an_error_of_the_servers_own_does_not_end_the_connection(tmp_path: Path) -> None:
    """The SDK reports a closed connection by a code that servers use for anything."""
    error = '{"code": -32000, "message": "no such note"}'
    starts = Starts(tmp_path / "starts")
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well", starts.file)))
        with pytest.raises(McpError, match=r"`odd` refused: no such note"):
            await call(view, "raw", rest=f', "error": {error}')
        assert said(await call(view, "echo", text="fine")) == "fine"
    assert starts.count == 1


async def test_a_server_that_ends_keeps_its_tools_until_it_fails_to_come_back(
    tmp_path: Path,
) -> None:
    """A model that calls again at once must not be told that there is no such tool."""
    async with manager_in(tmp_path, AT_ONCE) as manager:
        view = manager.servers_for(config_of(odd=odd("once", tmp_path / "starts")))
        with pytest.raises(McpError, match="exited with code 3"):
            await call(view, "die")
        assert view.find("mcp__odd", "echo") is not None
        with pytest.raises(McpError, match="exited with code 5"):
            await call(view, "echo")
        assert view.find("mcp__odd", "echo") is None


async def test_lies_about_tools_cost_no_tool_that_is_described_well(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("lie")))
        await ready(view)
        schemas = {tool.tool: tool.parameters for tool in view.tools_now()}
    nothing: dict[str, Any] = {"type": "object", "properties": {}}
    assert schemas == {
        "no-schema": nothing,
        "wild": nothing,
        "dangling": {"type": "object", "properties": {"a": {}}},
        "circle": nothing,
        "honest": {"type": "object", "properties": {"n": {"type": "integer"}}},
    }


async def test_a_list_of_tools_that_never_ends_is_cut(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("endless")))
        await ready(view)
        assert state_of(view) == ("ready", None)
        assert len({tool.tool for tool in view.tools_now()}) == len(view.tools_now())


async def test_new_tools_are_noticed(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well")))
        await call(view, "grow")
        await until(lambda: view.find("mcp__odd", "grown") is not None)


async def test_a_server_gets_a_small_environment(tmp_path: Path) -> None:
    """Neither our credentials nor the rest of our environment; what is configured, it gets."""
    environ = {
        "HOME": "/home/me",
        "OPENAI_API_KEY": "secret",
        "AWS_SECRET": "secret",
        "WANTED": "yes",
        "LANG": "C.UTF-8",
    }
    async with manager_in(tmp_path, environ=environ) as manager:
        server = odd("well", env={"SET": "1"}, env_vars=["WANTED", "OPENAI_API_KEY", "UNSET"])
        view = manager.servers_for(config_of(odd=server))
        seen = json.loads(said(await call(view, "environment")))
    assert seen["cwd"] == str(tmp_path)
    ours = {name: value for name, value in seen["env"].items() if "CODEX_RPC" not in name}
    assert ours == {
        "HOME": "/home/me",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "SET": "1",
        "WANTED": "yes",
    }


class Person:
    """Answers questions when the test lets him."""

    def __init__(self, *, patient: bool = False) -> None:
        self.asked: list[tuple[str, ElicitRequest]] = []
        self.was_asked = anyio.Event()
        self.was_left = anyio.Event()
        self.may_answer = anyio.Event()
        if not patient:
            self.may_answer.set()

    async def elicit(self, server: str, request: ElicitRequest) -> ElicitAnswer:
        self.asked.append((server, request))
        self.was_asked.set()
        try:
            await self.may_answer.wait()
        finally:
            self.was_left.set()
        return ElicitAnswer("accept", {"n": "me"})


async def test_a_question_of_the_server_reaches_the_user_and_the_answer_the_server(
    tmp_path: Path,
) -> None:
    person = Person()
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well")))
        result = await view.call("odd", "ask", {}, McpCallOptions(elicitor=person))
    assert json.loads(said(result)) == {"action": "accept", "content": {"n": "me"}}
    schema = {"type": "object", "properties": {"n": {"type": "string"}}}
    assert person.asked == [("odd", FormElicitation("Who are you?", schema))]


async def test_a_question_that_nobody_can_answer_is_cancelled(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well")))
        assert json.loads(said(await call(view, "ask"))) == {"action": "cancel"}


async def test_the_time_that_a_user_takes_does_not_count(tmp_path: Path) -> None:
    person = Person(patient=True)
    results: list[str] = []
    async with manager_in(tmp_path) as manager, anyio.create_task_group() as tasks:
        view = manager.servers_for(config_of(odd=odd("well")))
        await ready(view)

        async def ask() -> None:
            options = McpCallOptions(elicitor=person, timeout_s=1.0)
            results.append(said(await view.call("odd", "ask", {}, options)))

        tasks.start_soon(ask)
        with anyio.fail_after(PATIENCE):
            await person.was_asked.wait()
            await anyio.sleep(1.1)  # longer than the call may take
            person.may_answer.set()
    assert json.loads(results[0])["action"] == "accept"


async def test_what_a_server_asks_ends_with_its_call(tmp_path: Path) -> None:
    person = Person(patient=True)
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well")))
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                options = McpCallOptions(elicitor=person)
                tasks.start_soon(view.call, "odd", "ask", None, options)
                await person.was_asked.wait()
                tasks.cancel_scope.cancel()
            await person.was_left.wait()
        assert said(await call(view, "echo", text="fine")) == "fine"


async def test_a_server_that_does_not_want_to_end_is_ended(tmp_path: Path) -> None:
    starts = Starts(tmp_path / "starts")
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("stubborn", starts.file)))
        await ready(view)
    assert is_gone(starts.pid)


async def test_what_is_not_configured_is_not_there(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(odd=odd("well", enabled=False)))
        assert state_of(view) == ("disabled", None)
        with pytest.raises(McpServerNotFoundError, match="unknown MCP server 'odd'"):
            await call(view, "echo")
