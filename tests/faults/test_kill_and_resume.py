"""The server is killed again and again at random points; what a client has seen is always there.

Four homes at a time go through many short lives of a server. Each begins by resuming a thread that
an earlier one left behind, and ends, by `kill -9`, at a random message of a random conversation.
The model is a script, or a server that checks what it is asked.
"""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.e2e.server_process import FULL_ACCESS, Message, Place, app_server, text_input
from tests.faults.stories import COMPLETED, STORIES, Talk, words
from tests.faults.talking_models import Model, Outputs, ScriptModel, http_model
from tests.faults.witness import DEAD, Account, DoomedServer

LIVES = 13
"""How often the server of each home is killed."""
HOMES = 4
LONGEST_FUSE = 40
"""Messages; some more than most conversations have."""


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
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))]
)
async def test_what_was_seen_survives_kill_9_at_any_point(tmp_path: Path, seed: int) -> None:
    """Nothing completed is lost by `kill -9`, and the thread goes on.

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
