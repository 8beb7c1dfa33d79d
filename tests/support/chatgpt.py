"""A ChatGPT account for tests: its tokens, its login in `auth.json`, and who keeps it.

`ChatGpt` is a real HTTP server on a local port: it renews tokens at `/v1/token`, tells the
account's allowances at `/v1/wham/usage` and is a model at `/v1/responses`, for those it knows.
"""

import base64
import json
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Self

from tests.responses_server import (
    ReceivedRequest,
    Refusal,
    Reply,
    ResponsesServer,
    Stream,
    text_events,
)

HOUR = 3600
ACCOUNT = "account-1"

USAGE: Mapping[str, Any] = {
    "plan_type": "plus",
    "rate_limit": {
        "allowed": True,
        "limit_reached": False,
        "primary_window": {
            "used_percent": 12,
            "limit_window_seconds": 18000,
            "reset_after_seconds": 100,
            "reset_at": 1795265215,
        },
        "secondary_window": None,
    },
    "credits": {"has_credits": True, "unlimited": False, "balance": "12.5"},
    "additional_rate_limits": [
        {
            "limit_name": "Fast",
            "metered_feature": "codex_fast",
            "rate_limit": {"primary_window": {"used_percent": 1, "limit_window_seconds": 90}},
        }
    ],
}


def jwt(claims: Mapping[str, Any]) -> str:
    """A token that says this and is signed by nobody."""
    parts = ({"alg": "none"}, claims, "signature")
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts)
    return ".".join(part.rstrip(b"=").decode() for part in encoded)


def id_token(email: str = "ada@example.org", plan: str = "plus", account: str = ACCOUNT) -> str:
    about = {"chatgpt_plan_type": plan, "chatgpt_account_id": account, "chatgpt_user_id": "user-1"}
    return jwt({"email": email, "https://api.openai.com/auth": about})


def access_token(name: str, *, lasts: float = HOUR) -> str:
    """A token that is good for so many seconds; others of another name differ from it."""
    return jwt({"exp": int(time.time() + lasts), "name": name})


def tokens(access: str | None = None, account: str = ACCOUNT) -> dict[str, Any]:
    """The tokens of a login, as `auth.json` has them."""
    return {
        "id_token": id_token(account=account),
        "access_token": access or access_token("first"),
        "refresh_token": "refresh-secret-0",
        "account_id": account,
    }


def sign_in(home: Path, **fields: Any) -> Path:
    """Write an `auth.json` of a ChatGPT login with these fields instead of its own."""
    login = {
        "OPENAI_API_KEY": None,
        "tokens": tokens(),
        "last_refresh": "2025-01-01T00:00:00.123456789Z",
    }
    path = home / "auth.json"
    path.write_text(json.dumps({**login, **fields}))
    return path


@dataclass(slots=True)
class ChatGpt:
    """Serves while its context is entered."""

    refresh_answer: Reply | Callable[[], Reply] | None = None
    """What a request for new tokens is answered; new ones, unless a test says otherwise."""
    accepted: set[str] | None = None
    """The `Authorization` headers that are accepted: unless a test says otherwise, all."""
    server: ResponsesServer = field(init=False)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.server = ResponsesServer(self._answer)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *failure: Any) -> None:
        self.server.__exit__(*failure)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def environ(self) -> dict[str, str]:
        """What makes a server renew its tokens here."""
        return {"CODEX_REFRESH_TOKEN_URL_OVERRIDE": f"{self.url}/token"}

    def asked(self, what: str) -> list[ReceivedRequest]:
        """The requests for `token`, `usage` or `responses`."""
        return [request for request in self.server.requests if request.path.endswith(f"/{what}")]

    def _answer(self, request: ReceivedRequest) -> Reply:
        what = request.path.rpartition("/")[2]
        if what == "token":
            answer = self.refresh_answer or self._new_tokens
            return answer() if callable(answer) else answer
        if self.accepted is not None and request.headers["authorization"] not in self.accepted:
            return Refusal(401, {"error": {"message": "bad token"}})
        if what == "usage":
            return Refusal(200, USAGE)
        return Stream(text_events("Hello"))

    def _new_tokens(self) -> Refusal:
        number = next(self._numbers)
        access = access_token(f"new-{number}")
        if self.accepted is not None:
            self.accepted.add(f"Bearer {access}")
        renewed = {"access_token": access, "refresh_token": f"refresh-secret-{number}"}
        return Refusal(200, {**renewed, "id_token": id_token("new@example.org", "pro")})


@contextmanager
def subscribed(home: Path) -> Generator[ChatGpt]:
    """A home whose user has a ChatGPT account."""
    sign_in(home)
    with ChatGpt() as chatgpt:
        (home / "config.toml").write_text(f'chatgpt_base_url = "{chatgpt.url}"\n')
        yield chatgpt
