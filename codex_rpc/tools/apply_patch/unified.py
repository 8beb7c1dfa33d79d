"""Writes the difference of two texts as the hunks of a unified diff, as git does."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from codex_rpc.tools.apply_patch.line_diff import Edit, line_edits, split_lines

_NO_NEWLINE = "\n\\ No newline at end of file\n"


def unified_hunks(before: str, after: str, context: int) -> str:
    """The hunks without file headers, each with `context` lines around it; "" if equal."""
    head, tail = _unchanged(before, after, context)
    old = split_lines(before[head : len(before) - tail])
    new = split_lines(after[head : len(after) - tail])
    first = before.count("\n", 0, head)
    groups = _grouped(line_edits(old, new), context)
    return "".join(
        line for group in groups for line in _Hunk(old, new, group, first).lines(context)
    )


def _unchanged(before: str, after: str, context: int) -> tuple[int, int]:
    """How much at either end need not be split into lines: long files change in few places."""
    shared = min(len(before), len(after))
    same = _same_length(shared, lambda start, stop: before[start:stop] == after[start:stop])
    head = before.rfind("\n", 0, same) + 1
    for _ in range(context):
        head = before.rfind("\n", 0, max(head - 1, 0)) + 1

    def equal_from_end(start: int, stop: int) -> bool:
        old, new = len(before), len(after)
        return before[old - stop : old - start] == after[new - stop : new - start]

    rest = _same_length(min(shared - same, shared - head), equal_from_end)
    # The line that the equal end begins in need not begin where it does.
    at = len(before) - rest
    for _ in range(context + 1):
        at = before.find("\n", at) + 1
        if not at:
            return head, 0
    return head, len(before) - at


def _same_length(limit: int, equal: Callable[[int, int], bool]) -> int:
    """How far, up to `limit`, two texts are equal; slices are compared faster than characters."""
    known, top = 0, limit
    while known < top:
        middle = (known + top + 1) // 2
        if equal(known, middle):
            known = middle
        else:
            top = middle - 1
    return known


def _grouped(edits: Iterable[Edit], context: int) -> list[list[Edit]]:
    """Edits whose context would touch or overlap share a hunk."""
    groups: list[list[Edit]] = []
    for edit in edits:
        if groups and edit.old_start - groups[-1][-1].old_stop <= 2 * context:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return groups


class _Hunk(Struct, frozen=True):
    """Neighbouring edits; `skipped` lines stand before the first of `old`, and of `new`."""

    old: Sequence[str]
    new: Sequence[str]
    edits: Sequence[Edit]
    skipped: int

    def lines(self, context: int) -> Iterator[str]:
        first, last = self.edits[0], self.edits[-1]
        lead = min(context, first.old_start)
        tail = min(context, len(self.old) - last.old_stop)
        old_start, old_stop = first.old_start - lead, last.old_stop + tail
        old_range = _range(self.skipped + old_start, self.skipped + old_stop)
        new_range = _range(
            self.skipped + first.new_start - lead, self.skipped + last.new_stop + tail
        )
        yield f"@@ -{old_range} +{new_range} @@\n"
        at = old_start
        for edit in self.edits:
            yield from _prefixed(" ", self.old[at : edit.old_start])
            yield from _prefixed("-", self.old[edit.old_start : edit.old_stop])
            yield from _prefixed("+", self.new[edit.new_start : edit.new_stop])
            at = edit.old_stop
        yield from _prefixed(" ", self.old[at:old_stop])


def _range(start: int, stop: int) -> str:
    """First line and count. An empty range has the line before it, a count of 1 is left out."""
    count = stop - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"


def _prefixed(prefix: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield prefix + (line if line.endswith("\n") else line + _NO_NEWLINE)
