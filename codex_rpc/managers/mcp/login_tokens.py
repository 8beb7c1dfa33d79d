"""The tokens of a login on every request to a server, renewed when they are due.

Renewing takes the lock of the file, and what another process has stored meanwhile: a refresh token
that is used twice may be worth nothing.
"""

import logging
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from urllib.parse import quote

import anyio
import anyio.to_thread
import httpx2
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import ValidationError

from codex_rpc.managers.mcp.credentials import ServerLogin, StoredLogin

EARLY_S = 30.0
"""How long before its end a token counts as too old."""
TIMEOUT_S = 30.0

logger = logging.getLogger(__name__)


class LoginTokens(httpx2.Auth):
    """Puts the stored access token on requests. Without one, requests go as they are."""

    def __init__(self, login: ServerLogin) -> None:
        self._login = login
        self._renewing = anyio.Lock()

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """See `httpx2.Auth`."""
        login = await anyio.to_thread.run_sync(self._login.get, abandon_on_cancel=True)
        if login is not None and _is_due(login):
            login = await self._renewed(login)
        _prove(request, login)
        response = yield request
        if response.status_code == 401 and login is not None:
            renewed = await self._renewed(login)
            if renewed.tokens != login.tokens:
                _prove(request, renewed)
                yield request

    async def _renewed(self, stale: StoredLogin) -> StoredLogin:
        """Another login than `stale`, if there is one to be had."""
        async with self._renewing:
            return await anyio.to_thread.run_sync(self._renew, stale, abandon_on_cancel=True)

    def _renew(self, stale: StoredLogin) -> StoredLogin:
        try:
            with self._login.renewing():
                current = self._login.get() or stale
                if current.tokens != stale.tokens:
                    return current
                renewed = _exchange(current)
                if renewed is not None:
                    self._login.put_locked(renewed)
                return renewed or stale
        except OSError as error:
            logger.warning("cannot renew a login to an MCP server: %s", error.strerror)
            return stale


def _is_due(login: StoredLogin) -> bool:
    return login.expires_at is not None and time.time() > login.expires_at - EARLY_S


def _prove(request: httpx2.Request, login: StoredLogin | None) -> None:
    if login is not None:
        request.headers["Authorization"] = f"Bearer {login.tokens.get('access_token')}"


def _exchange(login: StoredLogin) -> StoredLogin | None:
    """The login with the tokens that its refresh token gives."""
    refresh_token = login.tokens.get("refresh_token")
    endpoint = (login.metadata or {}).get("token_endpoint")
    if not isinstance(refresh_token, str) or not isinstance(endpoint, str):
        return None
    try:
        client = OAuthClientInformationFull.model_validate(login.client)
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": client.client_id,
        }
        if login.resource is not None:
            form["resource"] = login.resource
        proof = None
        if client.client_secret is not None:
            if client.token_endpoint_auth_method == "client_secret_basic":
                proof = httpx2.BasicAuth(
                    quote(client.client_id, ""), quote(client.client_secret, "")
                )
            else:
                form["client_secret"] = client.client_secret
        answer = httpx2.post(endpoint, data=form, auth=proof, timeout=TIMEOUT_S)
        if answer.status_code != 200:
            logger.info("an MCP server does not renew a login: HTTP %s", answer.status_code)
            return None
        tokens = OAuthToken.model_validate_json(answer.content)
    except (httpx2.HTTPError, httpx2.InvalidURL, ValidationError) as error:
        logger.info("cannot renew a login to an MCP server: %s", type(error).__name__)
        return None
    return renewed_login(login, tokens)


def renewed_login(login: StoredLogin, tokens: OAuthToken) -> StoredLogin:
    """The login with new tokens. What they do not say stays as it was."""
    said = tokens.model_dump(mode="json", exclude_none=True)
    expires_at = None if tokens.expires_in is None else time.time() + tokens.expires_in
    return replace(login, tokens={**login.tokens, **said}, expires_at=expires_at)
