"""`mcpServer/oauth/login`."""

from uuid import uuid4

from codex_rpc.errors import McpLoginError, McpServerNotFoundError
from codex_rpc.managers.mcp.port import LoginStarted
from codex_rpc.protocol.mcp import (
    McpServerOauthLoginCompletedNotification,
    McpServerOauthLoginParams,
    McpServerOauthLoginResponse,
)
from codex_rpc.server.context import Answer, RequestContext
from codex_rpc.server.handlers.mcp import servers_of
from codex_rpc.threads.mcp_hub import DEFAULT_LOGIN_S, LoginOptions


async def log_in(context: RequestContext, params: McpServerOauthLoginParams) -> Answer:
    """Begin a login; how it ended is told to every client, also when the asker has gone."""
    options = LoginOptions(
        params.scopes, DEFAULT_LOGIN_S if params.timeout_secs is None else params.timeout_secs
    )
    async with servers_of(context, params.thread_id) as servers:
        if servers is None:
            raise McpServerNotFoundError(params.name)
        started = await context.server.threads.mcp.login(servers, params.name, options)
    login_id = str(uuid4())
    feeds = context.server.feeds

    async def tell_the_end() -> None:
        feeds.announce(await _ending(started, params, login_id))

    response = McpServerOauthLoginResponse(
        authorization_url=started.authorization_url, login_id=login_id
    )
    return Answer(response, lambda: feeds.run_beside(tell_the_end))


async def _ending(
    started: LoginStarted, params: McpServerOauthLoginParams, login_id: str
) -> McpServerOauthLoginCompletedNotification:
    error = None
    try:
        await started.finished()
    except McpLoginError as failure:
        error = str(failure)
    return McpServerOauthLoginCompletedNotification(
        name=params.name,
        success=error is None,
        login_id=login_id,
        thread_id=params.thread_id,
        error=error,
    )
