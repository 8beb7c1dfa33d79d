"""What the model is told of the skills there are: names, descriptions and where to read on.

The section has a size it never exceeds, however many skills there are. Recognising it is the
business of `history.fragments`, which skills there are that of `codex_rpc.managers.skills`.
"""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from codex_rpc.history.fragments import SKILLS_INSTRUCTIONS, kind_of
from codex_rpc.protocol.response_items import MessageItem, ResponseItem

MAX_DESCRIPTION = 1024
BUDGET_CHARS = 24_000
"""For all entries together: about 6,000 tokens."""

_SHORTER = (MAX_DESCRIPTION, 400, 160, 60, 0)
"""How long descriptions may be, from the first length that fits."""

_USAGE = """\
How to use them:
- When the user names a skill, by `$name` or in plain words, or asks for just what its description
  is about, work by that skill in this turn. Take the fewest that cover the task, and say in a line
  which you take and why.
- If its document is not in this conversation yet, read the file first, as far as you need it. What
  it refers to is relative to its folder: read of that only what the task needs, and run or copy its
  scripts and templates rather than writing them anew.
- If a skill cannot be read or does not fit, say so briefly and go on without it."""

_NONE = "There are no skills any more. Do not use those that were listed before."


class SkillEntry(Struct, frozen=True):
    """What the model is told of one skill."""

    name: str
    description: str
    path: Path


def skills_instructions(entries: Sequence[SkillEntry]) -> MessageItem:
    """The section about these skills; without any, that those of an earlier section are gone."""
    if not entries:
        return SKILLS_INSTRUCTIONS.render(_NONE)
    listed = "\n".join(_lines(entries))
    return SKILLS_INSTRUCTIONS.render(
        "## Skills\nA skill is a folder whose SKILL.md teaches one kind of task, often with "
        f"scripts and templates beside it. These are there:\n{listed}\n{_USAGE}"
    )


def last_told(items: Sequence[ResponseItem]) -> MessageItem | None:
    """The section that the model knows; `None` if it knows of no skills."""
    for item in reversed(items):
        if (
            isinstance(item, MessageItem)
            and item.role == SKILLS_INSTRUCTIONS.role
            and kind_of(item.text, item.role) is SKILLS_INSTRUCTIONS
        ):
            return None if item == SKILLS_INSTRUCTIONS.render(_NONE) else item
    return None


def _lines(entries: Sequence[SkillEntry]) -> Sequence[str]:
    lines: list[str] = []
    for length in _SHORTER:
        lines = [_line(entry, length) for entry in entries]
        if sum(map(len, lines)) <= BUDGET_CHARS:
            return lines
    return _as_many_as_fit(lines)


def _as_many_as_fit(lines: Sequence[str]) -> Sequence[str]:
    kept: list[str] = []
    room = BUDGET_CHARS
    for line in lines:
        room -= len(line)
        if room < 0:
            return [*kept, f"- and {len(lines) - len(kept)} more, which the user can name."]
        kept.append(line)
    return kept


def _line(entry: SkillEntry, length: int) -> str:
    description = entry.description
    if len(description) > length:
        description = f"{description[: max(0, length - 1)]}…" if length else ""
    told = f": {description}" if description else ""
    return f"- {entry.name}{told} (file: {entry.path})"
