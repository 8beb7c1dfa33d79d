"""TurnProgress: running turns as work-done progress, which the user can cancel."""

from dataclasses import dataclass, field
from typing import Any, cast

import anyio
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.progress import Progress

from codex_rpc.errors import CodexRpcError
from codex_rpc.lsp.editor import Editor
from codex_rpc.lsp.errands import Errands
from codex_rpc.protocol.ids import ThreadId, TurnId
from codex_rpc.protocol.items import (
    CommandExecutionItem,
    FileChangeItem,
    McpToolCallItem,
    ThreadItem,
)
from codex_rpc.protocol.notifications import (
    ItemStartedNotification,
    Notification,
    TurnCompletedNotification,
    TurnStartedNotification,
)
from codex_rpc.threads.thread_manager import ThreadManager

_LONGEST = 100


@dataclass(slots=True, eq=False)
class _Running:
    thread_id: ThreadId
    turn_id: TurnId
    message: str = "working"
    ended: bool = False
    news: anyio.Event = field(default_factory=anyio.Event)

    @property
    def token(self) -> str:
        return f"codex-rpc/{self.turn_id}"

    def tell(self, message: str, *, ended: bool = False) -> None:
        self.message, self.ended = message[:_LONGEST], ended
        self.news.set()


class TurnProgress:
    """Shows each turn that the editor follows. Only the latest news of a turn is kept."""

    def __init__(
        self, editor: Editor, progress: Progress, errands: Errands, threads: ThreadManager
    ) -> None:
        self._editor = editor
        self._progress = cast("Any", progress)  # its futures are of nothing in particular
        self._errands = errands
        self._threads = threads
        self._running: dict[TurnId, _Running] = {}

    def observe(self, event: Notification) -> None:
        """Take note of an event, in order."""
        match event:
            case TurnStartedNotification(thread_id=thread_id, turn=turn):
                if self._editor.can("window.work_done_progress"):
                    running = self._running[turn.id] = _Running(thread_id, turn.id)
                    self._errands.start(self._show, running)
            case ItemStartedNotification(turn_id=turn_id, item=item):
                running, doing = self._running.get(turn_id), _doing(item)
                if running is not None and doing is not None:
                    running.tell(doing)
            case TurnCompletedNotification(turn=turn):
                running = self._running.pop(turn.id, None)
                if running is not None:
                    running.tell(turn.status, ended=True)
            case _:
                pass

    def cancel(self, token: int | str) -> None:
        """The user wants no more of it."""
        for running in self._running.values():
            if running.token == token:
                try:
                    thread = self._threads.get_thread(running.thread_id)
                    thread.interrupt(running.turn_id)
                except CodexRpcError:
                    return  # it has ended at this very moment

    async def _show(self, running: _Running) -> None:
        try:
            await self._progress.create_async(running.token)
        except JsonRpcException:
            return
        begin = types.WorkDoneProgressBegin(
            title="Agent", cancellable=True, message=running.message
        )
        self._progress.begin(running.token, begin)
        try:
            while not running.ended:
                await running.news.wait()
                running.news = anyio.Event()
                if not running.ended:
                    report = types.WorkDoneProgressReport(message=running.message)
                    self._progress.report(running.token, report)
            end = types.WorkDoneProgressEnd(message=running.message)
            self._progress.end(running.token, end)
        finally:
            self._progress.tokens.pop(running.token, None)


def _doing(item: ThreadItem) -> str | None:
    match item:
        case CommandExecutionItem():
            return f"running {item.command}"
        case FileChangeItem():
            return f"changing {', '.join(change.path for change in item.changes)}"
        case McpToolCallItem():
            return f"calling {item.tool}"
        case _:
            return None
