"""From one text of a document to the next, as edits that leave the rest of it alone."""

import re

from lsprotocol.types import Position, Range, TextEdit
from pygls.workspace import PositionCodec

from codex_rpc.tools.apply_patch.line_diff import line_edits, split_lines

_LONE_RETURN = re.compile(r"\r(?!\n)")


def text_edits(old: str, new: str, codec: PositionCodec) -> list[TextEdit]:
    """What turns `old` into `new`; positions count in the client's units."""
    if _LONE_RETURN.search(old):
        # The protocol takes these for ends of lines, which the line diff does not.
        return [TextEdit(Range(Position(0, 0), _end_of(old, codec)), new)]
    before, after = split_lines(old), split_lines(new)
    end = _end_of(old, codec)
    return [
        TextEdit(
            Range(
                _start_of(edit.old_start, before, end),
                _start_of(edit.old_stop, before, end),
            ),
            "".join(after[edit.new_start : edit.new_stop]),
        )
        for edit in line_edits(before, after)
    ]


def was_edited(old: str, new: str, now: str) -> bool:
    """Whether a text shows what makes `new` of `old`, whatever else has been changed in it.

    In doubt, for instance if one of two equal lines was to go, it was not.
    """
    before, after = split_lines(old), split_lines(new)
    for edit in line_edits(before, after):
        removed = "".join(before[edit.old_start : edit.old_stop])
        added = "".join(after[edit.new_start : edit.new_stop])
        if added not in now or (not added and removed in now):
            return False
    return now != old


def _start_of(line: int, lines: list[str], end: Position) -> Position:
    return Position(line, 0) if line < len(lines) else end


def _end_of(text: str, codec: PositionCodec) -> Position:
    *complete, last = re.split(r"\r\n|\n|\r", text)
    return Position(len(complete), codec.client_num_units(last))
