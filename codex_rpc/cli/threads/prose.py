"""Markdown as safe HTML: no markup of the author's, no scripts, nothing loaded from elsewhere."""

from collections.abc import Sequence
from functools import cached_property
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_FOLLOWED = ("http://", "https://", "mailto:", "#")


class _SafeRenderer(RendererHTML):
    """Links lead only to the web; images are links, for loading one would tell its host."""

    def link_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        href = str(tokens[idx].attrs.get("href", ""))
        if not href.lower().startswith(_FOLLOWED):
            return f'<a title="{escape(href)}">'
        return f'<a href="{escape(href)}" rel="noopener noreferrer">'

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        source = str(tokens[idx].attrs.get("src", ""))
        label = escape(tokens[idx].content or source[:80] or "image")
        if picture := picture_html(source, label):
            return picture
        if not source.lower().startswith(_FOLLOWED):
            return f"[{label}]"
        return f'<a href="{escape(source)}" rel="noopener noreferrer">[image: {label}]</a>'


class ProseRenderer:
    """Turns Markdown into HTML; made once for a page."""

    @cached_property
    def _markdown(self) -> MarkdownIt:
        options = {"html": False, "breaks": True}
        parser = MarkdownIt("commonmark", options, renderer_cls=_SafeRenderer)
        return parser.enable(["table", "strikethrough"])

    def html(self, text: str) -> str:
        return self._markdown.render(text)


def picture_html(url: str, label: str) -> str:
    """An image that is in its URL; empty for any other."""
    if not url.startswith(
        ("data:image/png", "data:image/jpeg", "data:image/gif", "data:image/webp")
    ):
        return ""
    return f'<img src="{escape(url)}" alt="{escape(label)}">'
