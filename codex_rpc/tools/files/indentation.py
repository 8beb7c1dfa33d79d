"""Finds the block of code around a line by its indentation alone, in any language. Pure.

Every line above that is indented less than the line, or than the last such line, is a level: the
header of a block that the line is in. A block is its header and all that is indented more, with the
line that closes it.
"""

import re
from collections.abc import Sequence

from msgspec import Struct

from codex_rpc.tools.files.text_lines import widths

_CLOSING = re.compile(r"[\])}]|end\b|fi\b|done\b|esac\b")
_CONTINUING = re.compile(r"(else|elif|elsif|except|finally|catch|rescue|ensure|case|when)\b|} ?\w")
_ABOVE_HEADER = re.compile(r"#|//|/\*|\*|--|@|\"\"\"")
"""How lines begin that belong to the header below them: comments, decorators."""


class BlockChoice(Struct, frozen=True):
    """Which block: so many levels above the anchor, 0 for all there are."""

    anchor: int
    max_levels: int = 0
    include_siblings: bool = False
    """With the blocks beside it."""
    include_header: bool = True
    """With the comments and decorators right above it."""


def block_around(lines: Sequence[str], choice: BlockChoice, limit: int) -> range:
    """Line numbers of the block, at most `limit`: those nearest to the anchor."""
    depth = widths(lines)
    anchor = choice.anchor - 1
    top = _top(lines, depth, anchor, choice.max_levels)
    first, last = top, _end(lines, depth, top)
    if choice.include_siblings:
        first, last = _with_siblings(depth, top)
    if choice.include_header:
        while first > 0 and depth[first - 1] == depth[first] and _is_header(lines[first - 1]):
            first -= 1
    while last > anchor and not lines[last].strip():
        last -= 1
    while first < anchor and not lines[first].strip():
        first += 1
    return _nearest(first + 1, last + 1, choice.anchor, limit)


def _top(lines: Sequence[str], depth: Sequence[int], anchor: int, max_levels: int) -> int:
    top, levels = _beginning(lines, depth, anchor), 0
    at = top - 1
    while at >= 0 and depth[top] and not (max_levels and levels == max_levels):
        if lines[at].strip() and depth[at] < depth[top]:
            at = top = _beginning(lines, depth, at)
            levels += 1
        at -= 1
    return top


def _beginning(lines: Sequence[str], depth: Sequence[int], top: int) -> int:
    """From a header that goes on with a block, such as `else`, back to where that began."""
    at = top
    while at > 0 and _CONTINUING.match(lines[top].lstrip()) and depth[at - 1] >= depth[top]:
        at -= 1
        if depth[at] == depth[top] and lines[at].strip():
            top = at
    return top


def _end(lines: Sequence[str], depth: Sequence[int], top: int) -> int:
    last = top
    for at in range(top + 1, len(lines)):
        if depth[at] > depth[top]:
            last = at
            continue
        text = lines[at].lstrip()
        if depth[at] < depth[top] or not text:
            break
        if _CONTINUING.match(text):
            last = at
            continue
        return at if _CLOSING.match(text) else last
    return last


def _with_siblings(depth: Sequence[int], top: int) -> tuple[int, int]:
    first = last = top
    while first > 0 and depth[first - 1] >= depth[top]:
        first -= 1
    while last + 1 < len(depth) and depth[last + 1] >= depth[top]:
        last += 1
    return first, last


def _is_header(line: str) -> bool:
    return _ABOVE_HEADER.match(line.lstrip()) is not None


def _nearest(first: int, last: int, anchor: int, limit: int) -> range:
    if last - first < limit:
        return range(first, last + 1)
    start = max(first, min(anchor - limit // 2, last - limit + 1))
    return range(start, start + limit)
