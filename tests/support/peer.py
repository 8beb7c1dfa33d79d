"""A client in the test's own process: speaks JSON-RPC over memory streams and keeps all it reads.

Nothing is read before a test asks for it, so a test decides what it has seen; each wait is bounded.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from tests.support.model_script import Step, write_script

Message = dict[str, Any]

WAIT_SECONDS = 10.0
"""How long an expected message may take; only a failing test ever waits so long."""

FREE = {"approvalPolicy": "never", "sandbox": "danger-full-access"}
"""A thread that may do everything and asks nothing."""
ASKING = {"approvalPolicy": "untrusted", "sandbox": "danger-full-access"}
"""A thread that asks before each command that does more than read, and before each patch."""


class RefusedError(Exception):
    """A request was answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: dict[str, Any] = error.get("data") or {}


@dataclass(slots=True)
class Peer:
    """One connection. `messages` is all it was sent, in order; `until` goes through it once."""

    sending: MemoryObjectSendStream[bytes]
    receiving: MemoryObjectReceiveStream[bytes]
    folder: Path
    project: Path
    messages: list[Message] = field(default_factory=list[Message])
    _seen: int = 0
    _rest: bytes = b""
    _ids: "count[int]" = field(default_factory=lambda: count(1))
    _scripts: "count[int]" = field(default_factory=count)

    # --- sending -------------------------------------------------------------------------------

    async def send(self, *messages: Message) -> None:
        """Send messages in one chunk, just as they are."""
        await self.send_bytes(b"".join(json.dumps(m).encode() + b"\n" for m in messages))

    async def send_bytes(self, data: bytes) -> None:
        await self.sending.send(data)

    async def request(self, method: str, params: object = None) -> int:
        """Send a request without waiting for its answer; returns its id."""
        request_id = next(self._ids)
        await self.send({"id": request_id, "method": method, "params": params})
        return request_id

    async def notify(self, method: str, params: object = None) -> None:
        await self.send({"method": method, "params": params})

    async def answer(self, question: Message, decision: str) -> None:
        """Answer a server request with a decision."""
        await self.send({"id": question["id"], "result": {"decision": decision}})

    # --- reading -------------------------------------------------------------------------------

    async def call(self, method: str, params: object = None) -> dict[str, Any]:
        """Send a request and return its result; what else comes meanwhile is kept.

        Raises:
            RefusedError: if it is answered with an error.
        """
        return await self.response(await self.request(method, params))

    async def response(self, request_id: int | str) -> dict[str, Any]:
        """The result of the request with that id, as in `call`."""
        found = await self._find(0, lambda m: m.get("id") == request_id and "method" not in m)
        answer = self.messages[found]
        if "error" in answer:
            raise RefusedError(answer["error"])
        return answer["result"]

    async def until(self, *methods: str, thread_id: str | None = None) -> list[Message]:
        """What follows the last message seen, up to one of these methods (of that thread)."""

        def wanted(message: Message) -> bool:
            return message.get("method") in methods and (
                thread_id is None or message["params"].get("threadId") == thread_id
            )

        start = self._seen
        self._seen = await self._find(start, wanted) + 1
        return self.messages[start : self._seen]

    async def next(self, *methods: str) -> Message:
        """The next message of one of these methods; those before it are skipped."""
        return (await self.until(*methods))[-1]

    async def rest(self) -> list[Message]:
        """Everything, once the server has closed the connection."""
        with anyio.fail_after(WAIT_SECONDS):
            try:
                while True:
                    await self._receive()
            except anyio.EndOfStream:
                return self.messages

    async def _find(self, start: int, wanted: Callable[[Message], bool]) -> int:
        with anyio.fail_after(WAIT_SECONDS):
            while True:
                for index in range(start, len(self.messages)):
                    if wanted(self.messages[index]):
                        return index
                start = len(self.messages)
                await self._receive()

    async def _receive(self) -> None:
        data = self._rest + await self.receiving.receive()
        *lines, self._rest = data.split(b"\n")
        self.messages += [json.loads(line) for line in lines]

    def forget(self) -> None:
        """Treat everything read so far as seen."""
        self._seen = len(self.messages)

    # --- threads and turns ---------------------------------------------------------------------

    async def initialize(self, **capabilities: Any) -> dict[str, Any]:
        info = {"name": "tests", "version": "1"}
        return await self.call(
            "initialize", {"clientInfo": info, "capabilities": capabilities or None}
        )

    async def start_thread(self, steps: Sequence[Step], **params: Any) -> dict[str, Any]:
        """Start a thread whose model plays `steps`; returns the wire's thread.

        It may do everything unless `params` say otherwise. What came before counts as seen.
        """
        script = write_script(self.folder / f"{id(self)}-{next(self._scripts)}.jsonl", steps)
        config = {"model_providers.script.script_path": str(script), **params.pop("config", {})}
        start = {"cwd": str(self.project), **FREE, **params, "config": config}
        result = await self.call("thread/start", start)
        self.forget()
        return result["thread"]

    async def say(self, thread: Message, text: str = "Hi", **params: Any) -> dict[str, Any]:
        """`turn/start` with a text; returns the wire's turn."""
        start = {"threadId": thread["id"], "input": text_input(text), **params}
        return (await self.call("turn/start", start))["turn"]

    async def turn(self, thread: Message, text: str = "Hi", **params: Any) -> list[Message]:
        """Have a whole turn; returns everything from its response to its end."""
        await self.say(thread, text, **params)
        return await self.until("turn/completed", thread_id=thread["id"])


def text_input(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}]
