"""Counts of tokens, and how much of an account's allowance is used."""

from typing import Literal

from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import UnixSeconds, WireModel


class TokenUsageBreakdown(WireModel):
    total_tokens: int
    input_tokens: int
    cached_input_tokens: int
    """The part of `inputTokens` that the provider had in its cache."""
    cache_write_input_tokens: int = 0
    output_tokens: int
    reasoning_output_tokens: int
    """The part of `outputTokens` that was reasoning."""


class ThreadTokenUsage(WireModel):
    total: TokenUsageBreakdown
    """Over the whole thread."""
    last: TokenUsageBreakdown
    """Of the last response."""
    model_context_window: int | None = None


class RateLimitWindow(WireModel):
    used_percent: int
    window_duration_mins: int | None = None
    resets_at: UnixSeconds | None = None


class CreditsSnapshot(WireModel):
    has_credits: bool
    unlimited: bool
    balance: str | None = None


class SpendControlLimitSnapshot(WireModel):
    limit: str
    used: str
    remaining_percent: int
    resets_at: UnixSeconds


RateLimitReachedType = TypeAliasType(
    "RateLimitReachedType",
    Literal[
        "rate_limit_reached",
        "workspace_owner_credits_depleted",
        "workspace_member_credits_depleted",
        "workspace_owner_usage_limit_reached",
        "workspace_member_usage_limit_reached",
    ],
)

PlanType = TypeAliasType("PlanType", str)


class RateLimitSnapshot(WireModel):
    """What is known of one limit; a part nothing was said about is `null`."""

    limit_id: str | None = None
    limit_name: str | None = None
    primary: RateLimitWindow | None = None
    secondary: RateLimitWindow | None = None
    credits: CreditsSnapshot | None = None
    individual_limit: SpendControlLimitSnapshot | None = None
    plan_type: PlanType | None = None
    rate_limit_reached_type: RateLimitReachedType | None = None
    spend_control_reached: bool | None = None
    normal_model_slug: str | None = None
