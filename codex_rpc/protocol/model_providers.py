"""The model providers that a client can offer its user."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import WireModel


class NoGatewayAuth(WireModel):
    """Requests carry no credentials."""

    mode: Literal["none"] = "none"


class EnvironmentVariableGatewayAuth(WireModel):
    """Requests carry what an environment variable holds."""

    mode: Literal["environmentVariable"] = "environmentVariable"
    env_key: str


class ExternallyConfiguredGatewayAuth(WireModel):
    """Requests carry credentials that the configuration file says more about."""

    mode: Literal["externallyConfigured"] = "externallyConfigured"
    env_key: str | None = None


GatewayAuth = TypeAliasType(
    "GatewayAuth",
    Annotated[
        NoGatewayAuth | EnvironmentVariableGatewayAuth | ExternallyConfiguredGatewayAuth,
        Field(discriminator="mode"),
    ],
)


class OpenAiProviderSettings(WireModel):
    """The provider that is built in."""

    type: Literal["openai"] = "openai"


class CustomGatewayProviderSettings(WireModel):
    """A provider that the configuration describes."""

    type: Literal["customGateway"] = "customGateway"
    auth: GatewayAuth


ProviderSettings = TypeAliasType(
    "ProviderSettings",
    Annotated[OpenAiProviderSettings | CustomGatewayProviderSettings, Field(discriminator="type")],
)


class ModelProviderSummary(WireModel):
    id: str
    name: str
    can_edit: bool
    """Whether the user's `config.toml` describes it."""
    base_url: str | None = None
    """`null` if there is none, or if it may hold a secret."""
    settings: ProviderSettings


class ModelProviderListParams(WireModel):
    """List the providers, by id."""


class ModelProviderListResponse(WireModel):
    data: list[ModelProviderSummary]
    default_provider_id: str
    """What new threads use. It need not be in the list."""
    can_change_default: bool
    """Whether the user's `config.toml` decides it."""
