"""Threads that go back and forth between this server and the `codex` command.

Both run as real processes in one home, with one model on a local port. A thread that one of them
has written is resumed by the other and then by the first again; each time, the model has to hear
what it heard before, and the client has to see the same turns. Skipped where there is no `codex`.
"""

import json
import os
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from codex_rpc.history.fragments import is_fragment
from tests.e2e.server_process import AppServer, Message, Place, app_server, text_input
from tests.responses_server import (
    Gate,
    ReceivedRequest,
    Reply,
    ResponsesServer,
    Stream,
    completed,
    created,
    function_call,
    item_added,
    item_done,
    message,
    text_delta,
)

PATCH = "*** Begin Patch\n*** Add File: made.txt\n+hello\n*** End Patch\n"
USAGE = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}


def find_codex() -> str | None:
    """The `codex` command: named by `CODEX_BIN`, on the path, or installed beside the tests."""
    named = os.environ.get("CODEX_BIN") or shutil.which("codex")
    beside = Path(__file__).parents[2] / "node_modules" / ".bin" / "codex"
    return named or (str(beside) if beside.exists() else None)


CODEX = find_codex()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CODEX is None, reason="no codex command: set CODEX_BIN to have it tested"),
]


# --- the model ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Model:
    """Does what the user's last words tell it, with whatever tools it is given."""

    waiting: list[Gate] = field(default_factory=list[Gate])
    _count: int = 0

    def answer(self, request: ReceivedRequest) -> Reply:
        self._count += 1
        items: list[Message] = request.body["input"]
        last, words = items[-1], said_in(items)[-1]
        if last["type"].endswith("_output"):
            return self._says("It is done.")
        match words.split():
            case ["run", *_]:
                return self._does(self._command(request.body["tools"]))
            case ["patch", *_]:
                call_id = f"call_{self._count}"
                patch = {"name": "apply_patch", "input": PATCH, "call_id": call_id}
                return self._does({"type": "custom_tool_call", **patch})
            case ["wait", *_]:
                gate = Gate()
                self.waiting.append(gate)
                opened = item_added({**message("", self._id), "content": []})
                return Stream([created(), opened, text_delta("never mi", self._id), gate])
            case _:
                return self._says(f"answer {self._count}")

    @property
    def _id(self) -> str:
        return f"msg_{self._count}"

    def _says(self, text: str) -> Stream:
        return self._does(message(text, self._id))

    def _does(self, item: Message) -> Stream:
        return Stream([created(f"resp_{self._count}"), item_done(item), completed(usage=USAGE)])

    def _command(self, tools: Sequence[Message]) -> Message:
        """A call of the tool that runs commands, by whatever name it goes."""
        call_id = f"call_{self._count}"
        if any(tool.get("name") == "exec_command" for tool in tools):
            return function_call("exec_command", {"cmd": "echo two"}, call_id)
        return function_call("shell_command", {"command": "echo two"}, call_id)


def said_in(items: Sequence[Message]) -> list[str]:
    """What the user has said, and what stands for it after a compaction."""
    return [words for role, words in conversation(items) if role == "user"]


def conversation(items: Sequence[Message]) -> list[tuple[str, str]]:
    """What was said and done, without what only tells of the surroundings."""
    heard: list[tuple[str, str]] = []
    for item in items:
        match item:
            case {"type": "message", "role": "user" | "assistant" as role, "content": content}:
                texts = [part.get("text", "") for part in content]
                if not any(is_fragment(text) and "turn_aborted" not in text for text in texts):
                    heard.append((role, "".join(texts)))
            case {"type": "message"}:
                pass
            case {"call_id": call_id}:
                fields = ("name", "arguments", "input", "output")
                told = {name: item[name] for name in fields if name in item}
                heard.append((f"{item['type']} {call_id}", json.dumps(told, sort_keys=True)))
            case _:
                heard.append((item["type"], ""))
    return heard


# --- the two programs --------------------------------------------------------------------------


@dataclass(slots=True)
class House:
    """A home that both programs share, and the model that both ask."""

    place: Place
    server: ResponsesServer
    model: Model

    def heard(self) -> list[tuple[str, str]]:
        """What the model was told last."""
        return conversation(self.server.requests[-1].body["input"])

    @asynccontextmanager
    async def ours(self) -> AsyncGenerator[AppServer]:
        async with app_server(self.place, arguments=[]) as server:
            await server.initialize(experimentalApi=True)
            yield server
            await self._end(server)

    @asynccontextmanager
    async def codex(self) -> AsyncGenerator[AppServer]:
        assert CODEX is not None
        with self.place.stderr.open("ab") as stderr:
            process = await anyio.open_process(
                [CODEX, "app-server"], env=self.place.environ, cwd=self.place.root, stderr=stderr
            )
        async with process:
            try:
                server = AppServer(process)
                await server.initialize(experimentalApi=True)
                yield server
                await self._end(server)
            finally:
                if process.returncode is None:
                    process.kill()

    async def _end(self, server: AppServer) -> None:
        await server.close_stdin()
        await server.exit_code()


Program = Callable[[House], Any]


@pytest.fixture
def house(place: Place) -> Any:
    model = Model()
    with ResponsesServer(model.answer) as server:
        (place.home / "config.toml").write_text(
            f'model = "gpt-5.5"\nmodel_provider = "mock"\n'
            f'[model_providers.mock]\nname = "mock"\nbase_url = "{server.url}"\n'
            'wire_api = "responses"\nrequest_max_retries = 0\nstream_max_retries = 0\n'
        )
        yield House(place, server, model)


async def talk(server: AppServer, thread_id: str, text: str) -> str:
    """A whole turn; its id."""
    params = {"threadId": thread_id, "input": text_input(text)}
    turn_id = (await server.call("turn/start", params))["turn"]["id"]
    await server.until("turn/completed")
    return turn_id


async def start(server: AppServer, house: House) -> str:
    return await server.start_thread(house.place)


def shown(turns: Sequence[Message]) -> list[Any]:
    """Turns as a client sees them, as far as both generations of files can tell."""
    return [
        (turn["status"], [seen for item in turn["items"] if (seen := _shown_item(item))])
        for turn in turns
    ]


def _shown_item(item: Message) -> tuple[str, Any] | None:
    match item:
        case {"type": "userMessage", "content": content}:
            return "user", [part.get("text") for part in content]
        case {"type": "agentMessage", "text": text}:
            return "agent", text
        case {"type": "fileChange", "changes": changes}:
            return "patch", [(change["path"], change["diff"]) for change in changes]
        case _:
            return None


# --- the threads -------------------------------------------------------------------------------


async def text(server: AppServer, house: House) -> str:
    thread_id = await start(server, house)
    await talk(server, thread_id, "first")
    await talk(server, thread_id, "second")
    return thread_id


async def shell(server: AppServer, house: House) -> str:
    thread_id = await start(server, house)
    await talk(server, thread_id, "run something")
    return thread_id


async def patch(server: AppServer, house: House) -> str:
    thread_id = await start(server, house)
    await talk(server, thread_id, "patch something")
    return thread_id


async def begin_to_wait(server: AppServer, house: House, thread_id: str) -> str:
    """Begin a turn that does not end by itself, and wait until the model speaks; its id."""
    params = {"threadId": thread_id, "input": text_input("wait a bit")}
    turn = (await server.call("turn/start", params))["turn"]
    await server.until("item/agentMessage/delta")
    await house.model.waiting[-1].reached()
    return turn["id"]


async def interrupt(server: AppServer, thread_id: str, turn_id: str) -> None:
    await server.call("turn/interrupt", {"threadId": thread_id, "turnId": turn_id})
    await server.until("turn/completed")


async def interrupted(server: AppServer, house: House) -> str:
    thread_id = await start(server, house)
    await talk(server, thread_id, "first")
    await interrupt(server, thread_id, await begin_to_wait(server, house, thread_id))
    return thread_id


async def compacted(server: AppServer, house: House) -> str:
    thread_id = await text(server, house)
    await server.call("thread/compact/start", {"threadId": thread_id})
    await server.until("turn/completed")
    await talk(server, thread_id, "third")
    return thread_id


async def forked(server: AppServer, house: House) -> str:
    source = await text(server, house)
    fork = (await server.call("thread/fork", {"threadId": source}))["thread"]["id"]
    await talk(server, fork, "in the fork")
    return fork


async def reverted(server: AppServer, house: House) -> str:
    thread_id = await text(server, house)
    third = await talk(server, thread_id, "third")
    await talk(server, thread_id, "fourth")
    await server.call("thread/revert", {"threadId": thread_id, "beforeTurnId": third})
    await talk(server, thread_id, "another third")
    return thread_id


async def forked_where_reverted(server: AppServer, house: House) -> str:
    source = await reverted(server, house)
    fork = (await server.call("thread/fork", {"threadId": source}))["thread"]["id"]
    await talk(server, fork, "in the fork")
    return fork


Written = Callable[[AppServer, House], Awaitable[str]]

THREADS = [text, shell, patch, interrupted, compacted, forked, reverted, forked_where_reverted]


async def resumed(server: AppServer, thread_id: str) -> list[Any]:
    """Resume a thread; its turns."""
    result = await server.call("thread/resume", {"threadId": thread_id})
    return shown(result["thread"]["turns"])


@pytest.mark.parametrize("write", THREADS, ids=lambda write: write.__name__)
async def test_a_thread_of_codex_goes_on_here_and_back_there(house: House, write: Written) -> None:
    async with house.codex() as codex:
        thread_id = await write(codex, house)
        before = await resumed(codex, thread_id)
        await talk(codex, thread_id, "there")
        heard = house.heard()

    async with house.ours() as ours:
        assert (await resumed(ours, thread_id))[:-1] == before
        await talk(ours, thread_id, "here")
        assert house.heard()[: len(heard)] == heard
        heard, words = house.heard(), said_in(house.server.requests[-1].body["input"])
        assert words[-2:] == ["there", "here"]

    async with house.codex() as codex:
        turns = await resumed(codex, thread_id)
        assert turns[: len(before)] == before
        assert [turn[1][0] for turn in turns[-2:]] == [("user", ["there"]), ("user", ["here"])]
        await talk(codex, thread_id, "there again")
        assert house.heard()[: len(heard)] == heard


@pytest.mark.parametrize("write", THREADS, ids=lambda write: write.__name__)
async def test_a_thread_of_ours_goes_on_in_codex_and_back_here(
    house: House, write: Written
) -> None:
    async with house.ours() as ours:
        thread_id = await write(ours, house)
        await talk(ours, thread_id, "here")
        heard = house.heard()

    async with house.codex() as codex:
        listed = (await codex.call("thread/list", {}))["data"]
        assert thread_id in [thread["id"] for thread in listed]
        before = await resumed(codex, thread_id)
        assert before[-1][1][0] == ("user", ["here"])
        await talk(codex, thread_id, "there")
        assert house.heard()[: len(heard)] == heard
        heard = house.heard()

    async with house.ours() as ours:
        turns = await resumed(ours, thread_id)
        assert turns[: len(before)] == before
        await talk(ours, thread_id, "here again")
        assert house.heard()[: len(heard)] == heard


async def test_two_programs_never_write_one_thread(house: House) -> None:
    async with house.codex() as codex, house.ours() as ours:
        thread_id = await text(codex, house)
        refused = (await ours.request("thread/resume", {"threadId": thread_id}))["error"]
        assert "already has an active writer" in refused["message"]
        mine = await text(ours, house)
        refused = (await codex.request("thread/resume", {"threadId": mine}))["error"]
        assert "already has an active writer" in refused["message"]


async def test_a_fork_of_a_thread_of_codex_is_read_there(house: House) -> None:
    async with house.codex() as codex:
        thread_id = await reverted(codex, house)
    async with house.ours() as ours:
        fork = (await ours.call("thread/fork", {"threadId": thread_id}))["thread"]["id"]
        await talk(ours, fork, "in the fork")
        heard = house.heard()
    async with house.codex() as codex:
        turns = await resumed(codex, fork)
        said = [turn[1][0][1] for turn in turns]
        assert said == [["first"], ["second"], ["another third"], ["in the fork"]]
        await talk(codex, fork, "there")
        assert house.heard()[: len(heard)] == heard


async def test_a_fork_from_the_middle_of_a_turn_is_read_there(house: House) -> None:
    async with house.codex() as codex:
        thread_id = await text(codex, house)
    async with house.ours() as ours:
        await resumed(ours, thread_id)
        turn_id = await begin_to_wait(ours, house, thread_id)
        fork = (await ours.call("thread/fork", {"threadId": thread_id}))["thread"]["id"]
        await interrupt(ours, thread_id, turn_id)
        await talk(ours, fork, "in the fork")
        heard = house.heard()
    assert any(
        "turn_aborted" in words for words in said_in(house.server.requests[-1].body["input"])
    )
    async with house.codex() as codex:
        turns = await resumed(codex, fork)
        assert [turn[0] for turn in turns] == ["completed"] * 2 + ["interrupted", "completed"]
        await talk(codex, fork, "there")
        assert house.heard()[: len(heard)] == heard


# --- taking back -------------------------------------------------------------------------------


async def take_back(server: AppServer, thread_id: str, turn_id: str) -> None:
    await server.call("thread/revert", {"threadId": thread_id, "beforeTurnId": turn_id})


async def asked(server: AppServer, thread_id: str) -> list[str]:
    """What the user began each turn with, as the server shows them when it resumes the thread."""
    turns = (await server.call("thread/resume", {"threadId": thread_id}))["thread"]["turns"]
    return [turn["items"][0]["content"][0]["text"] for turn in turns]


async def test_what_either_takes_back_of_a_thread_of_codex_its_model_hears_no_more(
    house: House,
) -> None:
    """Only `codex` can hide turns of a file of its own from itself: it notes down which file is the
    thread's, and believes no other. What its model hears it takes from the file, as we do.
    """
    async with house.codex() as codex:
        thread_id = await start(codex, house)
        _, second, third = [await talk(codex, thread_id, text) for text in ("a", "b", "c")]

    async with house.ours() as ours:
        await asked(ours, thread_id)
        await take_back(ours, thread_id, third)
        await take_back(ours, thread_id, second)
        assert await asked(ours, thread_id) == ["a"]
        await talk(ours, thread_id, "d")
        heard = house.heard()
    assert len(house.place.rollouts()) == 1

    async with house.codex() as codex:
        assert (await asked(codex, thread_id))[-1] == "d"
        fifth = await talk(codex, thread_id, "e")
        assert house.heard()[: len(heard)] == heard
        await take_back(codex, thread_id, fifth)
        await talk(codex, thread_id, "f")

    async with house.ours() as ours:
        assert await asked(ours, thread_id) == ["a", "d", "f"]
        await talk(ours, thread_id, "g")
        words = [words for role, words in house.heard() if role == "user"]
        assert words == ["a", "d", "f", "g"]


async def test_a_file_that_codex_went_on_from_is_not_gone_on_with_here(house: House) -> None:
    async with house.codex() as codex:
        thread_id = await reverted(codex, house)
    old, head = house.place.rollouts()
    async with house.ours() as ours:
        params = {"threadId": thread_id, "path": str(old)}
        refused = (await ours.request("thread/resume", params))["error"]
        assert "stale path" in refused["message"]
        await ours.call("thread/resume", {**params, "path": str(head)})


async def test_a_thread_whose_fork_goes_on_from_its_file_is_not_deleted(house: House) -> None:
    async with house.codex() as codex:
        source = await text(codex, house)
        fork = (await codex.call("thread/fork", {"threadId": source}))["thread"]["id"]
        await talk(codex, fork, "in the fork")
    async with house.ours() as ours:
        refused = (await ours.request("thread/delete", {"threadId": source}))["error"]
        assert "forked history still references it" in refused["message"]
        assert await asked(ours, fork) == ["first", "second", "in the fork"]
        await ours.call("thread/delete", {"threadId": fork})
        await ours.call("thread/delete", {"threadId": source})
    assert house.place.rollouts() == []
