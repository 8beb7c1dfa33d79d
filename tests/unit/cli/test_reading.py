"""Transcripts on the terminal and as Markdown."""

import io

from markdown_it import MarkdownIt

from codex_rpc.cli.threads.markdown import markdown_of
from codex_rpc.cli.threads.reading import LINES_OF_OUTPUT, print_transcript
from codex_rpc.cli.threads.terminal import Terminal
from codex_rpc.cli.threads.transcript import Transcript
from tests.unit.cli.sample_thread import (
    THREAD_ID,
    agent,
    command,
    everything,
    transcript,
    turn,
    user,
)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(thread: Transcript, *, whole: bool = False) -> str:
    stream = io.StringIO()
    print_transcript(Terminal(stream, {}), thread, whole=whole)
    return stream.getvalue()


def test_a_transcript_tells_who_said_and_did_what_in_order() -> None:
    text = shown(transcript([turn(*everything(), error="stream broke off")], name="Prices"))
    wanted = [
        "Prices",
        THREAD_ID,
        "── turn 1",
        "user\nMend <b>it</b> & tell me",
        "reasoning",
        "agent\nIt is *done*:",
        "$ make test\n  1 failed\n  (exit 2, 1.2 s)",
        "2 files changed\n  /project/pricing.py\n  @@ -1,2 +1,2 @@",
        "added /project/NEW.md\n  +# New",
        'docs.find {"q": "tax"}\n  3 pages',
        "Plan\n1. Read",
        "Failed: stream broke off",
    ]
    places = [text.index(part) for part in wanted]
    assert places == sorted(places)


def test_long_outputs_are_cut_unless_all_is_wanted() -> None:
    output = "".join(f"line {number}\n" for number in range(100))
    thread = transcript([turn(command("seq 100", output))])
    assert f"... {100 - LINES_OF_OUTPUT} more lines" in shown(thread)
    assert "line 50" not in shown(thread)
    assert "line 50" in shown(thread, whole=True)


def test_what_a_model_writes_does_not_steer_the_terminal() -> None:
    """An escape sequence in a file's content could rewrite what the user sees."""
    evil = "\x1b]0;title\x07\x1b[2J\x1b[31mred\r\nand \u202ebackwards\x9b31m"
    text = shown(transcript([turn(user(evil), command("cat x", evil))], name=evil))
    assert not [char for char in text if ord(char) < 32 and char != "\n"]
    assert "\x9b" not in text
    assert "\u202e" not in text
    assert "red" in text


def test_colors_are_for_terminals_that_want_them() -> None:
    thread = transcript([turn(agent("Hi"))])
    for environ, colored in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        screen = Screen()
        print_transcript(Terminal(screen, environ), thread, whole=False)
        assert ("\x1b[" in screen.getvalue()) is colored


def test_markdown_keeps_fences_and_folds_commands() -> None:
    thread = transcript([turn(user("Hi"), command("cat notes.md", "```\ncode\n```"))])
    text = markdown_of(thread)
    tokens = MarkdownIt().parse(text)
    fences = [token.content for token in tokens if token.type == "fence"]
    assert fences == ["```\ncode\n```\n"]
    assert "> Hi" in text
    assert "<details><summary><code>cat notes.md</code> (1.2 s)</summary>" in text


def test_markdown_has_everything_of_a_thread() -> None:
    text = markdown_of(transcript([turn(*everything(), error="stream broke off")]))
    for part in ("# Mend \\<b\\>it", "Then I run it.", "1 failed", "+    return 1 < 2", "3 pages"):
        assert part in text
    assert text.endswith("*Failed: stream broke off*\n")
