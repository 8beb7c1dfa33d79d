"""Writes the difference of two texts as the hunks of a unified diff, as git does."""

from collections.abc import Iterable, Iterator, Sequence

from codex_rpc.tools.apply_patch.line_diff import Edit, line_edits, split_lines

_NO_NEWLINE = "\n\\ No newline at end of file\n"


def unified_hunks(before: str, after: str, context: int) -> str:
    """The hunks without file headers, each with `context` lines around it; "" if equal."""
    old, new = split_lines(before), split_lines(after)
    groups = _grouped(line_edits(old, new), context)
    return "".join(line for group in groups for line in _hunk(old, new, group, context))


def _grouped(edits: Iterable[Edit], context: int) -> list[list[Edit]]:
    """Edits whose context would touch or overlap share a hunk."""
    groups: list[list[Edit]] = []
    for edit in edits:
        if groups and edit.old_start - groups[-1][-1].old_stop <= 2 * context:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return groups


def _hunk(
    old: Sequence[str], new: Sequence[str], edits: Sequence[Edit], context: int
) -> Iterator[str]:
    first, last = edits[0], edits[-1]
    lead = min(context, first.old_start)
    tail = min(context, len(old) - last.old_stop)
    old_start, old_stop = first.old_start - lead, last.old_stop + tail
    old_range = _range(old_start, old_stop)
    new_range = _range(first.new_start - lead, last.new_stop + tail)
    yield f"@@ -{old_range} +{new_range} @@\n"
    at = old_start
    for edit in edits:
        yield from _prefixed(" ", old[at : edit.old_start])
        yield from _prefixed("-", old[edit.old_start : edit.old_stop])
        yield from _prefixed("+", new[edit.new_start : edit.new_stop])
        at = edit.old_stop
    yield from _prefixed(" ", old[at:old_stop])


def _range(start: int, stop: int) -> str:
    """First line and count. An empty range has the line before it, a count of 1 is left out."""
    count = stop - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"


def _prefixed(prefix: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield prefix + (line if line.endswith("\n") else line + _NO_NEWLINE)
