"""Calls as no model should make them, with the real server: each fails alone, and clearly."""

import json
from collections.abc import Sequence
from typing import Any

from tests.e2e.server_process import (
    FULL_ACCESS,
    INITIALIZE,
    AppServer,
    Message,
    Place,
    app_server,
    named,
    run_command,
    run_server,
    say,
    thread_start,
    turn_submit,
)
from tests.responses_server import (
    ResponsesServer,
    Stream,
    completed,
    created,
    item_done,
    text_events,
)

TOOLS = [
    "shell",
    "shell_command",
    "exec_command",
    "write_stdin",
    "apply_patch",
    "update_plan",
    "view_image",
    "read_file",
    "list_dir",
    "grep_files",
    "request_user_input",
    "request_permissions",
    "spawn_agent",
    "wait_agent",
    "close_agent",
    "no_such_tool",
]

ARGUMENTS = [
    "",
    "{",
    "[]",
    "null",
    "{}",
    '{"command": [""]}',
    '{"command": ["\\u0000"], "cmd": "\\u0000", "path": "\\u0000"}',
    '{"command": "\\ud800"}',
    '{"command": ["true"], "workdir": "/no/such/folder"}',
    '{"command": ["true"], "workdir": "\\u0000"}',
    '{"command": ["true"], "timeout_ms": 1e400}',
    '{"cmd": "true", "yield_time_ms": 1e308}',
    '{"session_id": 99999999999999999999999}',
    '{"path": "/dev/zero", "file_path": "/dev/zero", "dir_path": "/dev/zero"}',
    '{"pattern": "(", "targets": [1], "plan": 3}',
    "[" * 20_000,
]
SHOWN_BYTES = 10_000 * 8 * 1024
"""The most that a client is shown live of one command."""


def calling(items: Sequence[Message]) -> Stream:
    return Stream([created(), *map(item_done, items), completed()])


def nonsense() -> list[Message]:
    """Every tool with all of these arguments, and called as the other kind of tool."""
    functions = [(tool, arguments) for tool in TOOLS for arguments in ARGUMENTS]
    calls: list[Message] = [
        {"type": "function_call", "name": tool, "arguments": arguments, "call_id": f"f{number}"}
        for number, (tool, arguments) in enumerate(functions)
    ]
    return calls + [
        {"type": "custom_tool_call", "name": tool, "input": "what?", "call_id": f"c{number}"}
        for number, tool in enumerate(TOOLS)
    ]


def answers(model: ResponsesServer) -> list[tuple[str, Any]]:
    """What the model was told of its calls, in order."""
    told = model.requests[-1].body["input"]
    return [(item["call_id"], item["output"]) for item in told if item["type"].endswith("_output")]


def items_by_id(messages: Sequence[Message], method: str) -> dict[str, Message]:
    items = [params["item"] for params in named(messages, method)]
    by_id = {item["id"]: item for item in items}
    assert len(by_id) == len(items)
    return by_id


async def stored_items(server: AppServer) -> dict[str, Message]:
    params = {"threadId": server.thread_id, "includeTurns": True}
    read = (await server.call("thread/read", params))["thread"]
    return {item["id"]: item for turn in read["turns"] for item in turn["items"]}


async def test_calls_that_make_no_sense_fail_one_by_one(place: Place) -> None:
    """One end, an output for every call, and what is stored is what was shown."""
    calls = nonsense()
    with ResponsesServer([calling(calls), Stream(text_events("Well."))]) as model:
        url = f'model_providers.odd.base_url="{model.url}"'
        arguments = ["-c", "model_provider=odd", "-c", url, "-c", "model=odd"]
        async with app_server(place, arguments=arguments) as server:
            await server.initialize()
            await server.start_thread(place, **FULL_ACCESS)
            assert (await server.turn())["status"] == "completed"
            shown = items_by_id(server.seen, "item/completed")
            assert items_by_id(server.seen, "item/started").keys() == shown.keys()
            assert await stored_items(server) == shown
    told = answers(model)
    assert [call_id for call_id, _ in told] == [call["call_id"] for call in calls]
    assert "internal error" not in json.dumps(told)
    assert place.stderr.read_text() == ""


def test_what_a_client_is_shown_of_a_command_is_bounded(place: Place) -> None:
    """A command may write a gigabyte; a client does not want to hear all of it."""
    size = 2 * SHOWN_BYTES
    place.play([run_command(f"head -c {size} /dev/zero | tr '\\0' x")], [say("Done.")])
    initialized = {"method": "initialized"}
    messages = run_server(place, INITIALIZE, initialized, thread_start(place), turn_submit())
    deltas = named(messages, "item/commandExecution/outputDelta")
    assert 0 < sum(len(params["delta"]) for params in deltas) <= SHOWN_BYTES
    [item] = [p["item"] for p in named(messages, "item/completed") if "command" in p["item"]]
    assert (item["status"], item["exitCode"]) == ("completed", 0)
