"""Turns of the real process, with pytest-lsp at the other end of the pipe."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig

from tests.e2e.ndjson_client import NdjsonClient
from tests.e2e.server_process import (
    ASKING,
    COMMAND,
    FULL_ACCESS,
    Message,
    Place,
    patch,
    processes_with,
    run_command,
    say,
)

COMMAND_QUESTION = "item/commandExecution/requestApproval"
PATCH_QUESTION = "item/fileChange/requestApproval"
ADD_FILE = "*** Begin Patch\n*** Add File: made.txt\n+hello\n*** End Patch\n"


@asynccontextmanager
async def connected(place: Place, **settings: Any) -> AsyncGenerator[tuple[NdjsonClient, str]]:
    """A client with a thread in the project; the server must end well."""
    config = ClientServerConfig(
        server_command=[*COMMAND, "app-server", *place.arguments],
        client_factory=NdjsonClient,
        server_env=place.environ,
    )
    client = await config.start()
    assert isinstance(client, NdjsonClient)
    try:
        yield client, await client.begin(str(place.project), **settings)
    finally:
        exit_code = await client.end()
    assert exit_code == 0


def answering(client: NdjsonClient, method: str, decision: str) -> None:
    """Answer questions of that kind by JSON-RPC response; without this they stay unanswered."""

    def answer(params: Message) -> Message:
        return {"decision": decision}

    client.feature(method)(answer)


async def test_a_turn_streams_its_text_and_ends_once(place: Place) -> None:
    """The mission: start a thread, submit a turn, watch its events, in the protocol's order."""
    place.play([say("Hello there.", chunkSize=4)])
    async with connected(place, **FULL_ACCESS) as (client, thread_id):
        submitted = await client.submit("Hi")
        ended = await client.event("turn/completed")
        names = [name for name, _ in client.events]
        deltas = [params["delta"] for name, params in client.events if name.endswith("/delta")]
    assert submitted["disposition"] == "started"
    assert submitted["turn"]["status"] == "inProgress"
    assert ended["threadId"] == thread_id
    assert ended["turn"]["id"] == submitted["turn"]["id"]
    assert ended["turn"]["status"] == "completed"
    assert ended["turn"]["items"][0]["text"] == "Hello there."
    assert deltas == ["Hell", "o th", "ere."]
    assert names == [
        "thread/started",
        "thread/status/changed",
        "turn/started",
        "item/started",
        "item/completed",
        "item/started",
        "item/agentMessage/delta",
        "item/agentMessage/delta",
        "item/agentMessage/delta",
        "item/completed",
        "thread/tokenUsage/updated",
        "account/rateLimits/updated",
        "thread/status/changed",
        "turn/completed",
    ]


async def test_a_command_runs_after_a_response_accepts_it(place: Place) -> None:
    place.play([run_command("touch made; echo done")], [say("Ran.")])
    async with connected(place, **ASKING) as (client, _):
        answering(client, COMMAND_QUESTION, "accept")
        await client.submit()
        question = await client.event(COMMAND_QUESTION)
        resolved = await client.event("serverRequest/resolved")
        ended = await client.event("turn/completed")
    assert "touch made; echo done" in question["command"]
    assert resolved["approvalId"] == question["approvalId"]
    assert resolved["requestId"] == 0
    assert ended["turn"]["status"] == "completed"
    assert (place.project / "made").exists()


async def test_a_patch_is_applied_after_approval_respond_accepts_it(place: Place) -> None:
    """The mission: `approval/respond` answers what was asked as a server request."""
    place.play([patch(ADD_FILE)], [say("Patched.")])
    async with connected(place, **ASKING) as (client, _):
        await client.submit()
        question = await client.event(PATCH_QUESTION)
        assert not (place.project / "made.txt").exists()
        answer = {"approvalId": question["approvalId"], "decision": "accept"}
        assert await client.call("approval/respond", answer) == {}
        await client.event("turn/completed")
        with pytest.raises(JsonRpcException) as late:
            await client.call("approval/respond", answer)
    assert late.value.data == {"kind": "approvalResolved", "path": "approvalId"}
    assert (place.project / "made.txt").read_text() == "hello\n"


@pytest.mark.parametrize("way", ["response", "approval/respond"])
async def test_a_declined_command_does_not_run_and_the_turn_goes_on(place: Place, way: str) -> None:
    place.play([run_command("touch made")], [say("Then not.")])
    async with connected(place, **ASKING) as (client, _):
        if way == "response":
            answering(client, COMMAND_QUESTION, "decline")
        await client.submit()
        question = await client.event(COMMAND_QUESTION)
        if way != "response":
            await client.call(way, {"approvalId": question["approvalId"], "decision": "decline"})
        ended = await client.event("turn/completed")
        items = [params["item"] for name, params in client.events if name == "item/completed"]
    assert not (place.project / "made").exists()
    assert [item["status"] for item in items if item["type"] == "commandExecution"] == ["declined"]
    assert ended["turn"]["status"] == "completed"
    assert ended["turn"]["items"][0]["text"] == "Then not."


async def test_interrupt_kills_the_running_command(place: Place) -> None:
    """The mission: after an interrupt the command is gone from the process table."""
    marker = f"600.101{os.getpid()}"
    place.play([run_command(f"echo up; exec sleep {marker}")])
    async with connected(place, **FULL_ACCESS) as (client, thread_id):
        turn_id = (await client.submit())["turn"]["id"]
        await client.event("item/commandExecution/outputDelta")
        assert processes_with(marker) != []
        assert await client.call("turn/interrupt", {"threadId": thread_id, "turnId": turn_id}) == {}
        ended = await client.event("turn/completed")
        assert processes_with(marker) == []
    assert ended["turn"]["status"] == "interrupted"
    assert ended["turn"]["error"] is None


async def test_a_request_that_is_refused_says_why(place: Place) -> None:
    async with connected(place, **FULL_ACCESS) as (client, thread_id):
        with pytest.raises(JsonRpcException) as refusal:
            await client.call("turn/interrupt", {"threadId": thread_id, "turnId": ""})
    assert refusal.value.code == -32600
    assert refusal.value.data == {"kind": "noActiveTurn"}
