"""What a provider gets of the user's credentials. Implements the model port's `Credentials`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from codex_rpc.config.providers import ModelProvider
from codex_rpc.errors import ModelUnauthorizedError
from codex_rpc.model.port import Recovery


class Account(Protocol):
    """The user's own login, for the providers that ask for it."""

    async def headers(self) -> dict[str, str] | None: ...

    async def recover(self, refused: Mapping[str, str]) -> Recovery | None: ...


@dataclass(frozen=True, slots=True)
class ProviderCredentials:
    """One provider's: a key of its own, or the user's login, or nothing."""

    auth: Account
    provider: ModelProvider
    environ: Mapping[str, str] = field(repr=False)

    async def headers(self) -> dict[str, str]:
        """An `Authorization` header, or none for a provider that asks for no credentials.

        Raises:
            ModelUnauthorizedError: if the provider needs a key or a login and there is none.
        """
        provider = self.provider
        if provider.env_key is not None:
            return _bearer(self._own_key(provider.env_key))
        if provider.bearer_token is not None:
            return _bearer(provider.bearer_token)
        if not provider.requires_openai_auth:
            return {}
        if headers := await self.auth.headers():
            return headers
        raise ModelUnauthorizedError(
            "No API key found. Set OPENAI_API_KEY, or have the key in auth.json, or choose another "
            "provider with model_provider in config.toml."
        )

    def _own_key(self, variable: str) -> str:
        if key := self.environ.get(variable, "").strip():
            return key
        hint = self.provider.env_key_instructions or f"Set {variable} to your API key."
        raise ModelUnauthorizedError(f"{self.provider.name} needs an API key. {hint}")

    async def recover(self, refused: Mapping[str, str]) -> Recovery | None:
        """Get other headers than those a provider has refused; a key has no others."""
        provider = self.provider
        if provider.env_key is not None or provider.bearer_token is not None:
            return None
        return await self.auth.recover(refused) if provider.requires_openai_auth else None


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
