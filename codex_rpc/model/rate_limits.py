"""What a provider says of the account's allowances, from its headers and events. All pure.

Rule (Codex backend): a window of which all parts are zero or absent does not exist.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any, cast

from codex_rpc.model.port import Credits, RateLimits, RateWindow


def rate_limits_from_headers(headers: Mapping[str, str]) -> RateLimits | None:
    """Read the `x-codex-*` headers (`headers` ignores case, or is lower-case); `None` if absent."""
    return _unless_empty(
        RateLimits(
            primary=_window_from_headers(headers, "primary"),
            secondary=_window_from_headers(headers, "secondary"),
            credits=_credits_from_headers(headers),
            plan_type=headers.get("x-codex-plan-type"),
        )
    )


def rate_limits_from_event(event: Mapping[str, Any]) -> RateLimits | None:
    """Read a `codex.rate_limits` event; `None` if it says nothing."""
    limits = _table(event.get("rate_limits"))
    return _unless_empty(
        RateLimits(
            primary=_window_from_event(_table(limits.get("primary"))),
            secondary=_window_from_event(_table(limits.get("secondary"))),
            credits=_credits_from_event(_table(event.get("credits"))),
            plan_type=_text(event.get("plan_type")),
        )
    )


def merge_rate_limits(previous: RateLimits | None, new: RateLimits) -> RateLimits:
    """The new snapshot; credits and plan, which many responses leave out, stay as they were."""
    if previous is None:
        return new
    return RateLimits(
        primary=new.primary,
        secondary=new.secondary,
        credits=new.credits or previous.credits,
        plan_type=new.plan_type or previous.plan_type,
    )


def _unless_empty(limits: RateLimits) -> RateLimits | None:
    return None if limits == RateLimits() else limits


def _window(used: float | None, minutes: int | None, resets_at: int | None) -> RateWindow | None:
    if not (used or minutes or resets_at):
        return None
    return RateWindow(used_percent=used or 0.0, window_minutes=minutes, resets_at=resets_at)


def _window_from_headers(headers: Mapping[str, str], name: str) -> RateWindow | None:
    prefix = f"x-codex-{name}"
    return _window(
        _number(headers.get(f"{prefix}-used-percent")),
        _integer(headers.get(f"{prefix}-window-minutes")),
        _integer(headers.get(f"{prefix}-reset-at")),
    )


def _credits_from_headers(headers: Mapping[str, str]) -> Credits | None:
    has_credits = _boolean(headers.get("x-codex-credits-has-credits"))
    unlimited = _boolean(headers.get("x-codex-credits-unlimited"))
    if has_credits is None or unlimited is None:
        return None
    return Credits(has_credits, unlimited, headers.get("x-codex-credits-balance") or None)


def _window_from_event(window: Mapping[str, Any]) -> RateWindow | None:
    return _window(
        _number(window.get("used_percent")),
        _integer(window.get("window_minutes")),
        _integer(window.get("reset_at", window.get("resets_at"))),
    )


def _credits_from_event(credits: Mapping[str, Any]) -> Credits | None:
    has_credits = _boolean(credits.get("has_credits"))
    unlimited = _boolean(credits.get("unlimited"))
    if has_credits is None or unlimited is None:
        return None
    return Credits(has_credits, unlimited, _text(credits.get("balance")))


def _table(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _boolean(value: object) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _integer(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
