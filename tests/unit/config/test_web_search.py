"""`web_search` and `tools.web_search` of `config.toml`."""

from typing import Any

import pytest

from codex_rpc.config.web_search import WebSearchSettings, web_search_from_table
from codex_rpc.errors import ConfigValueError


@pytest.mark.parametrize(
    ("table", "settings"),
    [
        ({}, WebSearchSettings()),
        ({"web_search": "live"}, WebSearchSettings("live")),
        ({"tools": {"web_search": True}}, WebSearchSettings()),
        ({"tools": {"web_search": False}}, WebSearchSettings("disabled")),
        ({"web_search": "cached", "tools": {"web_search": False}}, WebSearchSettings("cached")),
        (
            {
                "tools": {
                    "web_search": {
                        "context_size": "high",
                        "allowed_domains": ["a.com"],
                        "location": {"country": "DE", "city": "Berlin"},
                    }
                }
            },
            WebSearchSettings(None, "high", ("a.com",), country="DE", city="Berlin"),
        ),
    ],
)
def test_what_the_user_wants_of_searches(
    table: dict[str, Any], settings: WebSearchSettings
) -> None:
    assert web_search_from_table(table) == settings


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"web_search": "always"}, "web_search"),
        ({"web_search": True}, "web_search"),
        ({"tools": {"web_search": "live"}}, "tools.web_search"),
        ({"tools": {"web_search": {"context_size": 3}}}, "tools.web_search.context_size"),
        ({"tools": {"web_search": {"location": {"city": 1}}}}, "tools.web_search.location.city"),
    ],
)
def test_a_wrong_value_is_named(table: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigValueError, match=key.replace(".", r"\.")):
        web_search_from_table(table)
