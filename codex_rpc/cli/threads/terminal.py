"""Terminal: lines of text on a terminal or into a pipe.

Owns color and width. What is printed is made harmless first, see `plain_text`.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Literal, TextIO

from codex_rpc.cli.threads.plain_text import harmless

Style = Literal["bold", "dim", "red", "green", "yellow", "cyan", "magenta"]

_CODES: dict[Style, str] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "magenta": "35",
}
_NARROWEST = 40


class Terminal:
    """Writes lines to `stream`; in color and fitted to the width only if that is a terminal."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._stream = stream
        self.is_terminal = stream.isatty()
        plain = environ.get("NO_COLOR") or environ.get("TERM") == "dumb"
        self._color = self.is_terminal and not plain
        self.width = max(_NARROWEST, shutil.get_terminal_size().columns)

    def line(self, text: str = "", style: Style | None = None) -> None:
        """Write one line or several, harmless ones."""
        for line in harmless(text).expandtabs(4).split("\n"):
            self._stream.write(f"{self.styled(line, style)}\n")

    def row(self, cells: Sequence[tuple[str, Style | None]], gap: str = "  ") -> None:
        """Write cells that have been fitted already, in their styles."""
        self._stream.write(gap.join(self.styled(text, style) for text, style in cells) + "\n")

    def styled(self, text: str, style: Style | None) -> str:
        if not self._color or style is None or not text:
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"
