"""BackgroundTerminals: a thread's terminals, and how they are shown.

Each is shown by the item of the call that opened it, under its original turn, also when that is
over. As long as the call waits, the item is one of the turn's and ends with it; from then on it is
kept here, and completed when the command has ended.
"""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

import anyio
import anyio.to_thread

from codex_rpc.errors import TerminalNotFoundError
from codex_rpc.exec.exec_text import exit_code_for_model
from codex_rpc.exec.output import DELTA_BYTES, MAX_DELTAS
from codex_rpc.exec.process import ProcessRunner
from codex_rpc.exec.terminals import Terminal, TerminalTable
from codex_rpc.protocol.ids import ItemId, ThreadId, TurnId
from codex_rpc.protocol.items import ThreadItem
from codex_rpc.protocol.notifications import (
    CommandExecutionOutputDeltaNotification,
    ItemCompletedNotification,
    TerminalInteractionNotification,
    WarningNotification,
)
from codex_rpc.session.clock import now_ms
from codex_rpc.session.events import Event
from codex_rpc.session.shown_terminal import OpenTerminal, ShownTerminal
from codex_rpc.state.active_turn import ActiveTurn
from codex_rpc.tools.commands.terminals import TerminalLaunch

logger = logging.getLogger(__name__)

MANY_TERMINALS = 60
"""When there are so many, the user is warned."""


class EventSink(Protocol):
    """Where is put down what happens. See `Journal`."""

    def emit(self, event: Event) -> None: ...

    async def room(self) -> None: ...


class BackgroundTerminals:
    """An async context manager; leaving it ends all commands and completes their items."""

    def __init__(self, thread_id: ThreadId, processes: ProcessRunner, journal: EventSink) -> None:
        self._thread_id = thread_id
        self._processes = processes
        self._journal = journal
        self._table = TerminalTable()
        self._shown: dict[Terminal, ShownTerminal] = {}
        """Those whose items are open or whose commands run."""
        self._tasks = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._tasks.cancel_scope.cancel()
        return await self._tasks.__aexit__(kind, error, traceback)

    # --- for turns -----------------------------------------------------------------------------

    def reserved(self) -> AbstractContextManager[int]:
        """A number for a terminal that may be opened within the context."""
        return self._table.reserved()

    async def open(self, launch: TerminalLaunch, turn: ActiveTurn) -> Terminal:
        """Start the command; its output is read and shown from now on, whoever waits for it.

        Raises:
            SpawnError: if it cannot be started.
        """
        try:
            process = await self._processes.start(launch.spec)
        except BaseException:
            await _clean_up(launch)
            raise
        # Nothing awaits from here on, so that an interrupt cannot lose it.
        terminal = Terminal(launch.number, process, tty=launch.spec.stdin == "terminal")
        shown = ShownTerminal(terminal, turn, launch)
        if (open_item := turn.state.open_items.get(launch.item.id)) is not None:
            open_item.draft = shown.now
        self._table.add(terminal)
        self._shown[terminal] = shown
        self._tasks.start_soon(self._follow, shown)
        if (surplus := self._table.surplus()) is not None:
            self._table.remove(surplus)
            self._tasks.start_soon(surplus.kill)
        if len(self._table) == MANY_TERMINALS:
            self._warn_of_many()
        return terminal

    def find(self, number: int) -> Terminal:
        """The terminal of that number.

        Raises:
            TerminalNotFoundError: if there is none, or its end has been told.
        """
        return self._table.find(number)

    def interacted(self, terminal: Terminal, text: str, turn: ActiveTurn) -> None:
        """Show that `text` was typed, or, empty, that the terminal was looked at."""
        if (shown := self._shown.get(terminal)) is not None and not turn.concluded:
            self._journal.emit(
                TerminalInteractionNotification(
                    thread_id=self._thread_id,
                    turn_id=shown.turn.turn_id,
                    item_id=ItemId(shown.item.id),
                    process_id=str(terminal.number),
                    stdin=text,
                )
            )

    def declare(self, terminal: Terminal) -> None:
        """Keep the terminal when its turn ends, unless the turn has closed its item by now."""
        shown = self._shown.get(terminal)
        if shown is not None and not shown.declared:
            shown.declared = True
            shown.completed |= shown.turn.state.open_items.pop(shown.item.id, None) is None

    def forget(self, terminal: Terminal) -> None:
        """The model knows that the command has ended."""
        self._table.remove(terminal)

    async def abandon(self, terminal: Terminal) -> None:
        """Complete the item at once, and kill the command."""
        self._table.remove(terminal)
        if (shown := self._shown.get(terminal)) is not None:
            self._complete(shown)
        with anyio.CancelScope(shield=True):
            await terminal.kill()

    # --- for clients ---------------------------------------------------------------------------

    def running(self) -> Sequence[OpenTerminal]:
        """Those whose commands run, by number."""
        running = [
            OpenTerminal(
                number=terminal.number,
                turn_id=shown.turn.turn_id,
                item=shown.now(),
                script=shown.launch.script,
                pid=terminal.pid,
            )
            for terminal, shown in self._shown.items()
        ]
        return sorted(running, key=lambda terminal: terminal.number)

    def outliving(self) -> Sequence[tuple[TurnId, ThreadItem]]:
        """The open items that are no longer their turns', as they look by now."""
        return [
            (shown.turn.turn_id, shown.now())
            for shown in self._shown.values()
            if shown.declared and not shown.completed
        ]

    async def terminate(self, number: int) -> bool:
        """Kill the command of a terminal; `False` if none of that number runs."""
        try:
            terminal = self._table.find(number)
        except TerminalNotFoundError:
            return False
        if terminal.ended.is_set():
            return False
        await terminal.kill()
        return True

    async def terminate_all(self) -> None:
        """Kill all commands."""
        async with anyio.create_task_group() as killing:
            for terminal in tuple(self._shown):
                killing.start_soon(terminal.kill)

    # --- its tasks -----------------------------------------------------------------------------

    async def _follow(self, shown: ShownTerminal) -> None:
        """Read what a command writes to its end; kill it if that must not be waited for."""
        terminal = shown.terminal
        try:
            while (chunk := await terminal.read()) is not None:
                await self._show(shown, chunk)
        except Exception:
            logger.exception("reading terminal %d failed", terminal.number)
        finally:
            with anyio.CancelScope(shield=True):
                await terminal.end()
            self._flush(shown)
            self._complete(shown)
            self._shown.pop(terminal, None)
            await _clean_up(shown.launch)

    async def _show(self, shown: ShownTerminal, chunk: bytes) -> None:
        shown.output.append(chunk)
        if shown.deltas >= MAX_DELTAS or not self._is_open(shown):
            return
        if text := shown.text.feed(chunk):
            shown.deltas += 1 + len(chunk) // DELTA_BYTES
            self._emit_delta(shown, text)
            await self._journal.room()

    def _flush(self, shown: ShownTerminal) -> None:
        rest = shown.text.flush()
        if rest and shown.deltas < MAX_DELTAS and self._is_open(shown):
            self._emit_delta(shown, rest)

    def _complete(self, shown: ShownTerminal) -> None:
        """Show how the command ended, or that it was given up; once."""
        if self._is_open(shown):
            ended = {"status": "failed"}
            if (exit := shown.terminal.exit) is not None:
                code = exit_code_for_model(exit)
                ended = {
                    "status": "completed" if code == 0 else "failed",
                    "exit_code": code,
                    "duration_ms": round(exit.duration_s * 1000),
                }
            shown.turn.state.open_items.pop(shown.item.id, None)
            self._journal.emit(
                ItemCompletedNotification(
                    thread_id=self._thread_id,
                    turn_id=shown.turn.turn_id,
                    item=shown.now().model_copy(update=ended),
                    completed_at_ms=now_ms(),
                )
            )
        shown.completed = True

    def _is_open(self, shown: ShownTerminal) -> bool:
        """Whether the item may still change; the end of its turn completes what is the turn's."""
        if shown.declared:
            return not shown.completed
        return shown.item.id in shown.turn.state.open_items

    def _emit_delta(self, shown: ShownTerminal, text: str) -> None:
        self._journal.emit(
            CommandExecutionOutputDeltaNotification(
                thread_id=self._thread_id,
                turn_id=shown.turn.turn_id,
                item_id=ItemId(shown.item.id),
                delta=text,
            )
        )

    def _warn_of_many(self) -> None:
        self._journal.emit(
            WarningNotification(
                thread_id=self._thread_id,
                message=f"The thread has {MANY_TERMINALS} terminals open. When there are a few "
                "more, the ones that were not used for longest are closed.",
            )
        )


async def _clean_up(launch: TerminalLaunch) -> None:
    if launch.clean_up is not None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(launch.clean_up)
