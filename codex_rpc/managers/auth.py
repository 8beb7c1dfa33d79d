"""AuthManager: the user's credentials, and which of them a provider gets.

Credentials come from the environment or from `auth.json` in the Codex home, which is only read.
They leave this module in request headers and nowhere else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import anyio.to_thread

from codex_rpc.config.providers import ModelProvider
from codex_rpc.errors import ModelUnauthorizedError


@dataclass(frozen=True, slots=True)
class Account:
    """Who the user is to the OpenAI provider."""

    kind: Literal["apiKey"]


class AuthManager:
    """Finds credentials; everything is read when it is asked for, so that a new login counts."""

    def __init__(self, codex_home: Path, environ: Mapping[str, str]) -> None:
        self._auth_file = codex_home / "auth.json"
        self._environ = environ

    async def account(self) -> Account | None:
        """The account the OpenAI provider would be used with."""
        return Account("apiKey") if await self.api_key() else None

    async def api_key(self) -> str | None:
        """The OpenAI key: `CODEX_API_KEY`, else `OPENAI_API_KEY`, else the one in `auth.json`."""
        for name in ("CODEX_API_KEY", "OPENAI_API_KEY"):
            if key := self._environ.get(name, "").strip():
                return key
        return await anyio.to_thread.run_sync(self._stored_key)

    def _stored_key(self) -> str | None:
        try:
            stored: Any = json.loads(self._auth_file.read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(stored, dict):
            return None
        key = cast("dict[str, Any]", stored).get("OPENAI_API_KEY")
        return key if isinstance(key, str) and key else None

    def credentials(self, provider: ModelProvider) -> "ProviderCredentials":
        return ProviderCredentials(self, provider, self._environ)


@dataclass(frozen=True, slots=True)
class ProviderCredentials:
    """Implements the model port's `Credentials` for one provider."""

    auth: AuthManager
    provider: ModelProvider
    environ: Mapping[str, str]

    async def headers(self) -> dict[str, str]:
        """An `Authorization` header, or none for a provider that asks for no credentials.

        Raises:
            ModelUnauthorizedError: if the provider needs a key and there is none.
        """
        token = await self._token()
        return {} if token is None else {"Authorization": f"Bearer {token}"}

    async def _token(self) -> str | None:
        provider = self.provider
        if provider.env_key is not None:
            if key := self.environ.get(provider.env_key, "").strip():
                return key
            hint = provider.env_key_instructions or f"Set {provider.env_key} to your API key."
            raise ModelUnauthorizedError(f"{provider.name} needs an API key. {hint}")
        if provider.bearer_token is not None:
            return provider.bearer_token
        if not provider.requires_openai_auth:
            return None
        if key := await self.auth.api_key():
            return key
        raise ModelUnauthorizedError(
            "No API key found. Set OPENAI_API_KEY, or have the key in auth.json, or choose another "
            "provider with model_provider in config.toml."
        )
