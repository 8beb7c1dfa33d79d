"""Telling the client how much of the model's window and of the account's allowance is used."""

from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import Credits, RateLimits, RateWindow, TokenUsage
from codex_rpc.protocol.notifications import (
    AccountRateLimitsUpdatedNotification,
    ThreadTokenUsageUpdatedNotification,
)
from codex_rpc.protocol.usage import (
    CreditsSnapshot,
    RateLimitSnapshot,
    RateLimitWindow,
    ThreadTokenUsage,
    TokenUsageBreakdown,
)
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.state.session_state import SessionState


def report_usage(turn: TurnContext, usage: TokenUsage | None, heard: int) -> None:
    """Add a response's usage, if it reported any, and announce it and the rate limits.

    The response's request was made of the first `heard` items of the history.
    """
    state = turn.session_state
    if usage is not None:
        state.record_usage(usage, heard)
        announce_usage(turn)
    turn.emit(AccountRateLimitsUpdatedNotification(rate_limits=_snapshot(state.rate_limits)))


def announce_usage(turn: TurnContext) -> None:
    """Tell the client how full the model's window is."""
    state = turn.session_state
    turn.emit(
        ThreadTokenUsageUpdatedNotification(
            thread_id=turn.thread_id,
            turn_id=turn.turn_id,
            token_usage=token_usage(state, turn.model),
        )
    )


def token_usage(state: SessionState, model: ModelInfo) -> ThreadTokenUsage:
    """What the thread has used of its model so far."""
    return ThreadTokenUsage(
        total=_breakdown(state.total_usage),
        last=_breakdown(state.last_usage),
        model_context_window=model.usable_window,
    )


def _breakdown(usage: TokenUsage) -> TokenUsageBreakdown:
    return TokenUsageBreakdown(
        total_tokens=usage.total_tokens,
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_output_tokens=usage.reasoning_output_tokens,
    )


def _snapshot(limits: RateLimits) -> RateLimitSnapshot:
    return RateLimitSnapshot(
        limit_id="codex",
        primary=_window(limits.primary),
        secondary=_window(limits.secondary),
        credits=_credits(limits.credits),
        plan_type=limits.plan_type,
    )


def _window(window: RateWindow | None) -> RateLimitWindow | None:
    if window is None:
        return None
    return RateLimitWindow(
        used_percent=round(window.used_percent),
        window_duration_mins=window.window_minutes,
        resets_at=window.resets_at,
    )


def _credits(credits: Credits | None) -> CreditsSnapshot | None:
    if credits is None:
        return None
    return CreditsSnapshot(
        has_credits=credits.has_credits, unlimited=credits.unlimited, balance=credits.balance
    )
