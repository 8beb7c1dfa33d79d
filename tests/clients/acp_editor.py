"""An editor that speaks the Agent Client Protocol with an agent, a line a message.

It answers the agent's questions with the kind of option in `choice`, and keeps what it is told.
"""

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import ByteSendStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

PATIENCE = 40.0
LONGEST_LINE = 1 << 24
Message = dict[str, Any]


class AgentRefusedError(Exception):
    """The agent has answered with an error."""


@dataclass(slots=True)
class Heard:
    """What the agent has told and asked since it was last looked at."""

    updates: list[Message] = field(default_factory=list[Message])
    questions: list[Message] = field(default_factory=list[Message])

    def text(self) -> str:
        """What the agent has said."""
        chunks = self.named("agent_message_chunk")
        return "".join(chunk["content"]["text"] for chunk in chunks)

    def named(self, kind: str) -> list[Message]:
        return [update for update in self.updates if update["sessionUpdate"] == kind]

    def tool_calls(self) -> list[tuple[str, str, str]]:
        """Kind, title and last known status of each."""
        calls = {call["toolCallId"]: dict(call) for call in self.named("tool_call")}
        for update in self.named("tool_call_update"):
            calls[update["toolCallId"]] |= update
        return [(call["kind"], call["title"], call["status"]) for call in calls.values()]


class Editor:
    """One connection. `listen` is its reader."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.heard = Heard()
        self.choice = "allow_once"
        self._to_agent: ByteSendStream = process.stdin
        self._lines = BufferedByteReceiveStream(process.stdout)
        self._answers: dict[int, Message] = {}
        self._news = anyio.Event()
        self._last_id = 0

    async def listen(self) -> None:
        """Read until the agent ends."""
        while True:
            try:
                line = await self._lines.receive_until(b"\n", LONGEST_LINE)
            except (anyio.IncompleteRead, anyio.ClosedResourceError):
                return
            await self._take(json.loads(line))
            self._news.set()
            self._news = anyio.Event()

    async def _take(self, message: Message) -> None:
        if "method" not in message:
            self._answers[message["id"]] = message
        elif message["method"] == "session/update":
            self.heard.updates.append(message["params"]["update"])
        elif message["method"] == "session/request_permission":
            self.heard.questions.append(message["params"])
            chosen = _option(message["params"]["options"], self.choice)
            outcome = {"outcome": "selected", "optionId": chosen}
            await self._send({"id": message["id"], "result": {"outcome": outcome}})

    async def ask(self, method: str, **params: Any) -> Message:
        """Ask the agent, and wait for the answer.

        Raises:
            AgentRefusedError: if it is an error.
        """
        return await self.answer(await self.begin(method, **params))

    async def begin(self, method: str, **params: Any) -> int:
        """Ask the agent; the number of the request."""
        self._last_id += 1
        await self._send({"id": self._last_id, "method": method, "params": params})
        return self._last_id

    async def answer(self, request_id: int) -> Message:
        await self.until(lambda: request_id in self._answers)
        answer = self._answers.pop(request_id)
        if "error" in answer:
            raise AgentRefusedError(json.dumps(answer["error"]))
        return answer["result"]

    async def tell(self, method: str, **params: Any) -> None:
        await self._send({"method": method, "params": params})

    async def until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(PATIENCE):
            while not condition():
                await self._news.wait()

    async def prompt(self, session: str, text: str, choice: str = "allow_once") -> Heard:
        """Say something and let the agent finish. What it told meanwhile."""
        self.choice, self.heard = choice, Heard()
        await self.ask("session/prompt", sessionId=session, prompt=said(text))
        return self.heard

    async def _send(self, message: Mapping[str, Any]) -> None:
        line = json.dumps({"jsonrpc": "2.0", **message}) + "\n"
        await self._to_agent.send(line.encode())


def said(text: str) -> list[Message]:
    return [{"type": "text", "text": text}]


def _option(options: Sequence[Message], kind: str) -> str:
    return next(option["optionId"] for option in options if option["kind"] == kind)


@asynccontextmanager
async def editor_of(
    command: Sequence[str], environ: Mapping[str, str], stderr: Path
) -> AsyncGenerator[Editor]:
    """An editor whose agent is `command`, which ends when it is left."""
    with stderr.open("ab") as log:
        process = await anyio.open_process(command, env=dict(environ), stderr=log)
    async with process, anyio.create_task_group() as tasks:
        editor = Editor(process)
        tasks.start_soon(editor.listen)
        try:
            yield editor
        finally:
            tasks.cancel_scope.cancel()
            process.terminate()
