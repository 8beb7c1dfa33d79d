"""`web_search`: searches that the provider carries out itself; how they are offered and shown.

Pure. The calls stay in the history as the model made them.
"""

from collections.abc import Mapping
from typing import Any

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.config.web_search import WebSearchSettings
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import HostedToolSpec
from codex_rpc.protocol.ids import ItemId, new_item_id
from codex_rpc.protocol.items import (
    WebSearchAction,
    WebSearchFindInPage,
    WebSearchItem,
    WebSearchOpenPage,
    WebSearchOther,
    WebSearchQuery,
)
from codex_rpc.protocol.policies import DangerFullAccessPolicy
from codex_rpc.protocol.response_items import WebSearchCallItem


def web_search_spec(settings: ThreadSettings, model: ModelInfo) -> HostedToolSpec | None:
    """How searching is offered to `model`; `None` if it is not."""
    search = settings.web_search
    unrestricted = isinstance(settings.sandbox_policy, DangerFullAccessPolicy)
    mode = search.mode or ("live" if unrestricted else "cached")
    if mode == "disabled" or not model.web_search:
        return None
    options: dict[str, Any] = {"external_web_access": mode != "cached"}
    if mode == "indexed":
        options["indexed_web_access"] = True
    if search.allowed_domains:
        options["filters"] = {"allowed_domains": list(search.allowed_domains)}
    if location := _location(search):
        options["user_location"] = {"type": "approximate", **location}
    if search.context_size is not None:
        options["search_context_size"] = search.context_size
    if "image" in model.web_search:
        options["search_content_types"] = list(model.web_search)
    return HostedToolSpec("web_search", options)


def _location(search: WebSearchSettings) -> dict[str, str]:
    parts = {
        "country": search.country,
        "region": search.region,
        "city": search.city,
        "timezone": search.timezone,
    }
    return {name: value for name, value in parts.items() if value is not None}


def web_search_item(call: WebSearchCallItem) -> WebSearchItem:
    """A call as clients see it; while it is being made, it says nothing of what it looks for."""
    action = _action(call.action or {})
    item_id = ItemId(call.id) if call.id else new_item_id()
    return WebSearchItem(id=item_id, query=_looked_for(action), action=action)


def _action(action: Mapping[str, Any]) -> WebSearchAction:
    match action:
        case {"type": "search"}:
            return WebSearchQuery(query=_text(action, "query"), queries=_texts(action, "queries"))
        case {"type": "open_page"}:
            return WebSearchOpenPage(url=_text(action, "url"))
        case {"type": "find_in_page"}:
            return WebSearchFindInPage(url=_text(action, "url"), pattern=_text(action, "pattern"))
        case _:
            return WebSearchOther()


def _looked_for(action: WebSearchAction) -> str:
    """What a client that knows no actions may show."""
    match action:
        case WebSearchQuery(query=str(query)) if query:
            return query
        case WebSearchQuery(queries=[first, *others]):
            return f"{first} ..." if others else first
        case WebSearchOpenPage(url=str(url)):
            return url
        case WebSearchFindInPage(url=str(url), pattern=str(pattern)):
            return f"'{pattern}' in {url}"
        case WebSearchFindInPage(url=url, pattern=pattern):
            return pattern or url or ""
        case _:
            return ""


def _text(action: Mapping[str, Any], name: str) -> str | None:
    value = action.get(name)
    return value if isinstance(value, str) else None


def _texts(action: Mapping[str, Any], name: str) -> list[str] | None:
    match action.get(name):
        case [*values]:
            return [value for value in values if isinstance(value, str)]
        case _:
            return None
