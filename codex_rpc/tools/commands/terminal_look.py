"""What the model is told when it looks at a terminal."""

import time

import anyio
from msgspec import Struct

from codex_rpc.exec.exec_text import TerminalReport, terminal_text
from codex_rpc.exec.terminals import Terminal
from codex_rpc.history.tokens import tokens_of_bytes
from codex_rpc.history.truncation import DEFAULT_POLICY, TruncationPolicy, truncated_text
from codex_rpc.tools.commands.terminals import Terminals
from codex_rpc.tools.ports import ToolOutput


class Look(Struct, frozen=True):
    """A look at a terminal: how long to wait for its end, and how much to read of its output."""

    wait_s: float
    max_tokens: int | None = None

    async def at(self, terminal: Terminal, terminals: Terminals) -> ToolOutput:
        """What the model is told, who then knows that the terminal is there, or has ended."""
        began = time.monotonic()
        with anyio.move_on_after(self.wait_s):
            await terminal.ended.wait()
        report = self._report(terminal, time.monotonic() - began)
        if report.exit is None:
            terminals.declare(terminal)
        else:
            terminals.forget(terminal)
        return ToolOutput(terminal_text(report), report.exit is None or report.exit.exit_code == 0)

    def _report(self, terminal: Terminal, wall_time_s: float) -> TerminalReport:
        unread = terminal.take()
        tokens = tokens_of_bytes(unread.total_bytes)
        most = DEFAULT_POLICY.limit if self.max_tokens is None else self.max_tokens
        policy = TruncationPolicy("tokens", min(most, DEFAULT_POLICY.limit))
        text = truncated_text(unread.text, policy)
        if text != unread.text:
            text = f"Total output lines: {unread.total_lines}\n\n{text}"
        exit = terminal.exit if terminal.ended.is_set() else None
        return TerminalReport(terminal.number, exit, wall_time_s, tokens, text)
