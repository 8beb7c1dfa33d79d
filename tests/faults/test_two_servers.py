"""Two processes serve one home at a time: nothing is lost, doubled or refused without a reason."""

import json
import re
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest

from tests.e2e.server_process import (
    FULL_ACCESS,
    AppServer,
    Message,
    Place,
    app_server,
    run_command,
    say,
    text_input,
)
from tests.faults.witness import Account, DoomedServer

THREADS = 8
"""Of each server."""
ROUNDS = 10
BUSY = re.compile(r"thread [0-9a-f-]+ already has an active writer")
COMPLETED = "turn/completed"


@dataclass(slots=True, eq=False)
class Caller:
    """A client that asks many things at once. What goes on in each thread is in its account."""

    server: AppServer
    place: Place
    accounts: dict[str, Account] = field(default_factory=dict[str, Account])
    names: dict[str, str] = field(default_factory=dict[str, str])
    """What threads were named last."""
    _answers: dict[str, Message] = field(default_factory=dict[str, Message])
    _news: anyio.Event = field(default_factory=anyio.Event)
    _sending: anyio.Lock = field(default_factory=anyio.Lock)
    _asked: int = 0

    async def listen(self) -> None:
        while True:
            message = await self.server.read()
            if "method" not in message:
                self._answers[message["id"]] = message
            elif (account := self.accounts.get(message["params"].get("threadId", ""))) is not None:
                account.hear([message])
            self._news.set()
            self._news = anyio.Event()

    async def request(self, method: str, **params: Any) -> Message:
        """The response, whatever it is."""
        self._asked += 1
        key = f"{method} {self._asked}"
        async with self._sending:
            await self.server.send({"id": key, "method": method, "params": params})
        while key not in self._answers:
            await self._news.wait()
        return self._answers.pop(key)

    async def call(self, method: str, **params: Any) -> Message:
        response = await self.request(method, **params)
        assert "error" not in response, (method, response)
        return response["result"]

    async def start(self) -> Account:
        cwd = str(self.place.project)
        account = Account.of_thread(
            (await self.call("thread/start", cwd=cwd, **FULL_ACCESS))["thread"]
        )
        self.accounts[account.thread_id] = account
        return account

    async def turn(self, account: Account, text: str) -> None:
        params = {"threadId": account.thread_id, "input": text_input(text)}
        turn_id = (await self.call("turn/start", **params))["turn"]["id"]
        while turn_id not in account.ended:
            await self._news.wait()

    async def refused_as_busy(self, method: str, thread_id: str) -> None:
        """Somebody else has the thread, and this says so."""
        response = await self.request(method, threadId=thread_id)
        assert BUSY.match(response["error"]["message"]), (method, response)

    async def list_all(self, **params: Any) -> dict[str, Message]:
        """Every thread that is listed, by id; each once."""
        found: list[Message] = []
        cursor = None
        while True:
            page = await self.call("thread/list", limit=7, cursor=cursor, **params)
            found += page["data"]
            if (cursor := page["nextCursor"]) is None:
                break
        by_id = {thread["id"]: thread for thread in found}
        assert len(by_id) == len(found)
        return by_id


@asynccontextmanager
async def two_callers(place: Place) -> AsyncGenerator[tuple[Caller, Caller]]:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(app_server(place)) for _ in range(2)]
        tasks = await stack.enter_async_context(anyio.create_task_group())
        one, two = (Caller(server, place) for server in servers)
        for caller in (one, two):
            await caller.server.initialize(experimentalApi=True)
            tasks.start_soon(caller.listen)
        yield one, two
        tasks.cancel_scope.cancel()


# --- what they do ------------------------------------------------------------------------------


async def work(caller: Caller, other: Caller, own: Account, number: int) -> None:
    """Talk on a thread of one's own, and look at everything all the time."""
    for count in range(ROUNDS):
        name = f"{number} named {count}"
        foreign = list(other.accounts)[number % THREADS]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(caller.turn, own, f"zebra {number} {count}")
            tasks.start_soon(look_around, caller, own, foreign)
            tasks.start_soon(caller.refused_as_busy, "thread/resume", foreign)
            tasks.start_soon(caller.refused_as_busy, "thread/archive", foreign)
        await caller.call("thread/name/set", threadId=own.thread_id, name=name)
        caller.names[own.thread_id] = name
        assert (await caller.list_all())[own.thread_id]["name"] == name
        if count % 2:
            resumed = await caller.call("thread/resume", threadId=own.thread_id)
            own.compare(resumed["thread"])


async def look_around(caller: Caller, own: Account, foreign: str) -> None:
    # One page: what was changed between two pages would be ahead of both.
    recent = (await caller.call("thread/list", sortKey="updated_at", limit=100))["data"]
    assert {own.thread_id, foreign} <= {thread["id"] for thread in recent}
    assert {own.thread_id, foreign} <= (await caller.list_all()).keys()
    found = await caller.call("thread/search", searchTerm="zebra", limit=100)
    assert {own.thread_id, foreign} <= {match["thread"]["id"] for match in found["data"]}
    read = await caller.call("thread/read", threadId=foreign, includeTurns=True)
    assert read["thread"]["turns"]


async def compete(one: Caller, two: Caller, prize: Account) -> None:
    """Both want to go on with a thread: one can, the other may look on, until it is free again."""
    callers = [one, two]
    answers: dict[int, Message] = {}

    async def grab(number: int) -> None:
        answers[number] = await callers[number].request(
            "thread/resume", threadId=prize.thread_id, **FULL_ACCESS
        )

    async with anyio.create_task_group() as tasks:
        for number in range(2):
            tasks.start_soon(grab, number)
    won = [number for number, answer in answers.items() if "result" in answer]
    assert len(won) == 1, answers
    winner, loser = callers[won[0]], callers[1 - won[0]]
    assert BUSY.match(answers[1 - won[0]]["error"]["message"])
    prize.compare(answers[won[0]]["result"]["thread"])
    winner.accounts[prize.thread_id] = prize
    await winner.turn(prize, "zebra won")
    read = await loser.call("thread/read", threadId=prize.thread_id, includeTurns=True)
    prize.compare(read["thread"])
    await loser.refused_as_busy("thread/archive", prize.thread_id)
    await let_go(winner, prize)
    assert prize.thread_id not in await loser.list_all(archived=True)


async def let_go(caller: Caller, account: Account) -> None:
    """Have others go on with a thread."""
    await caller.call("thread/archive", threadId=account.thread_id)
    assert account.thread_id in await caller.list_all(archived=True)
    await caller.call("thread/unarchive", threadId=account.thread_id)
    del caller.accounts[account.thread_id]


def remove_index(place: Place) -> None:
    """Both servers have it open; whoever notices makes a new one, and tells nobody."""
    for path in (place.home / "codex-rpc").glob("index.sqlite*"):
        path.unlink(missing_ok=True)


# --- what must be true in the end --------------------------------------------------------------


@pytest.mark.timeout(150)
async def test_two_servers_on_one_home_never_get_in_each_others_way(place: Place) -> None:
    """One writer per thread; the index is a cache that may be removed at any time."""
    place.play(*([say("The zebra.", chunkSize=4), run_command("true")], [say("So.")]) * 20)
    async with two_callers(place) as (one, two):
        prizes = [await one.start() for _ in range(THREADS)]
        for prize in prizes:
            await one.turn(prize, "zebra")
            await let_go(one, prize)
        for caller in (one, two):
            for _ in range(THREADS):
                await caller.turn(await caller.start(), "zebra at first")
        own = [[*caller.accounts.values()] for caller in (one, two)]
        async with anyio.create_task_group() as tasks:
            for number in range(THREADS):
                tasks.start_soon(work, one, two, own[0][number], number)
                tasks.start_soon(work, two, one, own[1][number], number)
            tasks.start_soon(compete_for_all, one, two, prizes)
        accounts = {account.thread_id: account for account in [*prizes, *own[0], *own[1]]}
        await agree(one, two, accounts)
    for account in accounts.values():
        check_lines(account)
    assert place.stderr.read_text() == ""


async def compete_for_all(one: Caller, two: Caller, prizes: Sequence[Account]) -> None:
    for prize in prizes:
        await compete(one, two, prize)
        remove_index(one.place)


async def agree(one: Caller, two: Caller, accounts: Mapping[str, Account]) -> None:
    """Both list the same threads, those of the files, and show the same turns."""
    lists = [await caller.list_all() for caller in (one, two)]
    names = one.names | two.names
    files = {path.stem[-36:] for path in one.place.rollouts()}
    assert files == accounts.keys() == lists[0].keys() == lists[1].keys()
    for thread_id, account in accounts.items():
        shown = [
            (await caller.call("thread/read", threadId=thread_id, includeTurns=True))["thread"]
            for caller in (one, two)
        ]
        account.compare(shown[0])
        assert shown[0]["turns"] == shown[1]["turns"]
        for listed in lists:
            assert listed[thread_id]["name"] == names.get(thread_id)
            assert listed[thread_id]["path"] == str(account.path)


def check_lines(account: Account) -> None:
    """No line is torn, merged or doubled."""
    lines = [json.loads(line) for line in account.path.read_text().splitlines()]
    assert [line["type"] for line in lines].count("session_meta") == 1
    payloads = [line["payload"] for line in lines]
    stored = Counter(
        (payload["turn_id"], payload["item"]["id"])
        for payload in payloads
        if payload.get("type") == "item_completed"
    )
    assert set(stored.values()) == {1}
    assert stored.keys() == account.items.keys()


async def test_the_lock_of_a_killed_server_is_free_at_once(place: Place) -> None:
    """A command that it ran may live a moment longer, and holds on to nothing."""
    place.play([run_command("echo up; exec sleep 600.701")])
    async with app_server(place) as started, app_server(place) as other:
        server = DoomedServer(started.process)
        await server.initialize()
        await other.initialize()
        thread_id = await server.start_thread(place)
        await server.submit()
        await server.output("up")
        refused = await other.request("thread/resume", {"threadId": thread_id})
        assert BUSY.match(refused["error"]["message"])
        assert refused["error"]["data"]["kind"] == "threadBusy"
        await server.gone()
        place.play([say("Again.")])
        resumed = await other.call("thread/resume", {"threadId": thread_id, **FULL_ACCESS})
        assert [turn["status"] for turn in resumed["thread"]["turns"]] == ["interrupted"]
        await other.call("turn/start", {"threadId": thread_id, "input": text_input("Go")})
        ended = await other.until(COMPLETED)
        assert ended["params"]["turn"]["status"] == "completed"
        await other.close_stdin()
        assert await other.exit_code() == 0
    assert list((place.home / "thread-writer-locks").glob("[!.]*")) == []
