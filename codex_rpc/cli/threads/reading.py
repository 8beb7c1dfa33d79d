"""`threads show`: a thread's transcript on the terminal."""

from collections.abc import Iterator
from typing import assert_never

from codex_rpc.cli.threads.entries import entry_of
from codex_rpc.cli.threads.entry import (
    Diff,
    Entry,
    EntryKind,
    Output,
    Part,
    Picture,
    Prose,
)
from codex_rpc.cli.threads.terminal import Style, Terminal
from codex_rpc.cli.threads.transcript import Transcript, clock, turn_ending
from codex_rpc.protocol.turn import Turn

LINES_OF_OUTPUT = 12
"""So much of a command's output is shown, unless all of it is wanted."""

_STYLES: dict[EntryKind, Style] = {
    "user": "cyan",
    "agent": "green",
    "reasoning": "dim",
    "plan": "magenta",
    "command": "yellow",
    "patch": "yellow",
    "tool": "yellow",
    "note": "magenta",
}
_DIFF_STYLES: dict[str, Style] = {"+": "green", "-": "red", "@": "cyan"}


def print_transcript(terminal: Terminal, transcript: Transcript, *, whole: bool) -> None:
    """Print the thread; long outputs in part, unless the `whole` of it is wanted."""
    terminal.line(transcript.title, "bold")
    for name, value in transcript.facts():
        terminal.row([(f"{name:8}", "dim"), (value, None)])
    for number, turn in enumerate(transcript.turns, 1):
        _print_turn(terminal, number, turn, whole=whole)


def _print_turn(terminal: Terminal, number: int, turn: Turn, *, whole: bool) -> None:
    started = "" if turn.started_at is None else clock(turn.started_at)
    heading = f"── turn {number}  {started} "
    terminal.line()
    terminal.line(heading + "─" * max(0, min(terminal.width, 100) - len(heading)), "dim")
    for item in turn.items:
        _print_entry(terminal, entry_of(item), whole=whole)
    if ending := turn_ending(turn):
        terminal.line()
        terminal.line(ending, "red" if turn.status == "failed" else "dim")


def _print_entry(terminal: Terminal, entry: Entry, *, whole: bool) -> None:
    terminal.line()
    terminal.line(_heading(entry), _STYLES[entry.kind])
    for part in entry.parts:
        _print_part(terminal, part, "dim" if entry.kind == "reasoning" else None, whole=whole)
    if entry.state:
        terminal.line(f"  ({entry.state})", "red" if entry.failed else "dim")


def _heading(entry: Entry) -> str:
    match entry.kind:
        case "user" | "agent" | "reasoning":
            return entry.kind
        case "command":
            return f"$ {entry.title}"
        case _:
            return entry.title


def _print_part(terminal: Terminal, part: Part, style: Style | None, *, whole: bool) -> None:
    match part:
        case Prose(text):
            terminal.line(text.strip("\n"), style)
        case Output(text):
            for line in _shortened(text, whole=whole):
                terminal.line(f"  {line}", "dim")
        case Diff(title, text):
            terminal.line(f"  {title}", "bold")
            for line in text.splitlines():
                terminal.line(f"  {line}", _DIFF_STYLES.get(line[:1]))
        case Picture(url):
            terminal.line(f"[image {url[:80]}]", "dim")
        case _:
            assert_never(part)


def _shortened(text: str, *, whole: bool) -> Iterator[str]:
    lines = text.splitlines()
    hidden = len(lines) - LINES_OF_OUTPUT
    if whole or hidden <= 1:
        yield from lines
        return
    yield from lines[: LINES_OF_OUTPUT // 2]
    yield f"... {hidden} more lines (--full shows them)"
    yield from lines[-LINES_OF_OUTPUT // 2 :]
