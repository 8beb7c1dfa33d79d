"""`account/*`, and `getAuthStatus`, which older clients use instead."""

from codex_rpc.errors import EmptyParamError, InvalidParamsError, LoginRefusedError
from codex_rpc.managers.auth import Account, AuthManager
from codex_rpc.protocol.account import (
    ApiKeyAccount,
    ChatGptAccount,
    GetAccountParams,
    GetAccountRateLimitsParams,
    GetAccountRateLimitsResponse,
    GetAccountResponse,
    GetAuthStatusParams,
    GetAuthStatusResponse,
    LoginAccountParams,
    LoginAccountResponse,
    LogoutAccountParams,
    LogoutAccountResponse,
)
from codex_rpc.protocol.notifications import (
    AccountLoginCompletedNotification,
    AccountUpdatedNotification,
)
from codex_rpc.server.context import Answer, RequestContext, Server


async def read(context: RequestContext, params: GetAccountParams) -> GetAccountResponse:
    auth = context.server.threads.auth
    if params.refresh_token:
        await auth.renew()
    needed = _needs_openai(context.server)
    account = await auth.account() if needed else None
    return GetAccountResponse(
        account=_shown(account),
        requires_openai_auth=needed,
        user_id=None if account is None else account.user_id,
    )


async def start_login(context: RequestContext, params: LoginAccountParams) -> Answer:
    auth = context.server.threads.auth
    match params.type:
        case "apiKey":
            _require(params, "api_key", "apiKey")
            await auth.store_api_key(params.api_key.strip())
            return await _told(context, LoginAccountResponse(type="apiKey"), logged_in=True)
        case "chatgptAuthTokens":
            _require(params, "access_token", "accessToken")
            _require(params, "chatgpt_account_id", "chatgptAccountId")
            auth.lend(params.access_token, params.chatgpt_account_id, params.chatgpt_plan_type)
            answer = LoginAccountResponse(type="chatgptAuthTokens")
            return await _told(context, answer, logged_in=True)
        case "chatgpt" | "chatgptDeviceCode":
            raise LoginRefusedError(
                "signing in to ChatGPT is not possible here: run `codex login`, whose login is "
                "used at once, or log in with `apiKey` or `chatgptAuthTokens`",
                path=("type",),
            )
        case "amazonBedrock" | "amazonBedrockAccessKeys":
            raise LoginRefusedError(
                "Amazon Bedrock is not possible here: log in with `apiKey` or `chatgptAuthTokens`",
                path=("type",),
            )


def _require(params: LoginAccountParams, name: str, wire_name: str) -> None:
    if name not in params.model_fields_set:
        message = f"Invalid request: missing field `{wire_name}`"
        raise InvalidParamsError(message, path=(wire_name,))
    if not getattr(params, name).strip():
        raise EmptyParamError(wire_name)


async def log_out(context: RequestContext, params: LogoutAccountParams | None) -> Answer:
    await context.server.threads.auth.log_out()
    return await _told(context, LogoutAccountResponse(), logged_in=False)


async def _told(
    context: RequestContext,
    answer: LoginAccountResponse | LogoutAccountResponse,
    *,
    logged_in: bool,
) -> Answer:
    """`answer`, after which every client is told what account is in use now."""
    account = await context.server.threads.auth.account()
    updated = AccountUpdatedNotification(
        auth_mode=None if account is None else account.mode,
        plan_type=None if account is None else account.plan_type,
    )

    def tell() -> None:
        if logged_in:
            context.server.feeds.announce(AccountLoginCompletedNotification(success=True))
        context.server.feeds.announce(updated)

    return Answer(answer, tell)


async def read_rate_limits(
    context: RequestContext, params: GetAccountRateLimitsParams | None
) -> GetAccountRateLimitsResponse:
    from codex_rpc.managers.account_usage import read_usage

    threads = context.server.threads
    usage = await read_usage(threads.auth, threads.config.load().chatgpt_base_url)
    return GetAccountRateLimitsResponse(
        rate_limits=usage.main,
        rate_limits_by_limit_id={
            limit.limit_id: limit for limit in (usage.main, *usage.others) if limit.limit_id
        },
    )


async def auth_status(
    context: RequestContext, params: GetAuthStatusParams
) -> GetAuthStatusResponse:
    auth: AuthManager = context.server.threads.auth
    if not _needs_openai(context.server):
        return GetAuthStatusResponse(requires_openai_auth=False)
    if params.refresh_token:
        await auth.renew()
    account = await auth.account()
    return GetAuthStatusResponse(
        auth_method=None if account is None else account.mode,
        auth_token=await auth.token() if params.include_token else None,
        requires_openai_auth=True,
    )


def _needs_openai(server: Server) -> bool:
    """Whether the configured provider is used with the user's own account."""
    config = server.threads.config.load()
    return config.provider(config.model_provider).requires_openai_auth


def _shown(account: Account | None) -> ApiKeyAccount | ChatGptAccount | None:
    if account is None:
        return None
    if account.mode == "apikey":
        return ApiKeyAccount()
    return ChatGptAccount(email=account.email, plan_type=account.plan_type or "unknown")
