"""Which client speaks a provider's wire. Each is imported only when a provider asks for it."""

from typing import assert_never

from codex_rpc.config.providers import ModelProvider
from codex_rpc.errors import ConfigError
from codex_rpc.model.port import Credentials, ModelClient


def model_client(
    provider: ModelProvider, credentials: Credentials, *, user_agent: str = "codex-rpc"
) -> ModelClient:
    """Make a client for `provider`. Nothing is connected or read before its first request.

    A client of wire `responses` may be shared by threads; each thread needs its own of `script`.

    Raises:
        ConfigError: if the provider lacks what its wire needs.
    """
    match provider.wire_api:
        case "responses":
            from codex_rpc.model.responses import ResponsesClient

            return ResponsesClient(provider, credentials, user_agent=user_agent)
        case "script":
            from codex_rpc.model.script import ScriptClient

            if provider.script_path is None:
                raise ConfigError(
                    f"model_providers.{provider.id}.script_path: the path of a script is needed"
                )
            return ScriptClient(provider.script_path, provider.idle_timeout)
        case _:
            assert_never(provider.wire_api)
