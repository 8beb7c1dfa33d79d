from datetime import UTC, datetime, timedelta

import pytest

from codex_rpc.managers.tokens import (
    ApiKeyLogin,
    ChatGptLogin,
    RefreshReason,
    Tokens,
    claims_of,
)
from tests.support.chatgpt import id_token, jwt

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def ends_in(seconds: float) -> Tokens:
    return Tokens(jwt({"exp": NOW.timestamp() + seconds}), refresh_token="r")


@pytest.mark.parametrize(
    ("tokens", "days", "reason"),
    [
        (ends_in(299), 0, "proactive_expiry"),
        (ends_in(-1), 0, "proactive_expiry"),
        (ends_in(301), 30, None),
        (Tokens("opaque", refresh_token="r"), 9, "scheduled"),
        (Tokens("opaque", refresh_token="r"), 7, None),
        (Tokens("opaque", refresh_token="r"), None, None),
        (Tokens("opaque"), 9, None),
    ],
)
def test_tokens_are_renewed_when_they_end_soon_or_are_old(
    tokens: Tokens, days: int | None, reason: RefreshReason | None
) -> None:
    refreshed = None if days is None else NOW - timedelta(days=days)
    assert ChatGptLogin(tokens, refreshed).reason_to_refresh(NOW) == reason


def test_lent_tokens_are_not_ours_to_renew() -> None:
    assert ChatGptLogin(ends_in(-1), external=True).reason_to_refresh(NOW) is None


def test_the_id_token_says_whose_the_account_is() -> None:
    login = ChatGptLogin(Tokens("a", id_token=id_token("ada@example.org", "pro", "acc-7")))
    assert (login.email, login.plan_type) == ("ada@example.org", "pro")
    assert (login.account_id, login.user_id) == ("acc-7", "user-1")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "a.W10.c", jwt({})[:-1] + "\n", "é.é.é"])
def test_what_is_no_token_says_nothing(token: str) -> None:
    login = ChatGptLogin(Tokens(token, id_token=token))
    assert not claims_of(token)
    assert (login.email, login.plan_type, login.account_id) == (None, "unknown", None)


def test_no_secret_is_shown() -> None:
    login = ChatGptLogin(Tokens("secret-a", "secret-r", "secret-i", "account-1"))
    assert "secret" not in f"{login!r} {login} {ApiKeyLogin('sk-secret')!r}"
    assert "account-1" in repr(login)
