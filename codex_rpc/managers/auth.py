"""AuthManager: the user's credentials, and how they are kept usable.

Where they come from, in this order: tokens that a client has lent to this process, `CODEX_API_KEY`,
`auth.json`, `OPENAI_API_KEY`, which many have set for other programs. What a provider gets of them
is `managers.provider_credentials`' business. Credentials leave in request headers, and to a client
that asks for them by name.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar, TypeVarTuple, assert_never

import anyio
import anyio.to_thread
from msgspec import Struct

from codex_rpc.config.providers import ModelProvider
from codex_rpc.errors import (
    LoginError,
    LoginRefusedError,
    SignInAgainError,
    TokenRefreshError,
)
from codex_rpc.managers.auth_file import AuthFile
from codex_rpc.managers.provider_credentials import ProviderCredentials
from codex_rpc.managers.token_refresh import TokenRefresher
from codex_rpc.managers.tokens import (
    ApiKeyLogin,
    ChatGptLogin,
    Login,
    RefreshReason,
    Tokens,
    claims_of,
)
from codex_rpc.model.port import Recovery

RETRY_REFRESH_SECONDS = 60.0
"""How long tokens are used as they are after they could not be renewed."""

ACCOUNT_HEADER = "ChatGPT-Account-ID"

AuthMode = Literal["apikey", "chatgpt", "chatgptAuthTokens"]

logger = logging.getLogger(__name__)

_Args = TypeVarTuple("_Args")
_Result = TypeVar("_Result")


class Account(Struct, frozen=True):
    """Who the user is to the OpenAI provider. An API key says nothing of its owner."""

    mode: AuthMode
    email: str | None = None
    plan_type: str | None = None
    user_id: str | None = None


class AuthManager:
    """Finds credentials; everything is read when it is asked for, so that a new login counts."""

    def __init__(self, codex_home: Path, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._file = AuthFile(codex_home)
        self._refresher = TokenRefresher(self._file, environ)
        self._refreshing = anyio.Lock()
        self._no_refresh_before = 0.0
        self._lent: ChatGptLogin | None = None

    def credentials(self, provider: ModelProvider) -> ProviderCredentials:
        return ProviderCredentials(self, provider, self._environ)

    # --- who the user is -----------------------------------------------------------------------

    async def login(self) -> Login | None:
        """The login in use, just as it is."""
        if self._lent is not None:
            return self._lent
        stored = self._key_in("CODEX_API_KEY") or await _in_thread(self._file.login)
        return stored or self._key_in("OPENAI_API_KEY")

    def _key_in(self, name: str) -> ApiKeyLogin | None:
        key = self._environ.get(name, "").strip()
        return ApiKeyLogin(key) if key else None

    async def account(self) -> Account | None:
        """The account the OpenAI provider would be used with."""
        match await self.login():
            case None:
                return None
            case ApiKeyLogin():
                return Account("apikey")
            case ChatGptLogin() as login:
                mode = "chatgptAuthTokens" if login.external else "chatgpt"
                return Account(mode, login.email, login.plan_type, login.user_id)

    # --- proving it ----------------------------------------------------------------------------

    async def headers(self) -> dict[str, str] | None:
        """The headers that prove who asks, with tokens that are fresh; `None` without a login.

        Raises:
            SignInAgainError: if the tokens have ended for good.
        """
        return _headers_of(await self._fresh_login())

    async def token(self) -> str | None:
        """What the headers prove it with; `None` if that is worth nothing any more."""
        try:
            return _token_of(await self._fresh_login())
        except SignInAgainError:
            return None

    async def _fresh_login(self) -> Login | None:
        login = await self.login()
        if not isinstance(login, ChatGptLogin):
            return login
        reason = login.reason_to_refresh(datetime.now(UTC))
        if reason is None or time.monotonic() < self._no_refresh_before:
            return login
        try:
            return await self._refresh(login, reason)
        except TokenRefreshError as error:
            logger.warning("%s; the old token is used", error)
            self._no_refresh_before = time.monotonic() + RETRY_REFRESH_SECONDS
            return login

    async def renew(self) -> None:
        """Renew the tokens in use, if they are ours to renew. A failure is logged."""
        login = await self.login()
        if isinstance(login, ChatGptLogin) and not login.external:
            try:
                await self._refresh(login, "forced")
            except (SignInAgainError, TokenRefreshError) as error:
                logger.warning("%s", error)

    async def recover(self, refused: Mapping[str, str]) -> Recovery | None:
        """As `Credentials.recover`, for headers that `headers` has returned."""
        login = await self.login()
        if not isinstance(login, ChatGptLogin):
            return None
        current = _headers_of(login) or {}
        if current.get(ACCOUNT_HEADER) != refused.get(ACCOUNT_HEADER):
            return None
        if current != refused:
            return "reloaded"
        if login.external:
            return None
        try:
            await self._refresh(login, "unauthorized_recovery")
        except TokenRefreshError as error:
            logger.warning("%s", error)
            return None
        return "refreshed"

    async def _refresh(self, stale: ChatGptLogin, reason: RefreshReason) -> ChatGptLogin:
        async with self._refreshing:
            return await _in_thread(self._refresher.refresh, stale, reason)

    # --- changing it ---------------------------------------------------------------------------

    async def store_api_key(self, key: str) -> None:
        """Log in with a key, for this process and all others.

        Raises:
            LoginRefusedError: if a client has lent its tokens.
            LoginError: if the key cannot be stored.
        """
        if self._lent is not None:
            raise LoginRefusedError(
                "External auth is active. Use account/login/start (chatgptAuthTokens) to update "
                "it or account/logout to clear it."
            )
        try:
            await _in_thread(self._file.save_api_key, key)
        except OSError as error:
            raise LoginError(f"failed to save api key: {error.strerror}") from None

    def lend(self, access_token: str, account_id: str, plan: str | None = None) -> None:
        """Use tokens that the lender keeps fresh, in this process and until it ends.

        Raises:
            LoginError: if that is no token.
        """
        if claims_of(access_token) is None:
            raise LoginError("failed to set external auth: invalid ID token format")
        tokens = Tokens(access_token, id_token=access_token, account_id=account_id)
        self._lent = ChatGptLogin(tokens, external=True, plan=plan)

    async def log_out(self) -> None:
        """Forget what is stored and what is lent. Keys in the environment are not ours to forget.

        Raises:
            LoginError: if the stored login stays.
        """
        self._lent = None
        try:
            await _in_thread(self._file.delete)
        except OSError as error:
            raise LoginError(f"logout failed: {error.strerror}") from None


async def _in_thread(work: Callable[[*_Args], _Result], *args: *_Args) -> _Result:
    """Have blocking work done, to its end even if nobody waits for it any more."""
    return await anyio.to_thread.run_sync(work, *args, abandon_on_cancel=True)


def _token_of(login: Login | None) -> str | None:
    match login:
        case None:
            return None
        case ApiKeyLogin(key=key):
            return key
        case ChatGptLogin(tokens=tokens):
            return tokens.access_token
        case _:
            assert_never(login)


def _headers_of(login: Login | None) -> dict[str, str] | None:
    token = _token_of(login)
    if token is None:
        return None
    headers = {"Authorization": f"Bearer {token}"}
    if isinstance(login, ChatGptLogin) and (account := login.account_id):
        headers[ACCOUNT_HEADER] = account
    return headers
