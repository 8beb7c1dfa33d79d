"""The server is killed again and again at random points; what a client has seen is always there.

Four homes at a time go through many short lives of a server. Each begins by resuming a thread that
an earlier one left behind, and ends, by `kill -9`, at a random message of a random conversation.
The model is a script, or a server that checks what it is asked.
"""

import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.e2e.server_process import (
    ASKING,
    FULL_ACCESS,
    Message,
    Place,
    app_server,
    named,
    patch,
    run_command,
    say,
    text_input,
)
from tests.faults.witness import DEAD, Account, DoomedServer
from tests.responses_server import (
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

LIVES = 13
"""How often the server of each home is killed."""
HOMES = 4
LONGEST_FUSE = 40
"""Messages; some more than most conversations have."""
COMPLETED = "turn/completed"
DELTA = "item/agentMessage/delta"

Outputs = Sequence[Message]


# --- what the model says -----------------------------------------------------------------------


class Model:
    """Has a server's model give these responses, and then many more of a word."""

    def arguments(self, responses: Sequence[Outputs]) -> Sequence[str]:
        raise NotImplementedError


@dataclass(slots=True)
class ScriptModel(Model):
    place: Place

    def arguments(self, responses: Sequence[Outputs]) -> Sequence[str]:
        self.place.play(*responses, *repeat([say("Well.")], 20))
        return self.place.arguments


@dataclass(slots=True)
class HttpModel(Model):
    """Asked over HTTP; the server at the other end refuses to hear of broken prompts."""

    url: str = ""
    _responses: Iterator[Outputs] = field(default_factory=lambda: iter(()))
    _ids: int = 0

    def arguments(self, responses: Sequence[Outputs]) -> Sequence[str]:
        self._responses = iter(responses)
        values = [f'model_providers.local.base_url="{self.url}"', "model_provider=local"]
        return [word for value in [*values, "model=gpt-6-sol"] for word in ("-c", value)]

    def answer(self, _: object) -> Reply:
        outputs = next(self._responses, [say("Well.")])
        events = [event for output in outputs for event in self._of(output)]
        return Stream([created(), *events, completed()])

    def _of(self, output: Message) -> list[Message]:
        self._ids += 1
        key = f"id_{self._ids}"
        if output["type"] == "functionCall":
            return [item_done(function_call(output["name"], output["arguments"], key))]
        if output["type"] == "customToolCall":
            call = {"type": "custom_tool_call", "name": output["name"], "call_id": key}
            return [item_done({**call, "input": output["input"]})]
        text: str = output["text"]
        deltas = [text_delta(text[at : at + 5], key) for at in range(0, len(text), 5)]
        opened = item_added({**message("", key), "content": []})
        return [opened, *deltas, item_done(message(text, key))]


@contextmanager
def http_model() -> Generator[HttpModel]:
    model = HttpModel()
    with ResponsesServer(model.answer) as server:
        model.url = server.url
        yield model


# --- what happens before the server is killed --------------------------------------------------


@dataclass(slots=True)
class Talk:
    """A client, the server it speaks with, and the thread it speaks about."""

    server: DoomedServer
    account: Account
    chance: random.Random
    forks: list[Account] = field(default_factory=list[Account])
    begun: int = 0
    """How many turns were."""

    @property
    def thread(self) -> Message:
        return {"threadId": self.account.thread_id}

    async def say(self, text: str = "Go", thread_id: str | None = None) -> str:
        """Begin a turn; its id."""
        self.begun += 1
        thread = {"threadId": thread_id or self.account.thread_id}
        result = await self.server.call("turn/start", {**thread, "input": text_input(text)})
        return result["turn"]["id"]

    async def over(self) -> None:
        """Wait until all turns are over."""
        while len(named(self.server.seen, COMPLETED)) < self.begun:
            await self.server.read()


async def speak(talk: Talk) -> None:
    await talk.say()
    await talk.over()


async def steer(talk: Talk) -> None:
    turn_id = await talk.say()
    await talk.server.until(DELTA)
    more = {"input": text_input("And more"), "expectedTurnId": turn_id}
    await talk.server.request("turn/steer", {**talk.thread, **more})
    await talk.over()


async def interrupt(talk: Talk) -> None:
    turn_id = await talk.say()
    await talk.server.until(DELTA)
    await talk.server.request("turn/interrupt", {**talk.thread, "turnId": turn_id})
    await talk.over()
    await speak(talk)


async def answer_questions(talk: Talk) -> None:
    await talk.say()
    while (heard := await talk.server.read()).get("method") != COMPLETED:
        if "id" in heard and "method" in heard:
            decision = talk.chance.choice(["accept", "decline", None])
            if decision is None:
                await interrupt_now(talk)
            else:
                await talk.server.send({"id": heard["id"], "result": {"decision": decision}})


async def interrupt_now(talk: Talk) -> None:
    await talk.server.send(
        {"id": "stop", "method": "turn/interrupt", "params": {**talk.thread, "turnId": ""}}
    )


async def compact(talk: Talk) -> None:
    talk.begun += 1
    await talk.server.call("thread/compact/start", talk.thread)
    await talk.over()
    await speak(talk)


async def fork(talk: Talk) -> None:
    """Half of the forks are made while a turn runs in the source, which goes on."""
    running = not talk.account.turns or talk.chance.random() < 0.5
    if running:
        await talk.say()
        await talk.server.until(DELTA)
    thread = (await talk.server.call("thread/fork", talk.thread))["thread"]
    talk.forks.append(Account.of_thread(thread))
    await talk.say("Elsewhere", thread["id"])
    await talk.over()


async def take_back(talk: Talk) -> None:
    """Half of what is taken back is so while it goes on."""
    turns = list(talk.account.turns)
    if not turns or talk.chance.random() < 0.5:
        turns.append(await talk.say())
        await talk.server.until(DELTA)
    taken = turns[talk.chance.randrange(max(0, len(turns) - 3), len(turns)) :]
    talk.account.in_doubt = taken
    await talk.server.call("thread/revert", {**talk.thread, "beforeTurnId": taken[0]})
    talk.account.taken_back |= set(taken)
    await speak(talk)


@dataclass(frozen=True, slots=True)
class Story:
    """What the model does, what the client does, and what is allowed."""

    happens: Callable[[Talk], Awaitable[None]]
    responses: Callable[[str], Sequence[Outputs]]
    """A new name goes in."""
    settings: Message = field(default_factory=lambda: FULL_ACCESS)


def words(_: str) -> Sequence[Outputs]:
    texts = ["One word after the other.", "Another message.", "And a third."]
    said = [say(text, chunkSize=5, delayMs=3) for text in texts]
    return [[*said, run_command("sleep 0.02")], said[1:]]


def work(name: str) -> Sequence[Outputs]:
    return [
        [say("Let me see."), run_command(f"echo {name}; sleep 0.02"), run_command("false")],
        [new_file(name), run_command(f"cat {name}; sleep 0.02")],
        [say("All done, I think.", chunkSize=5, delayMs=3)],
    ]


def asking(name: str) -> Sequence[Outputs]:
    return [[run_command(f"touch {name}")], [new_file(f"{name}-2")], [say("Done.")]]


def new_file(name: str) -> Message:
    return patch(f"*** Begin Patch\n*** Add File: {name}\n+{name}\n*** End Patch\n")


ASKING_FOR_ALL = {**ASKING, "sandbox": "danger-full-access"}
STORIES = [
    Story(speak, words),
    Story(speak, work),
    Story(speak, work),
    Story(answer_questions, asking, ASKING_FOR_ALL),
    Story(steer, words),
    Story(interrupt, words),
    Story(compact, words),
    Story(compact, lambda name: [[say("A summary.", chunkSize=5)], *work(name)]),
    Story(fork, words),
    Story(take_back, words),
]


# --- many lives --------------------------------------------------------------------------------


@dataclass(slots=True)
class House:
    """A home whose server is killed all the time, and what its client knows of its threads."""

    place: Place
    model: Model
    chance: random.Random
    accounts: list[Account] = field(default_factory=list[Account])
    lives: int = 0

    async def live(self) -> None:
        """One server, from its start to its being killed."""
        self.lives += 1
        story = self.chance.choice(STORIES)
        goes_on = bool(self.accounts) and self.chance.random() < 0.8
        old = self.chance.choice(self.accounts) if goes_on else None
        async with self._server(story.responses(f"file-{self.lives}")) as server:
            if self.chance.random() < 0.1:
                server.fuse = self.chance.randrange(3)
            account = await self._thread(server, old, story.settings)
            server.fuse = self.chance.randrange(LONGEST_FUSE)
            talk = Talk(server, account, self.chance)
            self.accounts += [account] if old is None else []
            try:
                await story.happens(talk)
            finally:
                await server.gone()
                for each in (account, *talk.forks):
                    each.hear(server.seen)
                account.forget([turn for turn in account.turns if turn in account.taken_back])
                self.accounts += talk.forks
        self._check_files()

    @asynccontextmanager
    async def _server(self, responses: Sequence[Outputs]) -> AsyncGenerator[DoomedServer]:
        """A server that may die at any time, which ends what goes on with it."""
        arguments = self.model.arguments(responses)
        async with app_server(self.place, arguments=arguments) as started:
            server = DoomedServer(started.process)
            try:
                await server.initialize(experimentalApi=True)
                yield server
            except DEAD:
                assert server.fuse is not None, self.place.stderr.read_text()
                assert server.fuse < 0, self.place.stderr.read_text()

    async def _thread(
        self, server: DoomedServer, old: Account | None, settings: Message
    ) -> Account:
        if old is not None:
            await resume(server, old, **settings)
            return old
        params = {"cwd": str(self.place.project), **settings}
        return Account.of_thread((await server.call("thread/start", params))["thread"])

    def _check_files(self) -> None:
        for account in self.accounts:
            account.check_file()
            if account.items and self.chance.random() < 0.05:
                account.tear()
        # What never got to its first turn's first line is no loss.
        self.accounts = [account for account in self.accounts if account.path.exists()]

    async def look_back(self) -> None:
        """Each thread is whole, and takes another turn."""
        async with self._server(words("")) as server:
            for account in self.accounts:
                await resume(server, account, **FULL_ACCESS)
                params = {"threadId": account.thread_id, "input": text_input("Again")}
                await server.call("turn/start", params)
                ended = await server.until(COMPLETED, threadId=account.thread_id)
                assert ended["params"]["turn"]["status"] == "completed"
            await self._check_lists(server)
        assert "Traceback" not in self.place.stderr.read_text()

    async def _check_lists(self, server: DoomedServer) -> None:
        """Every file is a thread that can be read, that of a fork nobody heard of included."""
        listed = (await server.call("thread/list", {"limit": 100}))["data"]
        assert {account.thread_id for account in self.accounts} <= {one["id"] for one in listed}
        for thread in listed:
            params = {"threadId": thread["id"], "includeTurns": True}
            read = (await server.call("thread/read", params))["thread"]
            assert read["turns"]


async def resume(server: DoomedServer, account: Account, **settings: Any) -> None:
    params = {"threadId": account.thread_id, **settings}
    account.compare((await server.call("thread/resume", params))["thread"])


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(4))
async def test_what_was_seen_survives_kill_9_at_any_point(tmp_path: Path, seed: int) -> None:
    """The design: nothing completed is lost by `kill -9`, and the thread goes on.

    208 times in all. Half of the homes have a model that refuses prompts that are not well formed.
    """
    with http_model() as first, http_model() as second:
        async with anyio.create_task_group() as homes:
            for number in range(HOMES):
                folder = tmp_path / str(number)
                folder.mkdir()
                place = Place.below(folder)
                model = (first, second)[number // 2] if number % 2 else ScriptModel(place)
                house = House(place, model, random.Random(f"{seed} {number}"))
                homes.start_soon(live_and_die, house)


async def live_and_die(house: House) -> None:
    for _ in range(LIVES):
        await house.live()
    await house.look_back()
