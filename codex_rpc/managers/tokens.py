"""Logins: an API key, or the tokens of a ChatGPT subscription and what they say of themselves.

Pure data. Tokens are read without checking their signatures: they are the user's own, and whoever
gets them checks. Nothing secret is part of a `repr`.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from msgspec import Struct

EXPIRY_MARGIN = timedelta(minutes=5)
"""A token that ends sooner than this is renewed before it is used."""

LONGEST_UNREFRESHED = timedelta(days=8)
"""How long a token is used that does not say when it ends."""

_AUTH_CLAIM = "https://api.openai.com/auth"
_PROFILE_CLAIM = "https://api.openai.com/profile"

RefreshReason = Literal["forced", "proactive_expiry", "scheduled", "unauthorized_recovery"]
"""Why tokens are renewed, in the authority's words."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one account."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    id_token: str | None = field(default=None, repr=False)
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class ApiKeyLogin:
    """A key of the OpenAI API."""

    key: str = field(repr=False)


class ChatGptLogin(Struct, frozen=True):
    """A ChatGPT subscription. `external`: somebody else renews its tokens."""

    tokens: Tokens
    last_refresh: datetime | None = None
    external: bool = False
    plan: str | None = None
    """The plan, where somebody knows better than the tokens."""

    @property
    def email(self) -> str | None:
        claims = self._claims()
        return _text(claims, "email") or _text(_table(claims, _PROFILE_CLAIM), "email")

    @property
    def plan_type(self) -> str:
        return (
            self.plan
            or _text(_table(self._claims(), _AUTH_CLAIM), "chatgpt_plan_type")
            or ("unknown")
        )

    @property
    def user_id(self) -> str | None:
        auth = _table(self._claims(), _AUTH_CLAIM)
        return _text(auth, "chatgpt_user_id") or _text(auth, "user_id")

    @property
    def account_id(self) -> str | None:
        return self.tokens.account_id or account_in(self.tokens.id_token or "")

    def reason_to_refresh(self, now: datetime) -> RefreshReason | None:
        """Why the tokens should be renewed before they are used, if they should."""
        if self.external or not self.tokens.refresh_token:
            return None
        expires = (claims_of(self.tokens.access_token) or {}).get("exp")
        if isinstance(expires, int | float):
            near = expires - now.timestamp() <= EXPIRY_MARGIN.total_seconds()
            return "proactive_expiry" if near else None
        old = self.last_refresh is not None and now - self.last_refresh > LONGEST_UNREFRESHED
        return "scheduled" if old else None

    def _claims(self) -> Mapping[str, Any]:
        return claims_of(self.tokens.id_token or "") or {}


Login = ApiKeyLogin | ChatGptLogin


def claims_of(token: str) -> Mapping[str, Any] | None:
    """What a JSON Web Token (RFC 7519) says; `None` if the string is none."""
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims: object = json.loads(payload)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return cast("Mapping[str, Any]", claims) if isinstance(claims, dict) else None


def account_in(token: str) -> str | None:
    """The account that a token is for, if it says so."""
    return _text(_table(claims_of(token) or {}, _AUTH_CLAIM), "chatgpt_account_id")


def _table(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = claims.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    return value if isinstance(value, str) and value else None
