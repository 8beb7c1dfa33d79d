"""What the model is told about a command that ran.

The text of the output is the caller's, already shortened to what the model may see.
"""

import json
import os

from msgspec import Struct

from codex_rpc.exec.process_spec import ProcessExit

_TIMED_OUT = 124
_SIGNALLED = 128
_UNKNOWN = -1


def exit_code_for_model(exit: ProcessExit) -> int:
    """One number for every way to end, by the conventions of `timeout(1)` and of shells."""
    if exit.timed_out:
        return _TIMED_OUT
    if exit.signal is not None:
        return _SIGNALLED + exit.signal
    return _UNKNOWN if exit.exit_code is None else exit.exit_code


def with_timeout_note(text: str, exit: ProcessExit) -> str:
    """The output, after a line that says so if the command ran out of time."""
    if not exit.timed_out:
        return text
    return f"command timed out after {round(exit.duration_s * 1000)} milliseconds\n{text}"


def structured(text: str, exit: ProcessExit) -> str:
    """The form for tools that return JSON."""
    body = {
        "output": with_timeout_note(text, exit),
        "metadata": {
            "exit_code": exit_code_for_model(exit),
            "duration_seconds": round(exit.duration_s, 1),
        },
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def freeform(text: str, exit: ProcessExit, total_lines: int | None = None) -> str:
    """The form for tools that return text; `total_lines` is given if `text` was shortened."""
    lines = [
        f"Exit code: {exit_code_for_model(exit)}",
        f"Wall time: {round(exit.duration_s, 1)} seconds",
    ]
    if total_lines is not None:
        lines.append(f"Total output lines: {total_lines}")
    lines += ["Output:", with_timeout_note(text, exit)]
    return "\n".join(lines)


class TerminalReport(Struct, frozen=True):
    """One look at a terminal: `exit` is there if its command has ended."""

    number: int
    exit: ProcessExit | None
    wall_time_s: float
    tokens: int
    """About how many the output would be, were it not shortened."""
    output: str


def terminal_text(report: TerminalReport) -> str:
    """The form for tools whose commands may go on after the call."""
    if report.exit is None:
        state = f"Process running with session ID {report.number}"
    else:
        state = f"Process exited with code {exit_code_for_model(report.exit)}"
    return "\n".join(
        [
            f"Chunk ID: {os.urandom(3).hex()}",
            f"Wall time: {report.wall_time_s:.4f} seconds",
            state,
            f"Original token count: {report.tokens}",
            "Output:",
            report.output,
        ]
    )
