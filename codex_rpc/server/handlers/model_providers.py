"""`modelProvider/*`."""

from urllib.parse import urlsplit

import anyio.to_thread

from codex_rpc.config.layers import LayerStack, value_at
from codex_rpc.config.loader import ConfigLoader
from codex_rpc.config.providers import ModelProvider
from codex_rpc.protocol.model_providers import (
    CustomGatewayProviderSettings,
    EnvironmentVariableGatewayAuth,
    ExternallyConfiguredGatewayAuth,
    GatewayAuth,
    ModelProviderListParams,
    ModelProviderListResponse,
    ModelProviderSummary,
    NoGatewayAuth,
    OpenAiProviderSettings,
)
from codex_rpc.server.context import RequestContext


async def list_providers(
    context: RequestContext, params: ModelProviderListParams
) -> ModelProviderListResponse:
    return await anyio.to_thread.run_sync(_list, context.server.threads.config)


def _list(loader: ConfigLoader) -> ModelProviderListResponse:
    """A provider that is built in and cannot be used without being described is left out."""
    loaded = loader.load_layers()
    default = loaded.stack.origin(("model_provider",))
    shown = [
        _summary(provider, loaded.stack)
        for _, provider in sorted(loaded.config.providers.items())
        if provider.wire_api != "script" or provider.script_path is not None
    ]
    return ModelProviderListResponse(
        data=shown,
        default_provider_id=loaded.config.model_provider,
        can_change_default=default is None or default.is_written_over,
    )


def _summary(provider: ModelProvider, stack: LayerStack) -> ModelProviderSummary:
    user = next(layer for layer in stack.layers if layer.source.type == "user")
    described = stack.origin(("model_providers", provider.id)) is not None
    return ModelProviderSummary(
        id=provider.id,
        name=provider.name,
        can_edit=value_at(user.table, ("model_providers", provider.id)) is not None,
        base_url=provider.base_url if _is_plain(provider.base_url) else None,
        settings=CustomGatewayProviderSettings(auth=_auth(provider))
        if described
        else OpenAiProviderSettings(),
    )


def _auth(provider: ModelProvider) -> GatewayAuth:
    """The simplest name for how requests are authorised."""
    more = provider.requires_openai_auth or provider.bearer_token or provider.http_headers
    if more or provider.env_http_headers or not _is_plain(provider.base_url):
        return ExternallyConfiguredGatewayAuth(env_key=provider.env_key)
    if provider.env_key is not None:
        return EnvironmentVariableGatewayAuth(env_key=provider.env_key)
    return NoGatewayAuth()


def _is_plain(url: str | None) -> bool:
    """Whether an address has no part that secrets are kept in."""
    parts = urlsplit(url or "")
    return not (parts.username or parts.password or parts.query or parts.fragment)
