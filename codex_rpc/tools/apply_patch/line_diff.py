"""Finds which lines two texts have in common, in time that does not run away.

Lines that occur once in either text are anchors (patience diff); what is between two anchors is
compared by Myers' greedy search for the shortest edit script, up to a number of edits. Beyond that
the piece counts as rewritten: the answer is then longer than it need be, and still right.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

_MAX_EDITS = 200
"""Edits per piece that are searched for; the time grows with the square of it."""


class Edit(Struct, frozen=True):
    """Lines `old_start:old_stop` of the old text became `new_start:new_stop` of the new one."""

    old_start: int
    old_stop: int
    new_start: int
    new_stop: int


class _Match(Struct, frozen=True):
    old: int
    new: int
    count: int


def split_lines(text: str) -> list[str]:
    """Lines with their ends. Only a line feed ends a line: other breaks are content, as in git."""
    *lines, last = text.split("\n")
    ended = [f"{line}\n" for line in lines]
    return [*ended, last] if last else ended


def line_edits(old: Sequence[str], new: Sequence[str]) -> list[Edit]:
    """What to change in `old` to get `new`, in order; edits neither touch nor overlap."""
    edits: list[Edit] = []
    at_old = at_new = 0
    for match in [*_matches(old, new), _Match(len(old), len(new), 0)]:
        if (at_old, at_new) != (match.old, match.new):
            edits.append(Edit(at_old, match.old, at_new, match.new))
        at_old, at_new = match.old + match.count, match.new + match.count
    return edits


def _matches(old: Sequence[str], new: Sequence[str]) -> list[_Match]:
    found: list[_Match] = []
    pieces = [Edit(0, len(old), 0, len(new))]
    while pieces:
        piece = _trimmed(old, new, pieces.pop(), found)
        if piece.old_start == piece.old_stop or piece.new_start == piece.new_stop:
            continue
        anchors = _anchors(old, new, piece)
        if anchors:
            pieces += _between(anchors, piece)
            found += anchors
        else:
            found += _greedy_matches(old, new, piece)
    found.sort(key=lambda match: match.old)
    return found


def _trimmed(old: Sequence[str], new: Sequence[str], piece: Edit, found: list[_Match]) -> Edit:
    """Add the piece's common head and tail to `found`; return what is between them."""
    i, i_stop, j, j_stop = piece.old_start, piece.old_stop, piece.new_start, piece.new_stop
    while i < i_stop and j < j_stop and old[i] == new[j]:
        i, j = i + 1, j + 1
    while i < i_stop and j < j_stop and old[i_stop - 1] == new[j_stop - 1]:
        i_stop, j_stop = i_stop - 1, j_stop - 1
    if i > piece.old_start:
        found.append(_Match(piece.old_start, piece.new_start, i - piece.old_start))
    if i_stop < piece.old_stop:
        found.append(_Match(i_stop, j_stop, piece.old_stop - i_stop))
    return Edit(i, i_stop, j, j_stop)


def _anchors(old: Sequence[str], new: Sequence[str], piece: Edit) -> list[_Match]:
    """The longest run, in order, of lines that occur exactly once on either side."""
    old_counts = Counter(old[piece.old_start : piece.old_stop])
    new_counts = Counter(new[piece.new_start : piece.new_stop])
    place = {new[j]: j for j in range(piece.new_start, piece.new_stop) if new_counts[new[j]] == 1}
    pairs = [
        _Match(i, place[old[i]], 1)
        for i in range(piece.old_start, piece.old_stop)
        if old_counts[old[i]] == 1 and old[i] in place
    ]
    return _rising(pairs)


def _rising(pairs: Sequence[_Match]) -> list[_Match]:
    """The longest subsequence in which `new` rises, by patience sorting."""
    tops: list[int] = []
    top_pairs: list[int] = []
    before: list[int | None] = []
    for index, pair in enumerate(pairs):
        pile = bisect_left(tops, pair.new)
        before.append(top_pairs[pile - 1] if pile else None)
        if pile == len(tops):
            tops.append(pair.new)
            top_pairs.append(index)
        else:
            tops[pile], top_pairs[pile] = pair.new, index
    rising: list[_Match] = []
    at = top_pairs[-1] if top_pairs else None
    while at is not None:
        rising.append(pairs[at])
        at = before[at]
    return rising[::-1]


def _between(anchors: Sequence[_Match], piece: Edit) -> list[Edit]:
    """The parts of a piece that its anchors leave open."""
    parts: list[Edit] = []
    i, j = piece.old_start, piece.new_start
    for anchor in [*anchors, _Match(piece.old_stop, piece.new_stop, 0)]:
        if i < anchor.old and j < anchor.new:
            parts.append(Edit(i, anchor.old, j, anchor.new))
        i, j = anchor.old + anchor.count, anchor.new + anchor.count
    return parts


def _greedy_matches(old: Sequence[str], new: Sequence[str], piece: Edit) -> list[_Match]:
    """Myers, "An O(ND) Difference Algorithm", figure 2; no match if it takes too many edits.

    `reach[k]` is how far into the old lines diagonal `k` (old index minus new index, counted from
    the piece's start) has got; `trail` keeps it as it was before each round, for the way back.
    """
    rows, columns = piece.old_stop - piece.old_start, piece.new_stop - piece.new_start
    reach = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(min(rows + columns, _MAX_EDITS) + 1):
        trail.append(reach.copy())
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (k != edits and reach[k - 1] < reach[k + 1])
            x = reach[k + 1] if down else reach[k - 1] + 1
            y = x - k
            while x < rows and y < columns and old[piece.old_start + x] == new[piece.new_start + y]:
                x, y = x + 1, y + 1
            reach[k] = x
            if x >= rows and y >= columns:
                return _walked_back(trail, piece)
    return []


def _walked_back(trail: Sequence[dict[int, int]], piece: Edit) -> list[_Match]:
    x, y = piece.old_stop - piece.old_start, piece.new_stop - piece.new_start
    matches: list[_Match] = []
    for edits in range(len(trail) - 1, -1, -1):
        reach, k = trail[edits], x - y
        down = k == -edits or (k != edits and reach[k - 1] < reach[k + 1])
        previous_k = k + 1 if down else k - 1
        previous_x = reach[previous_k] if edits else 0
        start = (previous_x if down else previous_x + 1) if edits else 0
        if x > start:
            matches.append(_Match(piece.old_start + start, piece.new_start + start - k, x - start))
        x, y = previous_x, previous_x - previous_k
    return matches
