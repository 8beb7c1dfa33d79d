"""Entry: what a reader sees of one item, as plain data.

How it looks is left to the terminal, the Markdown and the HTML page.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

EntryKind = Literal["user", "agent", "reasoning", "plan", "command", "patch", "tool", "note"]


class Prose(Struct, frozen=True):
    """Text in Markdown."""

    text: str


class Output(Struct, frozen=True):
    """Text as a program wrote it."""

    text: str


class Diff(Struct, frozen=True):
    """What became of a file: lines that begin with `+`, `-`, `@` or a blank."""

    title: str
    text: str


class Picture(Struct, frozen=True):
    """An image by its URL; `data:` URLs hold the image itself."""

    url: str


Part = Prose | Output | Diff | Picture


class Entry(Struct, frozen=True):
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
