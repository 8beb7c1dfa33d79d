"""Works out a file's new text from its old text and the chunks of an update. Pure.

A chunk is sought as written, then without trailing blanks, then without any, then with typographic
characters made plain. However loosely it was found, only the lines it adds and removes change: its
context lines stay as the file has them, and so do line ends, a byte order mark and the presence or
absence of a final newline after an untouched last line.

In a file that is not UTF-8 the bytes that are not stay as they are. The model has seen replacement
characters in place of them, and its lines match with these; what it adds there must be ASCII, which
means the same in every such encoding but the wide ones, which are refused.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from codex_rpc.errors import PatchError
from codex_rpc.tools.apply_patch.document import Document, Line, Stretch, is_utf8
from codex_rpc.tools.apply_patch.parser import Chunk, PatchLine

_BOM = "\ufeff"


def patched_text(text: str, chunks: Sequence[Chunk], path: Path) -> str:
    """Apply `chunks`, which must stand in the file's order; `path` is for the messages.

    Raises:
        PatchError: if a chunk is not found, or cannot be put into a file of that encoding.
    """
    if not is_utf8(text):
        _require_harmless(text, chunks, path)
    content = text.removeprefix(_BOM)
    document = Document(content)
    replacements: list[Stretch] = []
    index = 0
    for chunk in chunks:
        replacement, index = _place(document, chunk, index, path)
        replacements.append(replacement)
    result = document.render(sorted(replacements, key=lambda replacement: replacement.start))
    return _BOM + result.removeprefix(_BOM) if len(content) < len(text) else result


def _require_harmless(text: str, chunks: Sequence[Chunk], path: Path) -> None:
    if "\0" in text:
        raise PatchError(f"Failed to read {path}: it is not UTF-8 text")
    for chunk in chunks:
        for line in chunk.lines:
            if line.role == "add" and not line.text.isascii():
                raise PatchError(
                    f"Cannot change {path}: it is not UTF-8 text, so only plain ASCII can be put "
                    f"into it, not: {line.text}"
                )


def _place(document: Document, chunk: Chunk, index: int, path: Path) -> tuple[Stretch, int]:
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
            return Stretch(found, stop, _merged(document.lines(found, stop), lines)), stop
        if old[-1]:
            wanted = "\n".join(line.text for line in chunk.lines if line.role != "add")
            raise PatchError(f"Failed to find expected lines in {path}:\n{wanted}")
        lines = _without_last_blank(lines)
    narrowed = chunk.contexts and not chunk.at_end
    point = index if narrowed else document.insertion_point()
    return Stretch(point, point, _merged([], lines)), index


def _merged(found: Sequence[Line], lines: Sequence[PatchLine]) -> list[Line]:
    """What stands in place of `found`: its own lines where the chunk has context."""
    old = iter(found)
    merged: list[Line] = []
    for line in lines:
        match line.role:
            case "add":
                merged.append(Line(line.text))
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
