"""The exported page: what it shows, and that it loads and runs nothing."""

from html.parser import HTMLParser

import pytest

from codex_rpc.cli.threads.page import page_of
from tests.unit.cli.sample_thread import PIXEL, agent, everything, transcript, turn, user

VOID = {"meta", "img", "br", "hr"}


class Page(HTMLParser):
    """Reads a page, and fails on elements that are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def classes(self) -> set[str]:
        return {word for _, found in self.elements for word in (found.get("class") or "").split()}


def page_with(text: str) -> Page:
    return Page(page_of(transcript([turn(agent(text))])))


def test_everything_of_a_thread_is_on_the_page() -> None:
    page = Page(page_of(transcript([turn(*everything(), error="stream broke off")])))
    for text in (
        "Mend <b>it</b> & tell me",
        "Then I run it.",
        "return 1",
        "make test",
        "1 failed",
        "exit 2, 1.2 s",
        "/project/pricing.py",
        "+    return 1 < 2",
        "added /project/NEW.md",
        'docs.find {"q": "tax"}',
        "3 pages",
        "Failed: stream broke off",
        "1,050 (1,000 in, of them 400 cached; 50 out)",
        "main",
    ):
        assert text in page.text
    assert {"user", "agent", "reasoning", "command", "patch", "plan"} <= page.classes()
    assert {"added", "removed", "place", "failed"} <= page.classes()
    assert [picture["src"] for picture in page.named("img")] == [PIXEL]


def test_reasoning_and_commands_are_folded_and_diffs_are_open() -> None:
    page = Page(page_of(transcript([turn(*everything())])))
    folds = {str(found["class"]): "open" in found for found in page.named("details")}
    assert folds == {"fold reasoning": False, "fold command": False, "fold tool": False} | {
        "diff": True
    }


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[click](javascript:alert(1))",
        "[click](data:text/html;base64,PHNjcmlwdD4=)",
        "[click](vbscript:x)",
        "![pixel](https://tracker.example/p.png)",
        "![pixel](data:image/svg+xml;base64,PHN2Zz4=)",
        "<img src=x onerror=alert(1)>",
        '[a](https://x.example/"onmouseover="alert(1))',
        "```html\n<script>alert(1)</script>\n```",
        "</details></section></main><script>",
    ],
)
def test_nothing_that_a_model_writes_runs_or_loads(text: str) -> None:
    """Users' demand: a shared transcript must be safe to open."""
    page = page_with(text)
    assert page.named("script") == page.named("img") == page.named("link") == []
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        href = attributes.get("href") or ""
        assert href.startswith(("https://", "#")) or not href
        assert not attributes.get("src")


def test_the_page_forbids_itself_to_load_anything() -> None:
    (policy,) = [
        found["content"]
        for found in page_with("Hi").named("meta")
        if found.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_markdown_is_rendered() -> None:
    page = page_with(
        "**bold**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[docs](https://d.example/?a&b)"
    )
    assert page.named("strong")
    assert page.named("table")
    assert {"href": "https://d.example/?a&b", "rel": "noopener noreferrer"} in page.named("a")


def test_titles_with_dollars_and_controls_come_out_as_text() -> None:
    page = Page(page_of(transcript([turn(user("x"))], name="$title costs $5 \x1b[31mred")))
    assert "$title costs $5 red" in page.text
