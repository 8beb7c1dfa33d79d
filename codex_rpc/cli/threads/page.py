"""`threads export --format html`: a thread as one page that needs nothing but itself."""

from collections.abc import Iterator
from html import escape
from importlib.resources import files
from string import Template

from codex_rpc.cli.threads.entries import entry_of
from codex_rpc.cli.threads.entry import Diff, Entry, Output, Part, Picture, Prose
from codex_rpc.cli.threads.plain_text import harmless
from codex_rpc.cli.threads.prose import ProseRenderer, picture_html
from codex_rpc.cli.threads.transcript import Transcript, clock, turn_ending
from codex_rpc.protocol.turn import Turn

_PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>$title</title>
<style>
$style</style>
</head>
<body>
<header>
<h1>$title</h1>
<dl>
$facts</dl>
</header>
<main>
$turns</main>
</body>
</html>
""")

_DIFF_CLASSES = {"+": "added", "-": "removed", "@": "place"}


def page_of(transcript: Transcript) -> str:
    """The whole page."""
    writer = _PageWriter()
    facts = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>\n"
        for name, value in transcript.facts()
    )
    turns = (writer.turn(number, turn) for number, turn in enumerate(transcript.turns, 1))
    return _PAGE.substitute(
        title=escape(harmless(transcript.title)),
        style=files("codex_rpc.cli.threads").joinpath("page.css").read_text(encoding="utf-8"),
        facts="".join(facts),
        turns="".join(turns),
    )


class _PageWriter:
    """Writes the parts of one page."""

    def __init__(self) -> None:
        self._prose = ProseRenderer()

    def turn(self, number: int, turn: Turn) -> str:
        return "".join(self._turn_lines(number, turn))

    def _turn_lines(self, number: int, turn: Turn) -> Iterator[str]:
        yield f'<section id="turn-{number}">\n<h2><a href="#turn-{number}">Turn {number}</a>'
        if turn.started_at is not None:
            yield f" <time>{clock(turn.started_at)}</time>"
        yield "</h2>\n"
        for item in turn.items:
            yield self._entry(entry_of(item))
        if ending := turn_ending(turn):
            yield f'<p class="ending {turn.status}">{escape(ending)}</p>\n'
        yield "</section>\n"

    def _entry(self, entry: Entry) -> str:
        body = "".join(map(self._part, entry.parts))
        match entry.kind:
            case "user" | "agent":
                heading = f"<h3>{entry.kind.title()}{_time(entry)}</h3>\n"
                return f'<article class="{entry.kind}">\n{heading}{body}</article>\n'
            case "reasoning" | "command" | "tool":
                return _folded(entry, body)
            case "patch":
                return f'<article class="patch">\n<h3>{_summary(entry)}</h3>\n{body}</article>\n'
            case "plan" | "note":
                heading = f"<h3>{_summary(entry)}</h3>\n"
                return f'<article class="{entry.kind}">\n{heading}{body}</article>\n'

    def _part(self, part: Part) -> str:
        match part:
            case Prose(text):
                return f'<div class="prose">{self._prose.html(text)}</div>\n'
            case Output(text):
                return f"<pre>{escape(text)}</pre>\n"
            case Diff(title, text):
                return _diff(title, text)
            case Picture(url):
                picture = picture_html(url, "image")
                return f"<p>{picture or escape(f'[image {url}]')}</p>\n"


def _folded(entry: Entry, body: str) -> str:
    summary = _summary(entry)
    if not body:
        return f'<p class="fold {entry.kind}">{summary}</p>\n'
    return f'<details class="fold {entry.kind}"><summary>{summary}</summary>\n{body}</details>\n'


def _summary(entry: Entry) -> str:
    if entry.kind in ("command", "tool"):
        title = f"<code>{escape(entry.title)}</code>"
    else:
        title = f"<span>{escape(entry.title)}</span>"
    failed = " failed" if entry.failed else ""
    state = f' <small class="state{failed}">{escape(entry.state)}</small>' if entry.state else ""
    return f"{title}{state}{_time(entry)}"


def _time(entry: Entry) -> str:
    if entry.at_ms is None:
        return ""
    return f" <time>{clock(entry.at_ms / 1000, '%H:%M:%S')}</time>"


def _diff(title: str, text: str) -> str:
    lines = (
        f'<span class="{_DIFF_CLASSES.get(line[:1], "same")}">{escape(line) or " "}</span>'
        for line in text.splitlines()
    )
    return (
        f'<details class="diff" open><summary><code>{escape(title)}</code></summary>\n'
        f"<pre>{''.join(lines)}</pre></details>\n"
    )
