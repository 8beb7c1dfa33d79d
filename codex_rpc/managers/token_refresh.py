"""TokenRefresher: exchanges a ChatGPT login's tokens for new ones.

The authority takes each refresh token once, so one exchange at a time is made for a home, whichever
process asks, and none if another has been quicker. Everything here blocks; an exchange that nobody
waits for any more is finished nevertheless, or its result would be lost. Neither tokens nor what
the authority says are logged.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from codex_rpc.errors import SignInAgainError, TokenRefreshError
from codex_rpc.managers.auth_file import AuthFile
from codex_rpc.managers.tokens import ChatGptLogin, RefreshReason, Tokens

TOKEN_URL = "https://auth.openai.com/oauth/token"
TOKEN_URL_VARIABLE = "CODEX_REFRESH_TOKEN_URL_OVERRIDE"
CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"
"""Who the authority takes us for: the public identifier under which such logins are made."""

TIMEOUT = 20.0
"""Seconds that connecting and each read may take."""

_REASONS = {
    "refresh_token_expired": "your refresh token has expired",
    "refresh_token_reused": "your refresh token was already used",
    "refresh_token_invalidated": "your refresh token was revoked",
}

logger = logging.getLogger(__name__)


class TokenRefresher:
    """Renews the tokens in one `AuthFile`."""

    def __init__(self, file: AuthFile, environ: Mapping[str, str]) -> None:
        self._file = file
        self._url = environ.get(TOKEN_URL_VARIABLE) or TOKEN_URL
        self._refused: tuple[str, SignInAgainError] | None = None

    def refresh(self, stale: ChatGptLogin, reason: RefreshReason) -> ChatGptLogin:
        """Have tokens other than `stale`'s for the same account.

        Raises:
            SignInAgainError: if there will be none before somebody signs in.
            TokenRefreshError: if there are none now.
        """
        try:
            with self._file.renewing():
                return self._renew(stale, reason)
        except OSError as error:
            raise TokenRefreshError(f"cannot lock the login: {error.strerror}") from None

    def _renew(self, stale: ChatGptLogin, reason: RefreshReason) -> ChatGptLogin:
        current = self._current(stale)
        if current.tokens.access_token != stale.tokens.access_token:
            return current
        try:
            tokens = self._exchange(current.tokens, reason)
        except SignInAgainError:
            # Perhaps because the other program, which takes no such lock, has been quicker.
            current = self._current(stale)
            if current.tokens.access_token == stale.tokens.access_token:
                raise
            return current
        self._file.save_tokens(tokens, replaced=current.tokens)
        return self._current(stale)

    def _current(self, stale: ChatGptLogin) -> ChatGptLogin:
        login = self._file.login()
        if not isinstance(login, ChatGptLogin) or login.account_id != stale.account_id:
            raise SignInAgainError(
                "Your access token could not be refreshed because you have since logged out or "
                "signed in to another account. Please sign in again."
            )
        return login

    def _exchange(self, tokens: Tokens, reason: RefreshReason) -> Tokens:
        if tokens.refresh_token is None:
            raise SignInAgainError(_sign_in_again(None))
        if self._refused is not None and self._refused[0] == tokens.refresh_token:
            raise self._refused[1]
        status, answer = self._post(
            {
                "client_id": CLIENT_ID,
                "grant_type": "refresh_token",
                "refresh_reason": reason,
                "refresh_token": tokens.refresh_token,
            }
        )
        code = _code_in(answer)
        if status == 401 or (status == 400 and code in _REASONS):
            refusal = SignInAgainError(_sign_in_again(code))
            self._refused = (tokens.refresh_token, refusal)
            raise refusal
        if status != 200:
            raise TokenRefreshError(f"Failed to refresh token: HTTP {status}")
        renewed = {
            name: value
            for name in ("access_token", "refresh_token", "id_token")
            if isinstance(value := answer.get(name), str) and value
        }
        if "access_token" not in renewed:
            raise TokenRefreshError("Failed to refresh token: the answer holds none")
        return replace(tokens, **renewed)

    def _post(self, request: Mapping[str, str]) -> tuple[int, Mapping[str, Any]]:
        """The status and the body of the answer; an empty body if it is no object."""
        import httpx2

        _silence()
        try:
            response = httpx2.post(
                self._url,
                json=dict(request),
                headers={"User-Agent": "codex-rpc"},
                timeout=TIMEOUT,
            )
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise TokenRefreshError(f"Failed to refresh token: {type(error).__name__}") from None
        try:
            body: object = response.json()
        except ValueError:
            body = None
        answer = cast("dict[str, Any]", body if isinstance(body, dict) else {})
        return response.status_code, answer


def _silence() -> None:
    """Keep the HTTP library from logging what it sends."""
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _code_in(answer: Mapping[str, Any]) -> str | None:
    error = answer.get("error")
    code = cast("Mapping[str, Any]", error).get("code") if isinstance(error, dict) else error
    code = answer.get("code") if code is None else code
    return code if isinstance(code, str) else None


def _sign_in_again(code: str | None) -> str:
    reason = _REASONS.get(code or "")
    because = f" because {reason}" if reason else ""
    return f"Your access token could not be refreshed{because}. Please log out and sign in again."
