"""Reads the text of a patch into hunks. Knows the grammar and nothing of files.

The text comes from a model, so what can be understood is accepted: a here-document's wrapper, CRLF
line ends, blank lines between hunks, several `@@` lines in a row, the line numbers of a classic
unified diff (which are ignored). Everything else is refused with the line it stands on, counted
from `*** Begin Patch`.
"""

import re
from typing import Literal, NoReturn

from msgspec import Struct

from codex_rpc.errors import PatchError

_BEGIN = "*** Begin Patch"
_END = "*** End Patch"
_ADD = "*** Add File: "
_DELETE = "*** Delete File: "
_UPDATE = "*** Update File: "
_MOVE = "*** Move to: "
_END_OF_FILE = "*** End of File"
_SCOPE = "@@"
_HEREDOC_STARTS = frozenset({"<<EOF", "<<'EOF'", '<<"EOF"'})
_HEREDOC_MIN_LINES = 4
_UNIFIED_RANGES = re.compile(r"-\d+(,\d+)? \+\d+(,\d+)? @@.*")
_HEADERS = f"'{_ADD}{{path}}', '{_DELETE}{{path}}', '{_UPDATE}{{path}}'"

LineRole = Literal["context", "add", "remove"]
_ROLES: dict[str, LineRole] = {" ": "context", "+": "add", "-": "remove"}


class PatchLine(Struct, frozen=True):
    """One line of a chunk, without its prefix and line end."""

    role: LineRole
    text: str


class Chunk(Struct, frozen=True):
    """Neighbouring lines to find and change in one file.

    Each of `contexts` is a line to be sought, one after the other, before the chunk's own lines;
    `at_end` says that those lines are the file's last.
    """

    contexts: tuple[str, ...]
    lines: tuple[PatchLine, ...]
    at_end: bool = False


class AddFile(Struct, frozen=True):
    path: str
    text: str


class DeleteFile(Struct, frozen=True):
    path: str


class UpdateFile(Struct, frozen=True):
    path: str
    chunks: tuple[Chunk, ...]
    move_to: str | None = None


Hunk = AddFile | DeleteFile | UpdateFile


class Patch(Struct, frozen=True):
    """The hunks of a patch, in its order; paths are as the model wrote them."""

    hunks: tuple[Hunk, ...]


def parse_patch(text: str) -> Patch:
    """Read a patch. One without hunks is read as such: refusing it is the planner's business.

    Raises:
        PatchError: if the text is not a patch.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PatchError("invalid patch: The text contains lone surrogates") from None
    reader = _Reader(_hunk_lines(text))
    hunks: list[Hunk] = []
    while (line := reader.peek()) is not None:
        if line.strip():
            hunks.append(_read_hunk(reader))
        else:
            reader.take()
    return Patch(tuple(hunks))


def _hunk_lines(text: str) -> list[str]:
    """The lines between the patch's first and last."""
    lines = [line.removesuffix("\r") for line in text.strip().split("\n")]
    wrapped = lines[0].rstrip() in _HEREDOC_STARTS and lines[-1].endswith("EOF")
    if wrapped and len(lines) >= _HEREDOC_MIN_LINES:
        lines = lines[1:-1]
    if lines[0].strip() != _BEGIN:
        raise PatchError(f"invalid patch: The first line of the patch must be '{_BEGIN}'")
    if lines[-1].strip() != _END:
        raise PatchError(f"invalid patch: The last line of the patch must be '{_END}'")
    return lines[1:-1]


class _Reader:
    """A place in the hunks' lines that knows its number."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._next = 0

    @property
    def number(self) -> int:
        """The number of the line that `peek` shows; the first hunk's header is line 2."""
        return self._next + 2

    def peek(self) -> str | None:
        return self._lines[self._next] if self._next < len(self._lines) else None

    def take(self) -> None:
        self._next += 1


def _refuse(number: int, reason: str) -> NoReturn:
    raise PatchError(f"invalid hunk at line {number}, {reason}")


def _read_hunk(reader: _Reader) -> Hunk:
    number = reader.number
    header = (reader.peek() or "").strip()
    reader.take()
    if header.startswith(_ADD):
        return AddFile(_path_in(header, _ADD, number), _read_added_text(reader))
    if header.startswith(_DELETE):
        return DeleteFile(_path_in(header, _DELETE, number))
    if header.startswith(_UPDATE):
        return _read_update(reader, _path_in(header, _UPDATE, number))
    _refuse(number, f"'{header}' is not a valid hunk header. Valid hunk headers: {_HEADERS}")


def _path_in(header: str, marker: str, number: int) -> str:
    path = header.removeprefix(marker).strip()
    if "\0" in path:
        _refuse(number, "a path cannot contain a NUL character")
    return path


def _read_added_text(reader: _Reader) -> str:
    lines: list[str] = []
    while (line := reader.peek()) is not None and line.startswith("+"):
        lines.append(f"{line[1:]}\n")
        reader.take()
    return "".join(lines)


def _read_update(reader: _Reader, path: str) -> UpdateFile:
    header_number = reader.number - 1
    move_to = None
    next_line = (reader.peek() or "").strip()
    if next_line.startswith(_MOVE):
        move_to = _path_in(next_line, _MOVE, reader.number)
        reader.take()
    chunks: list[Chunk] = []
    while (line := reader.peek()) is not None and not line.startswith("*"):
        if line.strip():
            chunks.append(_read_chunk(reader, first=not chunks))
        else:
            reader.take()
    if not chunks:
        _refuse(header_number, f"Update file hunk for path '{path}' is empty")
    return UpdateFile(path, tuple(chunks), move_to)


def _read_chunk(reader: _Reader, *, first: bool) -> Chunk:
    start, opening = reader.number, reader.peek()
    contexts = _read_contexts(reader)
    if reader.number == start and not first:
        _refuse(start, f"Expected update hunk to start with a @@ context marker, got: '{opening}'")
    lines: list[PatchLine] = []
    at_end = False
    while (line := reader.peek()) is not None and not at_end:
        if lines and line.rstrip() == _END_OF_FILE:
            at_end = True
        elif not line:
            # Models, and editors on the way, drop the one space of an empty context line.
            lines.append(PatchLine("context", ""))
        elif line[0] in _ROLES:
            lines.append(PatchLine(_ROLES[line[0]], line[1:]))
        else:
            break
        reader.take()
    if not lines:
        _refuse_body(reader)
    return Chunk(contexts, tuple(lines), at_end)


def _read_contexts(reader: _Reader) -> tuple[str, ...]:
    contexts: list[str] = []
    while (line := reader.peek()) is not None:
        marker, _, context = line.rstrip().partition(" ")
        if marker != _SCOPE:
            break
        # The text after a classic diff's ranges may stand anywhere above: it is no place to seek.
        if context and not _UNIFIED_RANGES.fullmatch(context):
            contexts.append(context)
        reader.take()
    return tuple(contexts)


def _refuse_body(reader: _Reader) -> NoReturn:
    line = reader.peek()
    if line is None or line.startswith("*"):
        _refuse(reader.number, "Update hunk does not contain any lines")
    _refuse(
        reader.number,
        f"Unexpected line found in update hunk: '{line}'. Every line should start with ' ' "
        "(context line), '+' (added line), or '-' (removed line)",
    )
