"""Works out a file's new text from its old text and the chunks of an update. Pure.

A chunk is sought as written, then without trailing blanks, then without any, then with typographic
characters made plain. However loosely it was found, only the lines it adds and removes change: its
context lines stay as the file has them, and so do line ends, a byte order mark and the presence or
absence of a final newline after an untouched last line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from codex_rpc.errors import PatchError
from codex_rpc.tools.apply_patch.parser import Chunk, PatchLine

_BOM = "\ufeff"
_PLAIN = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
    | dict.fromkeys("\u00a0\u202f\u205f\u3000", " ")
    | {chr(code): " " for code in range(0x2002, 0x200B)}
    | {_BOM: ""}
)


def _as_plain(line: str) -> str:
    return line.translate(_PLAIN).strip()


_FORMS: tuple[Callable[[str], str], ...] = (str, str.rstrip, str.strip, _as_plain)
"""What to compare instead of a line, from the strictest to the loosest."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line and its end; "" for a last line without one, `None` for a line the patch adds."""

    body: str
    end: str | None = None


@dataclass(frozen=True, slots=True)
class _Replacement:
    start: int
    stop: int
    lines: Sequence[_Line]


def patched_text(text: str, chunks: Sequence[Chunk], path: Path) -> str:
    """Apply `chunks`, which must stand in the file's order; `path` is for the messages.

    Raises:
        PatchError: if a chunk is not found.
    """
    content = text.removeprefix(_BOM)
    document = _Document(content)
    replacements: list[_Replacement] = []
    index = 0
    for chunk in chunks:
        replacement, index = _place(document, chunk, index, path)
        replacements.append(replacement)
    result = document.render(sorted(replacements, key=lambda replacement: replacement.start))
    return _BOM + result.removeprefix(_BOM) if len(content) < len(text) else result


class _Document:
    """The old text, line by line, in every form a chunk may be sought in."""

    def __init__(self, text: str) -> None:
        bodies = text.split("\n")
        unfinished = bodies.pop()
        self.lines = [
            _Line(body[:-1], "\r\n") if body.endswith("\r") else _Line(body, "\n")
            for body in bodies
        ]
        if unfinished:
            self.lines.append(_Line(unfinished, ""))
        self._newline = "\r\n" if text.count("\r\n") * 2 > len(bodies) else "\n"
        self._forms: list[list[str]] = []

    def form(self, level: int) -> list[str]:
        """The bodies after `_FORMS[level]`; made once, since every chunk may need them."""
        while len(self._forms) <= level:
            make = _FORMS[len(self._forms)]
            self._forms.append([make(line.body) for line in self.lines])
        return self._forms[level]

    def insertion_point(self) -> int:
        """Where lines go that belong at the end: before a blank last line, if there is one."""
        count = len(self.lines)
        return count - 1 if count and not self.lines[-1].body else count

    def seek(self, wanted: Sequence[str], start: int, *, at_end: bool = False) -> int | None:
        """The first place of `wanted` from `start` on; if `at_end`, the one nearest to the end."""
        last = len(self.lines) - len(wanted)
        if last < start:
            return None
        if at_end:
            found = self._find(wanted, range(last, last + 1))
            return self._find(wanted, range(last - 1, start - 1, -1)) if found is None else found
        return self._find(wanted, range(start, last + 1))

    def _find(self, wanted: Sequence[str], places: range) -> int | None:
        for level, make in enumerate(_FORMS):
            lines = self.form(level)
            pattern = [make(line) for line in wanted]
            first, count = pattern[0], len(pattern)
            for place in places:
                if lines[place] == first and lines[place : place + count] == pattern:
                    return place
        return None

    def render(self, replacements: Sequence[_Replacement]) -> str:
        """The new text. `replacements` are in order; of two that overlap the later one yields."""
        kept: list[_Line] = []
        position = 0
        for replacement in replacements:
            kept += self.lines[position : replacement.start]
            kept += replacement.lines
            position = max(position, replacement.stop)
        kept += self.lines[position:]
        if not kept:
            return ""
        # Only a last line may go without a line end, and only one that was there before.
        *most, last = kept
        rendered = [line.body + (line.end or self._newline) for line in most]
        rendered.append(last.body + (self._newline if last.end is None else last.end))
        return "".join(rendered)


def _place(document: _Document, chunk: Chunk, index: int, path: Path) -> tuple[_Replacement, int]:
    """Find one chunk from line `index` on; also returns where the next one may begin."""
    for context in chunk.contexts:
        found = document.seek([context], index)
        if found is None:
            raise PatchError(f"Failed to find context '{context}' in {path}")
        index = found + 1
    lines = chunk.lines
    while old := [line.text for line in lines if line.role != "add"]:
        found = document.seek(old, index, at_end=chunk.at_end)
        if found is not None:
            stop = found + len(old)
            return _Replacement(found, stop, _merged(document.lines[found:stop], lines)), stop
        if old[-1]:
            wanted = "\n".join(line.text for line in chunk.lines if line.role != "add")
            raise PatchError(f"Failed to find expected lines in {path}:\n{wanted}")
        lines = _without_last_blank(lines)
    narrowed = chunk.contexts and not chunk.at_end
    point = index if narrowed else document.insertion_point()
    return _Replacement(point, point, _merged([], lines)), index


def _merged(found: Sequence[_Line], lines: Sequence[PatchLine]) -> list[_Line]:
    """What stands in place of `found`: its own lines where the chunk has context."""
    old = iter(found)
    merged: list[_Line] = []
    for line in lines:
        match line.role:
            case "add":
                merged.append(_Line(line.text))
            case "context":
                merged.append(next(old))
            case "remove":
                next(old)
            case _:
                assert_never(line.role)
    return merged


def _without_last_blank(lines: Sequence[PatchLine]) -> tuple[PatchLine, ...]:
    """The chunk without its last old line, a blank one that the file does not have.

    Models count the nothing after the final newline as a line. Blank context that has added lines
    after it was meant to be in the new text, so there it becomes an added line.
    """
    at = max(place for place, line in enumerate(lines) if line.role != "add")
    after = tuple(lines[at + 1 :])
    if lines[at].role == "context" and after:
        after = (PatchLine("add", ""), *after)
    return (*lines[:at], *after)
