"""What tests put in a model's and a tool's place: programmed, with gates to hold them anywhere."""

import json
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import anyio
import anyio.lowlevel
from msgspec import Struct

from codex_rpc.errors import ModelError
from codex_rpc.history.compaction import SUMMARY_PROMPT
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.events import ModelEvent, OutputItemDone, RateLimitsReported, ResponseCompleted
from codex_rpc.model.port import FunctionToolSpec, ModelRequest, RateLimits, TokenUsage, ToolSpec
from codex_rpc.protocol.ids import new_item_id
from codex_rpc.protocol.items import CommandExecutionItem
from codex_rpc.protocol.response_items import (
    FunctionCallItem,
    MessageItem,
    OutputText,
    ResponseItem,
)
from codex_rpc.tools.ports import CommandQuestion, ToolCall, ToolContext, ToolOutput
from tests.support.prompt_rules import broken_rules

WAIT_SECONDS = 10.0


@dataclass(slots=True)
class Gate:
    """A place where somebody stops until the test goes on.

    A stubborn one holds whoever stands there even when they are cancelled.
    """

    stubborn: bool = False
    _reached: anyio.Event = field(default_factory=anyio.Event)
    _opened: anyio.Event = field(default_factory=anyio.Event)

    def open(self) -> None:
        self._opened.set()

    async def reached(self) -> None:
        with anyio.fail_after(WAIT_SECONDS):
            await self._reached.wait()

    async def stand(self) -> None:
        self._reached.set()
        with anyio.CancelScope(shield=self.stubborn):
            await self._opened.wait()


Part = ResponseItem | TokenUsage | RateLimits | ModelError | Gate
"""An item the model puts out, what it has cost, what is left to spend, a failure, or a stop."""

Reply = Sequence[Part]


class ProgrammedModel:
    """Answers each request with the next reply, or with what `answer` makes of the request.

    Requests that the API would refuse fail the test when its session ends.
    """

    def __init__(self, replies: Iterable[Reply] | Callable[[ModelRequest], Reply]) -> None:
        self.requests: list[ModelRequest] = []
        self.broken_rules: list[str] = []
        self._answer = replies if callable(replies) else partial(_next_of, iter(replies))

    @asynccontextmanager
    async def stream(
        self, request: ModelRequest
    ) -> AsyncGenerator[AsyncIterator[Sequence[ModelEvent]]]:
        self.requests.append(request)
        sent = [item.model_dump(mode="json", exclude_none=True) for item in request.input]
        self.broken_rules += broken_rules(sent)
        batches = self._play(self._answer(request))
        try:
            yield batches
        finally:
            await batches.aclose()

    async def _play(self, reply: Reply) -> AsyncGenerator[Sequence[ModelEvent]]:
        usage = None
        for part in reply:
            await anyio.lowlevel.checkpoint()
            match part:
                case Gate():
                    await part.stand()
                case ModelError():
                    raise part
                case TokenUsage():
                    usage = part
                case RateLimits():
                    yield [RateLimitsReported(part)]
                case _:
                    yield [OutputItemDone(part)]
        yield [ResponseCompleted("resp", usage)]

    async def prepare(self) -> None:
        """Nothing to prepare."""

    async def aclose(self) -> None:
        """Nothing is open."""


def _next_of(replies: Iterator[Reply], _: ModelRequest) -> Reply:
    return next(replies, (ModelError("the test has no reply left"),))


def says(text: str) -> MessageItem:
    return MessageItem(role="assistant", content=[OutputText(text=text)])


def calls(tool: str, call_id: str) -> FunctionCallItem:
    return FunctionCallItem(name=tool, arguments="{}", call_id=call_id)


def used(total: int) -> TokenUsage:
    return TokenUsage(input_tokens=total, total_tokens=total)


def asks_for_summary(request: ModelRequest) -> bool:
    last = request.input[-1]
    return isinstance(last, MessageItem) and last.text == SUMMARY_PROMPT


class ProgrammedTool(Struct, frozen=True):
    """Does what `work` does; answers with what that returns."""

    name: str
    work: Callable[[ToolCall, ToolContext], Awaitable[str]]
    parallel: bool = False

    def spec(self, model: ModelInfo) -> ToolSpec:
        return FunctionToolSpec(self.name, f"{self.name}, for {model.slug}", {"type": "object"})

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        return ToolOutput(await self.work(call, context))


def gated_tool(name: str, gate: Gate) -> ProgrammedTool:
    """A tool that stands at `gate` and then has done its work."""

    async def work(call: ToolCall, context: ToolContext) -> str:
        await gate.stand()
        return "done"

    return ProgrammedTool(name, work)


async def ask_user(call: ToolCall, context: ToolContext) -> str:
    item = CommandExecutionItem(
        id=new_item_id(),
        command=call.arguments,
        cwd=str(context.settings.cwd),
        status="inProgress",
        command_actions=[],
    )
    words = json.loads(call.arguments).get("words", [call.call_id])
    question = CommandQuestion(item, words, context.settings.cwd)
    return (await context.ask_command(question)).outcome


ASKING = ProgrammedTool("ask", ask_user)
"""Asks the user, and tells the model how that ended."""
