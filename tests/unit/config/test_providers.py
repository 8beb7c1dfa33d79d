from pathlib import Path
from typing import Any

import pytest

from codex_rpc.config.providers import ModelProvider, builtin_providers, provider_from_toml
from codex_rpc.errors import ConfigError


def test_a_provider_is_read_whole() -> None:
    provider, unknown = provider_from_toml(
        "local",
        {
            "name": "Local",
            "base_url": "http://127.0.0.1:8080/v1",
            "wire_api": "responses",
            "env_key": "KEY",
            "env_key_instructions": "Ask.",
            "experimental_bearer_token": "token",
            "http_headers": {"a": "b"},
            "env_http_headers": {"c": "D"},
            "query_params": {"v": "1"},
            "request_max_retries": 1,
            "stream_max_retries": 1000,
            "stream_idle_timeout_ms": 1500,
            "requires_openai_auth": False,
            "novelty": 1,
        },
    )
    assert unknown == ["novelty"]
    assert provider == ModelProvider(
        id="local",
        name="Local",
        base_url="http://127.0.0.1:8080/v1",
        env_key="KEY",
        env_key_instructions="Ask.",
        bearer_token="token",
        http_headers={"a": "b"},
        env_http_headers={"c": "D"},
        query_params={"v": "1"},
        request_max_retries=1,
        stream_max_retries=100,
        stream_idle_timeout_ms=1500,
    )
    assert provider.idle_timeout == 1.5


def test_a_built_in_provider_keeps_what_the_table_leaves_out() -> None:
    script, _ = provider_from_toml("script", {"script_path": "/tmp/demo.jsonl"})
    assert script.wire_api == "script"
    assert script.script_path == Path("/tmp/demo.jsonl")
    openai, _ = provider_from_toml("openai", {"base_url": "https://proxy.example/v1"})
    assert openai.requires_openai_auth
    assert openai.env_http_headers == builtin_providers()["openai"].env_http_headers


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (3, "model_providers.x: expected a table"),
        ({"base_url": 3}, "model_providers.x.base_url: expected a string"),
        ({"base_url": "localhost:1"}, "model_providers.x.base_url: expected a URL"),
        ({"base_url": "http://"}, "model_providers.x.base_url: expected a URL"),
        ({"base_url": "http://h:99999"}, "model_providers.x.base_url: expected a URL"),
        ({"base_url": "http://[::1"}, "model_providers.x.base_url: expected a URL"),
        ({"wire_api": "telepathy"}, "model_providers.x.wire_api: unknown value `telepathy`"),
        ({"wire_api": 3}, "model_providers.x.wire_api: expected a string"),
        ({"wire_api": []}, "model_providers.x.wire_api: expected a string"),
        ({"request_max_retries": -1}, "model_providers.x.request_max_retries: expected an integer"),
        ({"stream_max_retries": True}, "model_providers.x.stream_max_retries: expected an integer"),
        ({"stream_idle_timeout_ms": 0}, "model_providers.x.stream_idle_timeout_ms: expected"),
        ({"requires_openai_auth": 1}, "model_providers.x.requires_openai_auth: expected true"),
        ({"http_headers": []}, "model_providers.x.http_headers: expected a table of strings"),
        ({"query_params": {"v": 1}}, "model_providers.x.query_params: expected a string for `v`"),
        ({"script_path": 1}, "model_providers.x.script_path: expected a string"),
    ],
)
def test_a_wrong_value_is_refused_by_name(table: Any, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        provider_from_toml("x", table)
    assert str(caught.value).startswith(complaint)


def test_secrets_are_not_in_the_repr() -> None:
    provider, _ = provider_from_toml(
        "x",
        {
            "experimental_bearer_token": "hush1",
            "http_headers": {"k": "hush2"},
            "query_params": {"k": "hush3"},
        },
    )
    assert "hush" not in repr(provider)
