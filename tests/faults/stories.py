"""What goes on between a client and a server that is about to be killed."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tests.e2e.server_process import (
    ASKING,
    FULL_ACCESS,
    Message,
    named,
    patch,
    run_command,
    say,
    text_input,
)
from tests.faults.talking_models import Outputs
from tests.faults.witness import Account, DoomedServer

COMPLETED = "turn/completed"
DELTA = "item/agentMessage/delta"


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
    thread = (await talk.server.call("thread/fork", {**talk.thread, **FULL_ACCESS}))["thread"]
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
