"""`threads export --format md`: a thread as one Markdown document."""

import re
from collections.abc import Iterator

from codex_rpc.cli.threads.entries import entry_of
from codex_rpc.cli.threads.entry import Diff, Entry, Output, Part, Picture, Prose
from codex_rpc.cli.threads.transcript import Transcript, clock, turn_ending
from codex_rpc.protocol.turn import Turn

_FENCE = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)


def markdown_of(transcript: Transcript) -> str:
    """The whole document."""
    return "\n".join(_blocks(transcript)).rstrip("\n") + "\n"


def _blocks(transcript: Transcript) -> Iterator[str]:
    yield f"# {_escaped(transcript.title)}\n"
    for name, value in transcript.facts():
        yield f"- **{name}:** {_escaped(value)}"
    yield ""
    for number, turn in enumerate(transcript.turns, 1):
        yield from _turn_blocks(number, turn)


def _turn_blocks(number: int, turn: Turn) -> Iterator[str]:
    started = "" if turn.started_at is None else f" ({clock(turn.started_at)})"
    yield f"## Turn {number}{started}\n"
    for item in turn.items:
        yield from _entry_blocks(entry_of(item))
    if ending := turn_ending(turn):
        yield f"*{_escaped(ending)}*\n"


def _entry_blocks(entry: Entry) -> Iterator[str]:
    match entry.kind:
        case "user":
            yield "**User**\n"
            for part in entry.parts:
                yield "".join(f"> {line}\n" for line in _part_text(part).splitlines())
        case "agent":
            yield "**Agent**\n"
            yield from map(_part_text, entry.parts)
        case "reasoning":
            yield from _folded("Reasoning", entry)
        case "command":
            title = f"<code>{_html(entry.title)}</code>"
            yield from _folded(f"{title} {_html(_state(entry))}".rstrip(), entry)
        case _:
            yield f"**{_escaped(entry.title)}** {_escaped(_state(entry))}".rstrip() + "\n"
            yield from map(_part_text, entry.parts)


def _folded(summary: str, entry: Entry) -> Iterator[str]:
    if not entry.parts:
        yield f"{summary}\n"
        return
    yield f"<details><summary>{summary}</summary>\n"
    yield from map(_part_text, entry.parts)
    yield "</details>\n"


def _part_text(part: Part) -> str:
    match part:
        case Prose(text):
            return text.strip("\n") + "\n"
        case Output(text):
            return _fenced(text, "text")
        case Diff(title, text):
            return f"{_escaped(title)}\n\n{_fenced(text, 'diff')}"
        case Picture(url):
            return f"![image]({url})\n"


def _fenced(text: str, language: str) -> str:
    """A code block whose fence is longer than any in the text."""
    longest = max((len(found) for found in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def _state(entry: Entry) -> str:
    return f"({entry.state})" if entry.state else ""


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", text)


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
