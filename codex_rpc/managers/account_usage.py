"""How much of a ChatGPT account's allowances is used, as ChatGPT itself says.

What a provider reports with its responses is `model.rate_limits`' business.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import anyio.to_thread
from msgspec import Struct
from pydantic import BaseModel, ConfigDict, ValidationError

from codex_rpc.errors import AccountRequiredError, AccountUnreachableError
from codex_rpc.managers.auth import AuthManager
from codex_rpc.protocol.usage import CreditsSnapshot, RateLimitSnapshot, RateLimitWindow

CHATGPT_BASE_URL = "https://chatgpt.com/backend-api"
MAIN_LIMIT = "codex"
TIMEOUT = 20.0
"""Seconds that connecting and each read may take."""


class _Told(BaseModel):
    """A part of the answer. Fields that are not known here are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class _Window(_Told):
    used_percent: float
    limit_window_seconds: int | None = None
    reset_at: int | None = None


class _Limit(_Told):
    primary_window: _Window | None = None
    secondary_window: _Window | None = None


class _NamedLimit(_Told):
    limit_name: str | None = None
    metered_feature: str
    rate_limit: _Limit | None = None


class _Credits(_Told):
    has_credits: bool
    unlimited: bool
    balance: str | None = None


class _SpendControl(_Told):
    reached: bool | None = None


class _Usage(_Told):
    plan_type: str
    rate_limit: _Limit | None = None
    credits: _Credits | None = None
    spend_control: _SpendControl | None = None
    additional_rate_limits: list[_NamedLimit] | None = None


class AccountUsage(Struct, frozen=True):
    """The allowance of most models, and those of single ones."""

    main: RateLimitSnapshot
    others: Sequence[RateLimitSnapshot]


async def read_usage(auth: AuthManager, base_url: str | None) -> AccountUsage:
    """Ask for the account in use.

    Raises:
        AccountRequiredError: if that is no ChatGPT account.
        AccountUnreachableError: if there is no answer that can be used.
        SignInAgainError: if its tokens have ended.
    """
    account = await auth.account()
    if account is None or account.mode == "apikey":
        who = "codex account" if account is None else "chatgpt"
        raise AccountRequiredError(f"{who} authentication required to read rate limits")
    url = (base_url or CHATGPT_BASE_URL).rstrip("/") + "/wham/usage"
    headers = await auth.headers() or {}
    status, body = await _get(url, headers)
    if status == 401 and await auth.recover(headers):
        status, body = await _get(url, await auth.headers() or {})
    if status != 200:
        raise AccountUnreachableError(f"{_FAILED}: GET {url} failed: HTTP {status}")
    try:
        return _account_usage(_Usage.model_validate_json(body))
    except ValidationError:
        raise AccountUnreachableError(f"{_FAILED}: {url} gave an answer of another form") from None


_FAILED = "failed to fetch codex rate limits"


async def _get(url: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
    def get() -> tuple[int, bytes]:
        import httpx2

        try:
            response = httpx2.get(
                url, headers={"User-Agent": "codex-rpc", **headers}, timeout=TIMEOUT
            )
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            reason = type(error).__name__
            raise AccountUnreachableError(f"{_FAILED}: GET {url}: {reason}") from None
        return response.status_code, response.content

    return await anyio.to_thread.run_sync(get, abandon_on_cancel=True)


def _account_usage(usage: _Usage) -> AccountUsage:
    main = _snapshot(
        usage,
        usage.rate_limit,
        limit_id=MAIN_LIMIT,
        credits=_credits(usage.credits),
        spend_control_reached=usage.spend_control.reached if usage.spend_control else None,
    )
    others = [
        _snapshot(
            usage, other.rate_limit, limit_id=other.metered_feature, limit_name=other.limit_name
        )
        for other in usage.additional_rate_limits or ()
    ]
    return AccountUsage(main, others)


def _snapshot(usage: _Usage, limit: _Limit | None, **more: Any) -> RateLimitSnapshot:
    limit = limit or _Limit()
    return RateLimitSnapshot(
        primary=_window(limit.primary_window),
        secondary=_window(limit.secondary_window),
        plan_type=usage.plan_type,
        **more,
    )


def _window(window: _Window | None) -> RateLimitWindow | None:
    if window is None:
        return None
    seconds = window.limit_window_seconds
    return RateLimitWindow(
        used_percent=round(window.used_percent),
        # A part of a minute counts as a whole one.
        window_duration_mins=None if seconds is None else -(-seconds // 60),
        resets_at=window.reset_at,
    )


def _credits(credits: _Credits | None) -> CreditsSnapshot | None:
    if credits is None:
        return None
    return CreditsSnapshot(
        has_credits=credits.has_credits, unlimited=credits.unlimited, balance=credits.balance
    )
