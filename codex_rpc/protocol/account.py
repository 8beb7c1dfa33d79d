"""Who pays for the model: the account, as far as a client may know it, and logging in and out."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.usage import PlanType, RateLimitSnapshot


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

AuthMode = TypeAliasType("AuthMode", Literal["apikey", "chatgpt", "chatgptAuthTokens"])


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


LoginType = TypeAliasType(
    "LoginType",
    Literal[
        "apiKey",
        "chatgpt",
        "chatgptDeviceCode",
        "chatgptAuthTokens",
        "amazonBedrock",
        "amazonBedrockAccessKeys",
    ],
)


class LoginAccountParams(WireModel):
    """Log in with a key, which is stored, or lend the server tokens of a ChatGPT account."""

    type: LoginType
    """`apiKey` or `chatgptAuthTokens`; the others are refused here, with what to do instead."""
    api_key: str = Field(default="", repr=False)
    """For `apiKey`."""
    access_token: str = Field(default="", repr=False)
    """For `chatgptAuthTokens`. Kept in memory only; lend the next one before it ends."""
    chatgpt_account_id: str = ""
    """For `chatgptAuthTokens`."""
    chatgpt_plan_type: str | None = None


class LoginAccountResponse(WireModel):
    type: Literal["apiKey", "chatgptAuthTokens"]


class LogoutAccountParams(WireModel):
    """Forget the stored login."""


class LogoutAccountResponse(WireModel):
    pass


class GetAccountRateLimitsParams(WireModel):
    """Ask how much of a ChatGPT account's allowances is used."""


class GetAccountRateLimitsResponse(WireModel):
    rate_limits: RateLimitSnapshot
    """The allowance of most models."""
    rate_limits_by_limit_id: dict[str, RateLimitSnapshot] | None = None
    """All allowances."""
    account_id: str | None = None


class GetAuthStatusParams(WireModel):
    """Ask how requests to the model are authorised. `account/read` says more."""

    include_token: bool | None = None
    refresh_token: bool | None = None
    """Renew the account's token first."""


class GetAuthStatusResponse(WireModel):
    auth_method: AuthMode | None = None
    auth_token: str | None = Field(default=None, repr=False)
    """The key or token, if it was asked for and is worth something."""
    requires_openai_auth: bool | None = None
