"""Logging in to an MCP server: the SDK's OAuth flow, with the user's browser in between.

Discovery, registration and the exchange of the code are the SDK's work. Here it is decided where
the browser comes back to, what is asked for, and where the tokens are kept.
"""

import time
from dataclasses import dataclass, fields
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import anyio
import anyio.to_thread
import httpx2
from mcp.client.auth.exceptions import OAuthFlowError
from mcp.client.auth.oauth2 import OAuthClientProvider, OAuthContext
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl, ValidationError

from codex_rpc.errors import McpLoginError
from codex_rpc.managers.mcp.callback import CallbackServer, callback_server
from codex_rpc.managers.mcp.credentials import StoredLogin
from codex_rpc.managers.mcp.login_attempt import Announce, LoginPlan

TIMEOUT_S = 30.0
"""For each request of the flow."""


async def log_in(plan: LoginPlan, announce: Announce) -> None:
    """Announce where the user has to go, wait for him, and store the tokens.

    Raises:
        McpLoginError: there is no login, or the user did not complete it.
    """
    try:
        async with callback_server(plan.callback_port, plan.callback_url) as callback:
            flow = _Flow(plan, callback, announce)
            await flow.run()
    except* McpLoginError as group:
        raise _first(group) from None
    except* (OAuthFlowError, httpx2.HTTPError, httpx2.InvalidURL) as group:
        error = _first(group)
        raise McpLoginError(f"login failed: {error or type(error).__name__}") from error
    except* ValidationError as group:
        raise McpLoginError("login failed: the server breaks the protocol") from _first(group)
    except* OSError as group:
        raise McpLoginError(f"login failed: {_first(group)}") from _first(group)


class _Flow:
    """One login; keeps what the SDK hands over until it is complete."""

    def __init__(self, plan: LoginPlan, callback: CallbackServer, announce: Announce) -> None:
        self._plan = plan
        self._callback = callback
        self._announce = announce
        self._state = ""
        self._tokens: OAuthToken | None = None
        self._client: OAuthClientInformationFull | None = None

    async def run(self) -> None:
        """Ask the server for something that only a logged-in user gets."""
        provider = self._provider()
        async with (
            httpx2.AsyncClient(
                auth=provider, timeout=TIMEOUT_S, headers=dict(self._plan.headers)
            ) as client,
            client.stream(
                "POST",
                self._plan.transport.url,
                json=_INITIALIZE,
                headers={"Accept": "application/json, text/event-stream"},
            ) as response,
        ):
            status = response.status_code
        if self._tokens is None:
            raise McpLoginError(f"the server offers no login: it answered with HTTP {status}")
        await anyio.to_thread.run_sync(self._plan.login.put, self._stored(provider.context))

    def _provider(self) -> OAuthClientProvider:
        scopes = self._plan.scopes
        metadata = OAuthClientMetadata(
            client_name="codex-rpc",
            redirect_uris=[AnyUrl(self._callback.url)],
            token_endpoint_auth_method="none",
            scope=None if scopes is None else " ".join(scopes),
        )
        provider = OAuthClientProvider(
            server_url=self._plan.transport.url,
            client_metadata=metadata,
            storage=self,
            redirect_handler=self._redirect,
            callback_handler=self._come_back,
        )
        if self._plan.transport.resource is not None:
            context = provider.context
            known = {field.name: getattr(context, field.name) for field in fields(context)}
            provider.context = _ResourceContext(**known, resource=self._plan.transport.resource)
        return provider

    def _stored(self, context: OAuthContext) -> StoredLogin:
        assert self._tokens is not None
        client = self._client or context.client_info
        metadata = context.oauth_metadata
        endpoint = (
            str(metadata.token_endpoint)
            if metadata is not None
            else urljoin(self._plan.transport.url, "/token")
        )
        expires_in = self._tokens.expires_in
        return StoredLogin(
            tokens=self._tokens.model_dump(mode="json", exclude_none=True),
            client={} if client is None else client.model_dump(mode="json", exclude_none=True),
            metadata={"token_endpoint": endpoint},
            resource=(
                context.get_resource_url() if context.should_include_resource_param() else None
            ),
            expires_at=None if expires_in is None else time.time() + expires_in,
        )

    # --- the user's part -------------------------------------------------------------------------

    async def _redirect(self, url: str) -> None:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        if self._plan.scopes is not None:  # the SDK asks for what the server names
            query["scope"] = " ".join(self._plan.scopes)
        self._state = query.get("state", "")
        await self._announce(urlunsplit(parts._replace(query=urlencode(query))))

    async def _come_back(self) -> AuthorizationCodeResult:
        answer = await self._callback.answer(self._state)
        code = answer.get("code")
        if code is None:
            reason = answer.get("error_description") or answer.get("error") or "there is no code"
            raise McpLoginError(f"login failed: {reason[:500]}")
        return AuthorizationCodeResult(code=code, state=answer.get("state"), iss=answer.get("iss"))

    # --- what the SDK stores ---------------------------------------------------------------------

    async def get_tokens(self) -> OAuthToken | None:
        """None, since the user wants to log in again."""
        return None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self._tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """The client that the configuration names."""
        client_id = self._plan.transport.client_id
        if client_id is None:
            return None
        return OAuthClientInformationFull(
            client_id=client_id,
            redirect_uris=[AnyUrl(self._callback.url)],
            token_endpoint_auth_method="none",
        )

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._client = client_info


@dataclass
class _ResourceContext(OAuthContext):
    """For a server whose tokens are for a resource that the user names."""

    resource: str = ""

    def get_resource_url(self) -> str:
        return self.resource

    def should_include_resource_param(self, protocol_version: str | None = None) -> bool:
        return True


_INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "codex-rpc", "version": "1"},
    },
}


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
