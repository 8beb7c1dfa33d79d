"""`codex-rpc exec PROMPT`: one turn, without a client.

The final message goes to stdout and everything else to stderr, so that the answer can be piped on.
Questions go to the terminal; without one they are declined.
"""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread

from codex_rpc.cli.logs import log_to_stderr
from codex_rpc.config.home import codex_home
from codex_rpc.config.loader import ConfigLoader
from codex_rpc.errors import InvalidRequestError
from codex_rpc.exec.own_secrets import hide_own_secrets
from codex_rpc.protocol.approvals import (
    ApprovalDecision,
    CommandExecutionRequestApprovalParams,
    FileChangeRequestApprovalParams,
    PendingApproval,
)
from codex_rpc.protocol.inputs import TextInput
from codex_rpc.protocol.items import AgentMessageItem, CommandExecutionItem, FileChangeItem
from codex_rpc.protocol.notifications import (
    ErrorNotification,
    ItemCompletedNotification,
    ItemStartedNotification,
    TurnCompletedNotification,
    WarningNotification,
)
from codex_rpc.protocol.turn import Turn
from codex_rpc.server.version import PROTOCOL_VERSION
from codex_rpc.session.events import ApprovalRequested, Event
from codex_rpc.session.ops import SubmitInput
from codex_rpc.threads.codex_thread import CodexThread
from codex_rpc.threads.spawn import StartThread
from codex_rpc.threads.thread_manager import ThreadManager

ANSWERS: dict[str, ApprovalDecision] = {
    "y": "accept",
    "a": "acceptForSession",
    "n": "decline",
    "q": "cancel",
}
CHOICES = "[y]es, [a]lways in this session, [n]o, [q]uit"


def run(
    *, prompt: str, cwd: Path | None, ephemeral: bool, overrides: Sequence[tuple[str, object]]
) -> int:
    """Run the turn; 0 if it completed, 1 if it failed, 130 if it was interrupted.

    A signal interrupts it too, with the signal's own code.
    """
    log_to_stderr(os.environ)
    hide_own_secrets()
    text = sys.stdin.buffer.read().decode(errors="replace") if prompt == "-" else prompt
    if not text.strip():
        raise InvalidRequestError("the prompt is empty")
    request = StartThread(
        cwd=None if cwd is None else str(cwd), ephemeral=ephemeral, originator="codex-rpc exec"
    )
    code = anyio.run(_run, text, request, overrides)
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    # Not by returning: a thread that still waits for the terminal would hold up the end.
    os._exit(code)


async def _run(prompt: str, request: StartThread, overrides: Sequence[tuple[str, object]]) -> int:
    config = ConfigLoader(codex_home(os.environ), overrides)
    async with ThreadManager(config, os.environ, PROTOCOL_VERSION, "exec") as threads:
        new = await threads.start_thread(request)
        for warning in new.warnings:
            _say(f"warning: {warning}")
        await new.thread.submit(SubmitInput([TextInput(text=prompt)]))
        return await _follow_unless_interrupted(new.thread)


async def _follow_unless_interrupted(thread: CodexThread) -> int:
    """The exit code. After a signal, leaving the manager ends the turn and its commands."""
    code = 0
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with anyio.create_task_group() as tasks:

            async def stop_on_signal() -> None:
                nonlocal code
                code = 128 + await anext(signals)
                tasks.cancel_scope.cancel()

            tasks.start_soon(stop_on_signal)
            code = _report(await _follow(thread))
            tasks.cancel_scope.cancel()
    return code


async def _follow(thread: CodexThread) -> Turn:
    """Show what happens until the turn has ended."""
    while True:
        for event in await thread.next_events():
            match event:
                case ApprovalRequested(approval=approval):
                    await _answer(thread, approval)
                case TurnCompletedNotification(turn=turn):
                    return turn
                case _:
                    _show(event)


def _report(turn: Turn) -> int:
    messages = [item.text for item in turn.items if isinstance(item, AgentMessageItem)]
    if messages:
        print(messages[-1])
    if turn.status == "completed":
        return 0
    if turn.error is not None:
        _say(f"codex-rpc: {turn.error.message}")
    return 1 if turn.status == "failed" else 130


def _show(event: Event) -> None:
    match event:
        case WarningNotification(message=message):
            _say(f"warning: {message}")
        case ErrorNotification(error=error, will_retry=True):
            _say(error.message)
        case ItemStartedNotification(item=CommandExecutionItem() as item):
            _say(f"$ {item.command}")
        case ItemCompletedNotification(item=CommandExecutionItem() as item):
            _say((item.aggregated_output or "").rstrip("\n"))
            _say(f"({item.status}, exit code {item.exit_code})")
        case ItemCompletedNotification(item=FileChangeItem() as item):
            for change in item.changes:
                _say(f"{change.kind.type} {change.path} ({item.status})")
        case _:
            pass


async def _answer(thread: CodexThread, approval: PendingApproval) -> None:
    match approval.params:
        case CommandExecutionRequestApprovalParams(command=command):
            question = f"Run {command}?"
        case FileChangeRequestApprovalParams(changes=changes):
            question = "\n".join(["Change these files?", *(change.diff for change in changes)])
        case _:
            thread.reject_answer(approval.approval_id, "this program can only be told yes or no")
            return
    thread.respond_to_approval(approval.approval_id, await _ask(question))


async def _ask(question: str) -> ApprovalDecision:
    """Ask on the terminal; an end of input declines, as does having no terminal."""
    answer = await anyio.to_thread.run_sync(_ask_terminal, question, abandon_on_cancel=True)
    if answer is None:
        _say(f"declined, since there is no terminal to ask on: {question.splitlines()[0]}")
        return "decline"
    return ANSWERS.get(answer, "decline")


def _ask_terminal(question: str) -> str | None:
    try:
        with Path("/dev/tty").open("r+b", buffering=0) as terminal:
            terminal.write(f"{question}\n{CHOICES}: ".encode())
            return terminal.readline().decode(errors="replace").strip().lower()[:1]
    except OSError:
        return None


def _say(text: str) -> None:
    if text:
        print(text, file=sys.stderr, flush=True)
