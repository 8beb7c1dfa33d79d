"""How models may search the web: `web_search` and `tools.web_search` of `config.toml`."""

from collections.abc import Mapping
from typing import Any, Literal, cast, get_args

from msgspec import Struct

from codex_rpc.config.values import Table, choice_at, table_at, text_at, texts_at

WebSearchMode = Literal["disabled", "cached", "indexed", "live"]
"""Whether pages are fetched as they are now, or as a search engine has kept them."""

ContextSize = Literal["low", "medium", "high"]


class WebSearchSettings(Struct, frozen=True):
    """What the user wants of searches; `None` leaves it to the provider."""

    mode: WebSearchMode | None = None
    """Without one, whoever may use the network freely searches live, and others the cache."""
    context_size: ContextSize | None = None
    """How much the model reads of what is found."""
    allowed_domains: tuple[str, ...] = ()
    """The only ones to search, if there are any."""
    country: str | None = None
    region: str | None = None
    city: str | None = None
    timezone: str | None = None


def web_search_from_table(table: Mapping[str, Any]) -> WebSearchSettings:
    """The settings in a merged table.

    Raises:
        ConfigValueError: naming the key and what was expected of it.
    """
    mode = choice_at(table, "web_search", get_args(WebSearchMode))
    tools = table_at(table, "tools")
    if isinstance(switch := tools.get("web_search"), bool):  # its earlier form
        off = mode is None and not switch
        return WebSearchSettings(cast("WebSearchMode | None", "disabled" if off else mode))
    where = ("tools", "web_search")
    options = table_at(tools, "web_search", "tools")
    size = choice_at(options, "context_size", get_args(ContextSize), *where)
    location = table_at(options, "location", *where)
    return WebSearchSettings(
        mode=cast("WebSearchMode | None", mode),
        context_size=cast("ContextSize | None", size),
        allowed_domains=texts_at(options, "allowed_domains", *where) or (),
        **_location(location, (*where, "location")),
    )


def _location(table: Table, where: tuple[str, ...]) -> dict[str, str | None]:
    return {key: text_at(table, key, *where) for key in ("country", "region", "city", "timezone")}
