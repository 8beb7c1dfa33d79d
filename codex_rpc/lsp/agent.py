"""EditorAgent: the agent as the editor's commands use it.

Everything it does, it asks of the server's dispatcher, as a client would.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal

import anyio
from lsprotocol.types import Range
from pydantic_core import from_json

from codex_rpc.errors import NoActiveTurnError
from codex_rpc.lsp.answers import Answers, Purpose
from codex_rpc.lsp.documents import Documents, path_of
from codex_rpc.lsp.prompts import Excerpt
from codex_rpc.protocol.ids import ThreadId, TurnId
from codex_rpc.rpc.handler import Reply
from codex_rpc.rpc.messages import Request, encode
from codex_rpc.server.context import Server
from codex_rpc.server.dispatch import Dispatcher

_TO_READ_ONLY: Mapping[str, Any] = {
    "sandbox": "read-only",
    "approvalPolicy": "never",
    "ephemeral": True,
}


class EditorAgent:
    """One per connection. All turns but explanations belong to one thread, made when needed."""

    def __init__(self, server: Server, dispatcher: Dispatcher, documents: Documents) -> None:
        self._server = server
        self._dispatcher = dispatcher
        self._documents = documents
        self._starting = anyio.Lock()
        self._thread: ThreadId | None = None
        self.answers: Answers | None = None
        self.thread_params: Mapping[str, Any] = {}
        """With which threads are started."""

    async def submit(self, text: str, purpose: Purpose) -> dict[str, Any]:
        """Say something to the agent; returns the ids of the thread and of the turn.

        Raises:
            CodexRpcError: if that is refused.
        """
        async with self._starting:
            thread_id = self._thread
            if thread_id is None or thread_id not in self._server.threads.list_thread_ids():
                thread_id = self._thread = await self._start({})
        return await self._begin(thread_id, text, purpose)

    async def explain(self, text: str) -> dict[str, Any]:
        """Ask for an explanation, in a thread of its own that can change nothing.

        Raises:
            CodexRpcError: if that is refused.
        """
        thread_id = await self._start(_TO_READ_ONLY)
        return await self._begin(thread_id, text, Purpose.EXPLANATION)

    async def decide(self, approval_id: str, decision: Literal["accept", "decline"]) -> None:
        """Answer a question for the user.

        Raises:
            CodexRpcError: if it was answered before.
        """
        await self.call("approval/respond", {"approvalId": approval_id, "decision": decision})

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """The result of a request to the server.

        Raises:
            CodexRpcError: if it is refused.
        """
        result, sent = await self._ask(method, params)
        sent()
        return result

    def interrupt(self) -> None:
        """Stop what the agent is doing in this editor."""
        for thread_id in self._server.threads.list_thread_ids():
            with suppress(NoActiveTurnError):
                self._server.threads.get_thread(thread_id).interrupt()

    def excerpt(self, uri: str, place: Range) -> Excerpt:
        """The lines of a place in a document."""
        document = self._documents.get(uri)
        lines = () if document is None else tuple(document.lines)
        last = place.end.line
        if place.end.character == 0 and last > place.start.line:
            last -= 1
        return Excerpt(
            path=self._name(uri),
            first=place.start.line + 1,
            last=last + 1,
            language=(document.language_id if document is not None else None) or "",
            lines=lines[place.start.line : last + 1],
        )

    def _name(self, uri: str) -> str:
        path, root = path_of(uri), self._documents.root
        if path is None:
            return uri
        return str(path.relative_to(root) if root and path.is_relative_to(root) else path)

    async def _start(self, params: Mapping[str, Any]) -> ThreadId:
        root = self._documents.root
        where = {"cwd": str(root)} if root is not None and await anyio.Path(root).is_dir() else {}
        result = await self.call("thread/start", {**where, **self.thread_params, **params})
        return ThreadId(result["thread"]["id"])

    async def _begin(self, thread_id: ThreadId, text: str, purpose: Purpose) -> dict[str, Any]:
        parts = [{"type": "text", "text": text}]
        params = {"threadId": thread_id, "input": parts}
        result, sent = await self._ask("turn/submit", params)
        turn_id = TurnId(result["turn"]["id"])
        if self.answers is not None:
            # Before the turn can say anything.
            self.answers.expect(turn_id, purpose)
        sent()
        return {"threadId": thread_id, "turnId": turn_id}

    async def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        request = Request(0, method, dict(params))
        reply = await self._dispatcher.handle_request(request)
        if isinstance(reply, Reply):
            return from_json(encode(reply.result)), reply.then
        return from_json(encode(reply)), _nothing


def _nothing() -> None:
    pass
