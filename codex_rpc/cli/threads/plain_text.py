"""Text for eyes: without what steers a terminal, on one line, cut to a width.

A thread holds texts of models and programs. They must not move the reader's cursor, nor hide what
they say by colors or by reversing the reading order.
"""

import re
import unicodedata

_CONTROL = re.compile(
    r"\x1b\[[0-9;:?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


def harmless(text: str) -> str:
    """`text` without what would move a cursor, change a color or reverse the reading order."""
    return _CONTROL.sub("", text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """`text` on one line, harmless."""
    return " ".join(harmless(text).split())


def width_of(text: str) -> int:
    """How many columns `text` takes."""
    return sum(map(_columns, text))


def fitted(text: str, width: int, *, keep_end: bool = False) -> str:
    """`text` cut or filled up to exactly `width` columns."""
    if width_of(text) > width:
        text = _cut(text[::-1], width)[::-1] if keep_end else _cut(text, width)
    return text + " " * (width - width_of(text))


def _cut(text: str, width: int) -> str:
    kept, room = "", width - 1
    for char in text:
        room -= _columns(char)
        if room < 0:
            break
        kept += char
    return kept + "…"


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
