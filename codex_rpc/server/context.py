"""What a handler works with: the server, the client that asks, and the answer it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import anyio
from msgspec import Struct

from codex_rpc.errors import InvalidParamsError
from codex_rpc.managers.files.disk import Disk
from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.server.approval_desk import ApprovalDesk
from codex_rpc.server.client import Client
from codex_rpc.server.feeds import Feeds
from codex_rpc.session.ops import Op, Submitted
from codex_rpc.threads.codex_thread import CodexThread
from codex_rpc.threads.thread_manager import ThreadManager


class Server(Struct, frozen=True):
    """What all connections share."""

    environ: Mapping[str, str]
    threads: ThreadManager
    feeds: Feeds
    desk: ApprovalDesk
    disk: Disk


class Answer(Struct, frozen=True):
    """A result, and what to do as soon as it is on its way."""

    result: WireModel
    then: Callable[[], None]


@dataclass(slots=True)
class RequestContext:
    """One request being worked on."""

    server: Server
    client: Client
    _held: list[tuple[ThreadId, anyio.Event]] = field(
        default_factory=list[tuple[ThreadId, anyio.Event]]
    )

    def answer_first(self, thread_id: ThreadId) -> None:
        """Send this request's answer before any event of the thread that comes from now on."""
        self._held.append((thread_id, self.client.begin_answer(thread_id)))

    async def submit(self, thread: CodexThread, op: Op) -> Submitted:
        """Have `op` carried out. What comes of it is told after the answer, settings before it.

        Raises:
            CodexRpcError: if it is refused; then it has changed nothing.
        """
        self.answer_first(thread.thread_id)
        submitted = await thread.submit(op)
        if submitted.settings is not None and not submitted.settings.told.is_set():
            # Earlier events may be waiting for this answer, and have to pass first.
            self.answered()
            self.answer_first(thread.thread_id)
            await submitted.settings.told.wait()
        return submitted

    def answered(self) -> None:
        """The answer is on its way, or there will be none: let events pass."""
        for thread_id, answered in self._held:
            self.client.end_answer(thread_id, answered)
        self._held.clear()

    def thread(self, thread_id: ThreadId | None) -> CodexThread:
        """The loaded thread of that id; without an id, the client's newest.

        Raises:
            InvalidParamsError: if no id is given and the client has started no thread.
            InvalidThreadIdError: if it is no id.
            ThreadNotFoundError: if it is not loaded.
        """
        thread_id = thread_id or self.client.newest_thread
        if thread_id is None:
            raise InvalidParamsError(
                "Invalid request: missing field `threadId`, and no thread was started on this "
                "connection",
                path=("threadId",),
            )
        return self.server.threads.get_thread(thread_id)
