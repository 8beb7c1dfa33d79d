"""A session whose model opens terminals and comes back to them."""

import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from json import dumps
from pathlib import Path
from typing import Any

from codex_rpc.model.port import ModelRequest
from codex_rpc.protocol.ids import TurnId
from codex_rpc.protocol.items import CommandExecutionItem
from codex_rpc.protocol.response_items import FunctionCallItem, FunctionCallOutputItem
from codex_rpc.tools.commands.environment import CommandEnvironment
from codex_rpc.tools.commands.exec_command import ExecCommandTool
from codex_rpc.tools.commands.write_stdin import WriteStdinTool
from codex_rpc.tools.ports import Tool
from tests.support.programmed import ProgrammedModel, Reply, says
from tests.support.session import LiveSession, live_session

SOON = 250
"""The shortest time, in milliseconds, after which a call returns though its command runs."""

Step = Reply | Callable[[Sequence[str]], Reply]
"""What the model says, or what it makes of the outputs of its calls so far."""


def opens(script: str, call_id: str = "c1", **arguments: Any) -> FunctionCallItem:
    given = {"cmd": script, "login": False, **arguments}
    return FunctionCallItem(name="exec_command", arguments=dumps(given), call_id=call_id)


def types(number: int, chars: str = "", call_id: str = "w1", **arguments: Any) -> FunctionCallItem:
    given = {"session_id": number, "chars": chars, **arguments}
    return FunctionCallItem(name="write_stdin", arguments=dumps(given), call_id=call_id)


def number_in(output: str) -> int:
    """The session ID that an output tells."""
    found = re.search(r"^Process running with session ID (\d+)$", output, re.MULTILINE)
    assert found is not None, output
    return int(found[1])


def types_to_last(chars: str = "", call_id: str = "w1", **arguments: Any) -> Step:
    """Typing to the terminal that was told last."""

    def step(outputs: Sequence[str]) -> Reply:
        running = [output for output in outputs if "running with session ID" in output]
        return [types(number_in(running[-1]), chars, call_id, **arguments)]

    return step


@dataclass(slots=True)
class Terminals:
    """A live session, and what its model was told of its calls."""

    live: LiveSession
    steps: list[Step] = field(default_factory=list[Step])

    def answer(self, request: ModelRequest) -> Reply:
        if not self.steps:
            return [says("done")]
        step = self.steps.pop(0)
        told = [
            str(item.output) for item in request.input if isinstance(item, FunctionCallOutputItem)
        ]
        return step(told) if callable(step) else step

    async def play(self, *steps: Step) -> TurnId:
        """A turn in which the model does this; returns its id."""
        self.steps += steps
        turn = await self.live.turn("Go")
        assert turn.status == "completed"
        return turn.id

    def told(self) -> list[str]:
        """The outputs of all calls."""
        return [
            str(item.output)
            for item in self.live.history()
            if isinstance(item, FunctionCallOutputItem)
        ]

    def commands(self) -> list[CommandExecutionItem]:
        """The commands that were shown as ended."""
        return [item for item in self.live.items() if isinstance(item, CommandExecutionItem)]

    async def ended(self, count: int = 1) -> list[CommandExecutionItem]:
        """The same, once there are so many."""
        await self.live.eventually(lambda: len(self.commands()) >= count)
        return self.commands()


@asynccontextmanager
async def terminal_session(folder: Path) -> AsyncGenerator[Terminals]:
    def tools(environment: CommandEnvironment) -> Sequence[Tool]:
        return [ExecCommandTool(environment), WriteStdinTool()]

    held: list[Terminals] = []
    model = ProgrammedModel(lambda request: held[0].answer(request))
    async with live_session(folder, model, tools) as live:
        held.append(Terminals(live))
        yield held[0]
