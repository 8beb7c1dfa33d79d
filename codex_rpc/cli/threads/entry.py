"""Entry: what a reader sees of one item, as plain data.

How it looks is left to the terminal, the Markdown and the HTML page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

EntryKind = Literal["user", "agent", "reasoning", "plan", "command", "patch", "tool", "note"]


@dataclass(frozen=True, slots=True)
class Prose:
    """Text in Markdown."""

    text: str


@dataclass(frozen=True, slots=True)
class Output:
    """Text as a program wrote it."""

    text: str


@dataclass(frozen=True, slots=True)
class Diff:
    """What became of a file: lines that begin with `+`, `-`, `@` or a blank."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An image by its URL; `data:` URLs hold the image itself."""

    url: str


Part = Prose | Output | Diff | Picture


@dataclass(frozen=True, slots=True)
class Entry:
    """One item. `title` is a line of plain text, `state` a few words on how it went."""

    kind: EntryKind
    title: str
    parts: Sequence[Part] = ()
    state: str = ""
    failed: bool = False
    at_ms: int | None = None


def duration_text(duration_ms: int) -> str:
    """How long something took, for a reader."""
    seconds = duration_ms / 1000
    if seconds < 0.1:
        return f"{duration_ms} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
