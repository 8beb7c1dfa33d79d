"""`token_count` lines: what the thread has used and what the account may use, both ways.

A line may say only one of the two.
"""

from codex_rpc.model.port import Credits, RateLimits, RateWindow, TokenUsage
from codex_rpc.protocol.usage import (
    CreditsSnapshot,
    RateLimitSnapshot,
    RateLimitWindow,
    ThreadTokenUsage,
    TokenUsageBreakdown,
)
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import integer, number, table, text

# --- writing -----------------------------------------------------------------------------------


def usage_payload(usage: ThreadTokenUsage) -> Payload:
    return {
        "type": "token_count",
        "info": {
            "total_token_usage": _breakdown(usage.total),
            "last_token_usage": _breakdown(usage.last),
            "model_context_window": usage.model_context_window,
        },
        "rate_limits": None,
    }


def rate_limits_payload(limits: RateLimitSnapshot) -> Payload | None:
    """`None` for limits that say nothing, as those of most providers do."""
    if not (limits.primary or limits.secondary or limits.credits or limits.plan_type):
        return None
    return {
        "type": "token_count",
        "info": None,
        "rate_limits": {
            "limit_id": limits.limit_id,
            "limit_name": limits.limit_name,
            "primary": _window_payload(limits.primary),
            "secondary": _window_payload(limits.secondary),
            "credits": _credits_payload(limits.credits),
            "plan_type": limits.plan_type,
            "rate_limit_reached_type": limits.rate_limit_reached_type,
        },
    }


def _breakdown(usage: TokenUsageBreakdown) -> Payload:
    return usage.model_dump(mode="json", by_alias=False)


def _window_payload(window: RateLimitWindow | None) -> Payload | None:
    return window and {
        "used_percent": float(window.used_percent),
        "window_minutes": window.window_duration_mins,
        "resets_at": window.resets_at,
    }


def _credits_payload(credits: CreditsSnapshot | None) -> Payload | None:
    return credits and credits.model_dump(mode="json", by_alias=False)


# --- reading -----------------------------------------------------------------------------------


def stored_usage(payload: Payload) -> tuple[TokenUsage, TokenUsage] | None:
    """The thread's usage and that of its last response; `None` if the line does not say."""
    info = table(payload, "info")
    if not info:
        return None
    return _usage(table(info, "total_token_usage")), _usage(table(info, "last_token_usage"))


def stored_rate_limits(payload: Payload) -> RateLimits | None:
    """The account's allowances; `None` if the line says nothing of them."""
    stored = table(payload, "rate_limits")
    limits = RateLimits(
        primary=_window(table(stored, "primary")),
        secondary=_window(table(stored, "secondary")),
        credits=_credits(table(stored, "credits")),
        plan_type=text(stored, "plan_type"),
    )
    return None if limits == RateLimits() else limits


def _usage(counts: Payload) -> TokenUsage:
    return TokenUsage(
        input_tokens=integer(counts, "input_tokens") or 0,
        cached_input_tokens=integer(counts, "cached_input_tokens") or 0,
        output_tokens=integer(counts, "output_tokens") or 0,
        reasoning_output_tokens=integer(counts, "reasoning_output_tokens") or 0,
        total_tokens=integer(counts, "total_tokens") or 0,
    )


def _window(stored: Payload) -> RateWindow | None:
    used = number(stored, "used_percent")
    if used is None:
        return None
    return RateWindow(used, integer(stored, "window_minutes"), integer(stored, "resets_at"))


def _credits(stored: Payload) -> Credits | None:
    match stored:
        case {"has_credits": bool(has_credits), "unlimited": bool(unlimited)}:
            return Credits(has_credits, unlimited, text(stored, "balance"))
        case _:
            return None
