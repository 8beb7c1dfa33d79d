"""Who pays for the model: the account, as far as a client may know it."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.usage import PlanType


class ApiKeyAccount(WireModel):
    """An API key of the provider."""

    type: Literal["apiKey"] = "apiKey"


class ChatGptAccount(WireModel):
    """A ChatGPT subscription."""

    type: Literal["chatgpt"] = "chatgpt"
    email: str | None
    plan_type: PlanType
    workspace_name: str | None = None


Account = TypeAliasType(
    "Account", Annotated[ApiKeyAccount | ChatGptAccount, Field(discriminator="type")]
)


class GetAccountParams(WireModel):
    """Ask for the account in use."""

    refresh_token: bool = False
    """Renew the account's token first."""


class GetAccountResponse(WireModel):
    account: Account | None = None
    """`null` if there is none, or if the provider needs none."""
    requires_openai_auth: bool
    """Whether the configured provider needs an OpenAI account."""
    user_id: str | None = None
