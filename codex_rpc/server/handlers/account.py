"""`account/*`."""

from codex_rpc.protocol.account import ApiKeyAccount, GetAccountParams, GetAccountResponse
from codex_rpc.server.context import RequestContext


async def read(context: RequestContext, params: GetAccountParams) -> GetAccountResponse:
    threads = context.server.threads
    config = threads.config.load()
    needed = config.provider(config.model_provider).requires_openai_auth
    account = await threads.auth.account() if needed else None
    return GetAccountResponse(
        account=None if account is None else ApiKeyAccount(), requires_openai_auth=needed
    )
