"""A text as numbered lines: which of them to show, and how. Pure.

Lines are numbered from 1. Only a line feed ends one, as in patches: what is read here can be found
there.
"""

from collections.abc import Iterable, Sequence

MAX_LINE = 500
"""Characters of a line that are shown."""
MAX_CHARACTERS = 40_000
"""Characters that are shown in one go, about 10,000 tokens."""


def text_lines(text: str) -> Sequence[str]:
    """The lines without their ends."""
    *lines, last = text.split("\n")
    if last:
        lines.append(last)
    return [line.removesuffix("\r") for line in lines] if "\r" in text else lines


def numbered(lines: Sequence[str], chosen: range) -> str:
    """Those lines with their numbers; what comes behind them is announced.

    `chosen` are numbers of lines that exist. If they are too much to show, the rest is left out.
    """
    shown: list[str] = []
    room = MAX_CHARACTERS
    for number in chosen:
        line = _shortened(lines[number - 1])
        room -= len(line)
        if shown and room < 0:
            break
        shown.append(f"L{number}: {line}")
    end = chosen.start + len(shown)
    if end <= len(lines):
        shown.append(f"[{_count(len(lines) - end + 1)} below; go on with offset {end}]")
    return "\n".join(shown)


def _shortened(line: str) -> str:
    if len(line) <= MAX_LINE:
        return line
    return f"{line[:MAX_LINE]} [{len(line) - MAX_LINE} more characters]"


def _count(lines: int) -> str:
    return "1 more line" if lines == 1 else f"{lines} more lines"


def widths(lines: Iterable[str]) -> list[int]:
    """How far each line is indented, a tab to the next multiple of four.

    A blank line is indented as the next one that is not.
    """
    measured: list[int | None] = []
    for line in lines:
        expanded = line.expandtabs(4)
        text = expanded.lstrip()
        measured.append(len(expanded) - len(text) if text else None)
    width = 0
    filled: list[int] = []
    for measure in reversed(measured):
        width = width if measure is None else measure
        filled.append(width)
    return filled[::-1]
