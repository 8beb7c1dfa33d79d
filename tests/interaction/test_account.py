"""The account: who pays for the model, logging in and out, and credentials that end."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from tests.responses_server import Refusal
from tests.support.app import App, running_app
from tests.support.chatgpt import ChatGpt, access_token, id_token, jwt, sign_in, tokens
from tests.support.peer import Message, Peer, RefusedError

NEEDS_ACCOUNT = "[model_providers.script]\nrequires_openai_auth = true\n"


@asynccontextmanager
async def subscriber(folder: Path, chatgpt: ChatGpt) -> AsyncGenerator[tuple[App, Peer]]:
    """A client of a server whose account is kept by `chatgpt`."""
    async with running_app(folder, **cast("dict[str, Any]", chatgpt.environ)) as app:
        config = f'chatgpt_base_url = "{chatgpt.url}"\n{NEEDS_ACCOUNT}'
        (app.home / "config.toml").write_text(config)
        yield app, await app.connect()


async def start_thread(peer: Peer, chatgpt: ChatGpt) -> Message:
    """A thread whose model is ChatGPT's."""
    provider = {"base_url": chatgpt.url, "requires_openai_auth": True, "stream_max_retries": 0}
    config = {"model_providers": {"subscription": provider}}
    return await peer.start_thread([], modelProvider="subscription", config=config)


async def end_of_turn(peer: Peer, thread: Message) -> dict[str, Any]:
    return (await peer.turn(thread))[-1]["params"]["turn"]


async def log_in(peer: Peer, key: str = "sk-key") -> Message:
    return await peer.call("account/login/start", {"type": "apiKey", "apiKey": key})


def told(messages: list[Message]) -> list[tuple[str, Message]]:
    """The notifications among these about the account."""
    return [
        (message["method"], message["params"])
        for message in messages
        if message.get("method", "").startswith("account/")
    ]


async def test_a_provider_without_openai_login_needs_no_account(app: App) -> None:
    peer = await app.connect()
    await log_in(peer)
    assert await peer.call("account/read", {}) == {
        "account": None,
        "requiresOpenaiAuth": False,
        "userId": None,
    }
    status = await peer.call("getAuthStatus", {"includeToken": True})
    assert status == {"authMethod": None, "authToken": None, "requiresOpenaiAuth": False}


async def test_logging_in_with_a_key_stores_it_and_tells_every_client(app: App) -> None:
    (app.home / "config.toml").write_text(NEEDS_ACCOUNT)
    peer, other = await app.connect(), await app.connect()

    assert await log_in(peer, " sk-key\n") == {"type": "apiKey"}

    expected = [
        ("account/login/completed", {"loginId": None, "success": True, "error": None}),
        ("account/updated", {"authMode": "apikey", "planType": None}),
    ]
    for client in (peer, other):
        assert told(await client.until("account/updated")) == expected
    answer = next(i for i, message in enumerate(peer.messages) if message.get("id") == 2)
    assert "method" in peer.messages[answer + 1]  # the answer comes first
    assert json.loads((app.home / "auth.json").read_text())["OPENAI_API_KEY"] == "sk-key"
    assert (await peer.call("account/read", {}))["account"] == {"type": "apiKey"}
    status = {"authMethod": "apikey", "authToken": None, "requiresOpenaiAuth": True}
    assert await peer.call("getAuthStatus", {}) == status
    with_token = await peer.call("getAuthStatus", {"includeToken": True})
    assert with_token == {**status, "authToken": "sk-key"}


async def test_logging_out_forgets_the_login_and_tells_every_client(app: App) -> None:
    (app.home / "config.toml").write_text(NEEDS_ACCOUNT)
    peer, other = await app.connect(), await app.connect()
    await log_in(peer)

    variants: list[Message | None] = [None, {}]
    for params in variants:
        assert await peer.call("account/logout", params) == {}

    for client in (peer, other):
        await client.until("account/updated")
        for _ in range(2):
            [*_, last] = told(await client.until("account/updated"))
            assert last == ("account/updated", {"authMode": None, "planType": None})
    assert not (app.home / "auth.json").exists()
    assert (await peer.call("account/read", {}))["account"] is None


@pytest.mark.parametrize(
    ("params", "message", "path"),
    [
        ({"type": "apiKey"}, "Invalid request: missing field `apiKey`", "apiKey"),
        ({"type": "apiKey", "apiKey": " "}, "apiKey must not be empty", "apiKey"),
        (
            {"type": "chatgptAuthTokens", "accessToken": "x"},
            "Invalid request: missing field `chatgptAccountId`",
            "chatgptAccountId",
        ),
        ({"type": "nosuch"}, "Invalid request: unknown variant `nosuch`, expected one of ", "type"),
        ({"type": "chatgpt"}, "signing in to ChatGPT is not possible here: run `codex log", "type"),
        ({"type": "chatgptDeviceCode"}, "signing in to ChatGPT is not possible here", "type"),
        ({"type": "amazonBedrock"}, "Amazon Bedrock is not possible here: ", "type"),
    ],
    ids=str,
)
async def test_a_login_that_is_not_possible_is_refused_with_the_reason(
    app: App, params: Message, message: str, path: str
) -> None:
    peer = await app.connect()
    with pytest.raises(RefusedError) as refused:
        await peer.call("account/login/start", params)
    assert refused.value.code == -32600
    assert refused.value.message.startswith(message)
    assert refused.value.data["path"] == path
    assert not (app.home / "auth.json").exists()


async def test_a_key_that_cannot_be_stored_is_an_error_without_the_key(app: App) -> None:
    (app.home / "auth.json.lock").mkdir()
    peer = await app.connect()
    with pytest.raises(RefusedError) as refused:
        await log_in(peer, "sk-secret")
    assert refused.value.message.startswith("failed to save api key: ")
    assert refused.value.data == {"kind": "loginFailed"}
    assert "sk-secret" not in str(peer.messages)


async def test_an_existing_chatgpt_login_is_shown(tmp_path: Path) -> None:
    with ChatGpt() as chatgpt:
        async with subscriber(tmp_path, chatgpt) as (app, peer):
            sign_in(app.home)
            assert await peer.call("account/read", {}) == {
                "account": {
                    "type": "chatgpt",
                    "email": "ada@example.org",
                    "planType": "plus",
                    "workspaceName": None,
                },
                "requiresOpenaiAuth": True,
                "userId": "user-1",
            }
            renewed = await peer.call("account/read", {"refreshToken": True})
            assert renewed["account"]["email"] == "new@example.org"
            assert renewed["account"]["planType"] == "pro"
    assert [r.body["refresh_reason"] for r in chatgpt.asked("token")] == ["forced"]


async def test_a_turn_is_paid_by_the_subscription(tmp_path: Path) -> None:
    with ChatGpt() as chatgpt:
        async with subscriber(tmp_path, chatgpt) as (app, peer):
            sign_in(app.home, tokens=tokens(access := access_token("mine")))
            thread = await start_thread(peer, chatgpt)
            assert (await end_of_turn(peer, thread))["status"] == "completed"
    [request] = chatgpt.asked("responses")
    assert request.headers["authorization"] == f"Bearer {access}"
    assert request.headers["chatgpt-account-id"] == "account-1"


async def test_a_running_thread_uses_the_next_login(tmp_path: Path) -> None:
    with ChatGpt() as chatgpt:
        async with subscriber(tmp_path, chatgpt) as (_, peer):
            thread = await start_thread(peer, chatgpt)
            failed = await end_of_turn(peer, thread)
            assert failed["status"] == "failed"
            assert failed["error"]["message"].startswith("No API key found.")
            for key in ("sk-first", "sk-second"):
                await log_in(peer, key)
                assert (await end_of_turn(peer, thread))["status"] == "completed"
    used = [request.headers["authorization"] for request in chatgpt.asked("responses")]
    assert used == ["Bearer sk-first", "Bearer sk-second"]


async def test_a_token_that_the_model_refuses_is_renewed_within_the_turn(tmp_path: Path) -> None:
    with ChatGpt(accepted=set()) as chatgpt:
        async with subscriber(tmp_path, chatgpt) as (app, peer):
            sign_in(app.home)
            thread = await start_thread(peer, chatgpt)
            messages = await peer.turn(thread)
    assert messages[-1]["params"]["turn"]["status"] == "completed"
    assert not [message for message in messages if message.get("method") == "error"]
    assert len(chatgpt.asked("responses")) == 2
    assert len(chatgpt.asked("token")) == 1


async def test_a_turn_whose_login_has_ended_says_to_sign_in_again(tmp_path: Path) -> None:
    refusal = Refusal(401, {"error": {"code": "refresh_token_reused"}})
    with ChatGpt(accepted=set(), refresh_answer=refusal) as chatgpt:
        async with subscriber(tmp_path, chatgpt) as (app, peer):
            sign_in(app.home)
            thread = await start_thread(peer, chatgpt)
            turn = await end_of_turn(peer, thread)
    assert turn["status"] == "failed"
    assert turn["error"]["message"] == (
        "Your access token could not be refreshed because your refresh token was already used. "
        "Please log out and sign in again."
    )
    secret = tokens()["id_token"]
    assert secret not in str(peer.messages)


async def test_a_refused_key_fails_the_turn(tmp_path: Path) -> None:
    with ChatGpt(accepted=set()) as chatgpt:
        async with subscriber(tmp_path, chatgpt) as (_, peer):
            await log_in(peer)
            turn = await end_of_turn(peer, await start_thread(peer, chatgpt))
    assert turn["status"] == "failed"
    assert turn["error"]["codexErrorInfo"] == {"httpConnectionFailed": {"httpStatusCode": 401}}
    assert len(chatgpt.asked("responses")) == 1


async def test_lent_tokens_are_used_until_logout(tmp_path: Path) -> None:
    with ChatGpt() as chatgpt:
        async with subscriber(tmp_path, chatgpt) as (app, peer):
            lent = id_token("guest@example.org", "team", "account-2")
            lend = {
                "type": "chatgptAuthTokens",
                "accessToken": lent,
                "chatgptAccountId": "account-2",
            }
            answer = await peer.call("account/login/start", lend)
            assert answer == {"type": "chatgptAuthTokens"}
            updated = told(await peer.until("account/updated"))[-1][1]
            assert updated == {"authMode": "chatgptAuthTokens", "planType": "team"}
            thread = await start_thread(peer, chatgpt)
            assert (await end_of_turn(peer, thread))["status"] == "completed"
            with pytest.raises(RefusedError, match="External auth is active"):
                await log_in(peer)
            assert not (app.home / "auth.json").exists()
            await peer.call("account/logout")
            assert (await peer.call("account/read", {}))["account"] is None
            with pytest.raises(RefusedError, match="failed to set external auth: invalid ID token"):
                await peer.call("account/login/start", {**lend, "accessToken": "garbage"})
    [request] = chatgpt.asked("responses")
    assert request.headers["authorization"] == f"Bearer {lent}"
    assert request.headers["chatgpt-account-id"] == "account-2"


async def test_the_allowances_of_a_subscription_are_told(tmp_path: Path) -> None:
    with ChatGpt() as chatgpt:
        async with subscriber(tmp_path, chatgpt) as (app, peer):
            sign_in(app.home)
            answer = await peer.call("account/rateLimits/read")
    main, fast = answer["rateLimits"], answer["rateLimitsByLimitId"]["codex_fast"]
    assert main["primary"] == {
        "usedPercent": 12,
        "windowDurationMins": 300,
        "resetsAt": 1795265215,
    }
    assert main["credits"] == {"hasCredits": True, "unlimited": False, "balance": "12.5"}
    assert (main["limitId"], main["planType"]) == ("codex", "plus")
    assert answer["rateLimitsByLimitId"]["codex"] == main
    assert (fast["limitName"], fast["primary"]["windowDurationMins"]) == ("Fast", 2)


async def test_allowances_that_cannot_be_told_are_an_error(tmp_path: Path) -> None:
    with ChatGpt(accepted=set(), refresh_answer=Refusal(503)) as chatgpt:
        async with subscriber(tmp_path, chatgpt) as (app, peer):
            for expected in (
                "codex account authentication required to read rate limits",
                "chatgpt authentication required to read rate limits",
                f"failed to fetch codex rate limits: GET {chatgpt.url}/wham/usage failed: HTTP 401",
            ):
                with pytest.raises(RefusedError) as refused:
                    await peer.call("account/rateLimits/read")
                assert refused.value.message == expected
                if expected.startswith("codex"):
                    await log_in(peer)
                else:
                    sign_in(app.home)


async def test_a_damaged_login_is_no_login(app: App) -> None:
    (app.home / "config.toml").write_text(NEEDS_ACCOUNT)
    (app.home / "auth.json").write_text('{"OPENAI_API_KEY": "sk-')
    peer = await app.connect()
    assert (await peer.call("account/read", {}))["account"] is None
    await log_in(peer)
    assert (await peer.call("account/read", {}))["account"] == {"type": "apiKey"}


async def test_a_key_of_the_environment_outlives_a_logout(tmp_path: Path) -> None:
    async with running_app(tmp_path, OPENAI_API_KEY=jwt({})) as app:
        peer = await app.connect()
        await peer.call("account/logout")
        updated = (await peer.next("account/updated"))["params"]
    assert updated == {"authMode": "apikey", "planType": None}
