"""Model providers: where a model is reached and how it is spoken to, as `config.toml` says.

This owns the description only. Which credentials a provider gets is the credentials' business, how
its wire is spoken `codex_rpc.model`'s. Names of keys and defaults are those of the Codex command's
`model_providers` table, so that both programs read one file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

from codex_rpc.config.model_overrides import ModelOverrides, model_overrides_from_toml
from codex_rpc.errors import ConfigValueError

WireApi = Literal["responses", "script"]
"""How a provider is spoken to: the Responses API over HTTP, or a file of model turns."""

MOST_RETRIES = 100
"""Higher configured numbers of retries are cut to this."""


@dataclass(frozen=True, slots=True)
class ModelProvider:
    """One entry of `model_providers`. Timeouts in milliseconds, as in the file.

    `base_url` is `None` where the wire has a default; `bearer_token` is kept out of `repr`, like
    everything else that may hold a secret.
    """

    id: str
    name: str
    base_url: str | None = None
    wire_api: WireApi = "responses"
    env_key: str | None = None
    env_key_instructions: str | None = None
    bearer_token: str | None = field(default=None, repr=False)
    http_headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    env_http_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query_params: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    request_max_retries: int = 4
    stream_max_retries: int = 5
    stream_idle_timeout_ms: int = 300_000
    requires_openai_auth: bool = False
    script_path: Path | None = None
    models: Mapping[str, ModelOverrides] = field(default_factory=dict[str, ModelOverrides])
    """What the user knows better about single models, by their names."""

    @property
    def idle_timeout(self) -> float:
        """Seconds of silence after which a stream counts as dead."""
        return self.stream_idle_timeout_ms / 1000


def builtin_providers() -> Mapping[str, ModelProvider]:
    """The providers that exist without configuration, by id."""
    openai = ModelProvider(
        id="openai",
        name="OpenAI",
        env_http_headers={
            "OpenAI-Organization": "OPENAI_ORGANIZATION",
            "OpenAI-Project": "OPENAI_PROJECT",
        },
        requires_openai_auth=True,
    )
    script = ModelProvider(id="script", name="Script", wire_api="script")
    return {provider.id: provider for provider in (openai, script)}


def provider_from_toml(provider_id: str, table: object) -> tuple[ModelProvider, list[str]]:
    """Read `model_providers.<provider_id>`; what it leaves out is as built in, or the default.

    Returns:
        The provider, and the keys that mean nothing here, for a warning.

    Raises:
        ConfigValueError: naming the key and what was expected of it.
    """
    where = ("model_providers", provider_id)
    if not isinstance(table, Mapping):
        raise ConfigValueError(where, "expected a table")
    entries = cast("Mapping[str, Any]", table)
    changes: dict[str, Any] = {}
    for key, (attribute, read) in _KEYS.items():
        if key in entries:
            try:
                changes[attribute] = read(entries[key])
            except (TypeError, ValueError) as error:
                raise ConfigValueError((*where, key), str(error)) from None
    if "models" in entries:
        changes["models"] = model_overrides_from_toml(entries, where)
    base = builtin_providers().get(provider_id) or ModelProvider(id=provider_id, name=provider_id)
    return replace(base, **changes), [
        key for key in entries if key not in _KEYS and key != "models"
    ]


def base_url_at(table: Mapping[str, Any], key: str) -> str | None:
    """The address at a top-level `key`.

    Raises:
        ConfigValueError: if it is none.
    """
    if key not in table:
        return None
    try:
        return _base_url(table[key])
    except (TypeError, ValueError) as error:
        raise ConfigValueError((key,), str(error)) from None


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("expected a string")
    return value


def _strings(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise TypeError("expected a table of strings")
    entries = cast("Mapping[str, object]", value)
    for name, entry in entries.items():
        if not isinstance(entry, str):
            raise TypeError(f"expected a string for `{name}`")
    return cast("Mapping[str, str]", dict(entries))


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("expected true or false")
    return value


def _natural(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("expected an integer of 0 or more")
    return value


def _milliseconds(value: object) -> int:
    if not _natural(value):
        raise ValueError("expected an integer of 1 or more")
    return _natural(value)


def _retries(value: object) -> int:
    return min(_natural(value), MOST_RETRIES)


def _wire_api(value: object) -> WireApi:
    if value not in get_args(WireApi):
        choices = ", ".join(get_args(WireApi))
        raise ValueError(f"unknown value `{_string(value)}`, expected one of {choices}")
    return cast("WireApi", value)


def _base_url(value: object) -> str:
    text = _string(value)
    try:
        url = urlsplit(text)
        usable = url.scheme in {"http", "https"} and url.hostname and url.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("expected a URL that begins with http:// or https:// and names a host")
    return text


def _path(value: object) -> Path:
    try:
        return Path(_string(value)).expanduser()
    except RuntimeError as error:
        raise ValueError(str(error)) from None


_KEYS: Mapping[str, tuple[str, Callable[[object], Any]]] = {
    "name": ("name", _string),
    "base_url": ("base_url", _base_url),
    "wire_api": ("wire_api", _wire_api),
    "env_key": ("env_key", _string),
    "env_key_instructions": ("env_key_instructions", _string),
    "experimental_bearer_token": ("bearer_token", _string),
    "http_headers": ("http_headers", _strings),
    "env_http_headers": ("env_http_headers", _strings),
    "query_params": ("query_params", _strings),
    "request_max_retries": ("request_max_retries", _retries),
    "stream_max_retries": ("stream_max_retries", _retries),
    "stream_idle_timeout_ms": ("stream_idle_timeout_ms", _milliseconds),
    "requires_openai_auth": ("requires_openai_auth", _boolean),
    "script_path": ("script_path", _path),
}
