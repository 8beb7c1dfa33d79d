from codex_rpc.model.port import Credits, RateLimits, RateWindow
from codex_rpc.model.rate_limits import merge_rate_limits, rate_limits_from_headers


def test_headers_become_a_snapshot() -> None:
    headers = {
        "x-codex-primary-used-percent": "12.5",
        "x-codex-primary-window-minutes": "300",
        "x-codex-primary-reset-at": "1700000000",
        "x-codex-secondary-used-percent": "0.0",
        "x-codex-secondary-window-minutes": "10080",
        "x-codex-credits-has-credits": "True",
        "x-codex-credits-unlimited": "false",
        "x-codex-credits-balance": "3.50",
        "x-codex-plan-type": "plus",
    }
    assert rate_limits_from_headers(headers) == RateLimits(
        RateWindow(12.5, 300, 1700000000),
        RateWindow(0.0, 10080, None),
        Credits(True, False, "3.50"),
        "plus",
    )


def test_a_response_that_says_nothing_has_no_snapshot() -> None:
    assert rate_limits_from_headers({"content-type": "text/plain"}) is None


def test_a_window_of_zeros_or_nonsense_does_not_exist() -> None:
    headers = {
        "x-codex-primary-used-percent": "0",
        "x-codex-primary-window-minutes": "0",
        "x-codex-secondary-used-percent": "lots",
        "x-codex-secondary-reset-at": "inf",
        "x-codex-credits-has-credits": "maybe",
        "x-codex-credits-unlimited": "true",
    }
    assert rate_limits_from_headers(headers) is None


def test_a_later_snapshot_keeps_credits_and_plan_and_nothing_else() -> None:
    before = RateLimits(RateWindow(1.0), RateWindow(2.0), Credits(True, False), "plus")
    after = merge_rate_limits(before, RateLimits(primary=RateWindow(3.0)))
    assert after == RateLimits(RateWindow(3.0), None, Credits(True, False), "plus")


def test_the_first_snapshot_is_taken_as_it_is() -> None:
    assert merge_rate_limits(None, RateLimits(plan_type="pro")) == RateLimits(plan_type="pro")
