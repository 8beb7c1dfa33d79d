import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from codex_rpc.config.providers import ModelProvider, builtin_providers
from codex_rpc.errors import LoginRefusedError, ModelUnauthorizedError, SignInAgainError
from codex_rpc.managers.auth import Account, AuthManager
from tests.responses_server import Drop, Gate, Refusal, Reply, Stream
from tests.support.chatgpt import ACCOUNT, ChatGpt, access_token, id_token, sign_in, tokens

OPENAI = builtin_providers()["openai"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "ChatGPT-Account-ID": ACCOUNT}


def stored(home: Path) -> dict[str, Any]:
    return json.loads((home / "auth.json").read_text())


async def test_a_login_stands_between_the_key_meant_for_us_and_everybodys(tmp_path: Path) -> None:
    sign_in(tmp_path, OPENAI_API_KEY="sk-file")
    environ = {"CODEX_API_KEY": "sk-codex", "OPENAI_API_KEY": "sk-openai"}
    bearer = {"Authorization": "Bearer sk-codex"}

    assert await AuthManager(tmp_path, environ).headers() == bearer
    del environ["CODEX_API_KEY"]
    bearer = {"Authorization": "Bearer sk-file"}
    assert await AuthManager(tmp_path, environ).headers() == bearer
    (tmp_path / "auth.json").unlink()
    bearer = {"Authorization": "Bearer sk-openai"}
    assert await AuthManager(tmp_path, environ).headers() == bearer


async def test_a_chatgpt_login_is_used_as_it_is_while_it_is_fresh(tmp_path: Path) -> None:
    access = access_token("fresh")
    sign_in(tmp_path, tokens=tokens(access))
    with ChatGpt() as chatgpt:
        auth = AuthManager(tmp_path, chatgpt.environ)
        assert await auth.headers() == bearer(access)
        assert await auth.account() == Account("chatgpt", "ada@example.org", "plus", "user-1")
    assert chatgpt.asked("token") == []


async def test_tokens_that_end_soon_are_renewed_once_however_many_ask(tmp_path: Path) -> None:
    """Two exchanges at once burn the refresh token, which is good for one."""
    sign_in(tmp_path, tokens=tokens(access_token("old", lasts=100)), extra=[1])
    with ChatGpt() as chatgpt:
        managers = [AuthManager(tmp_path, chatgpt.environ) for _ in range(3)]  # as if processes
        answers: list[dict[str, str] | None] = []

        async def ask(auth: AuthManager) -> None:
            answers.append(await auth.headers())

        async with anyio.create_task_group() as tasks:
            for auth in managers * 5:
                tasks.start_soon(ask, auth)

    [request] = chatgpt.asked("token")
    assert request.body == {
        "client_id": "app_EMoamEEZ73f0CkXaXp7hrann",
        "grant_type": "refresh_token",
        "refresh_reason": "proactive_expiry",
        "refresh_token": "refresh-secret-0",
    }
    file = stored(tmp_path)
    assert answers == [bearer(file["tokens"]["access_token"])] * 15
    assert file["tokens"]["refresh_token"] == "refresh-secret-1"
    assert file["tokens"]["account_id"] == ACCOUNT
    assert file["extra"] == [1]
    assert datetime.now(UTC) - datetime.fromisoformat(file["last_refresh"]) < timedelta(hours=1)


@pytest.mark.parametrize(
    "answer", [Refusal(503), Refusal(200, "no json"), Refusal(200, {}), Drop()]
)
async def test_a_failure_that_may_pass_leaves_the_old_token_in_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, answer: Reply
) -> None:
    access = access_token("old", lasts=100)
    sign_in(tmp_path, tokens=tokens(access))
    with ChatGpt(refresh_answer=answer) as chatgpt:
        auth = AuthManager(tmp_path, chatgpt.environ)
        assert [await auth.headers() for _ in range(3)] == [bearer(access)] * 3
    assert len(chatgpt.asked("token")) == 1  # not again with each request
    assert "the old token is used" in caplog.text


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("refresh_token_expired", " because your refresh token has expired"),
        ("refresh_token_reused", " because your refresh token was already used"),
        ("refresh_token_invalidated", " because your refresh token was revoked"),
        ("anything", ""),
    ],
)
async def test_a_final_refusal_says_to_sign_in_again(
    tmp_path: Path, code: str, reason: str
) -> None:
    sign_in(tmp_path, tokens=tokens(access_token("old", lasts=-1)))
    with ChatGpt(refresh_answer=Refusal(401, {"error": {"code": code}})) as chatgpt:
        auth = AuthManager(tmp_path, chatgpt.environ)
        for _ in range(2):
            with pytest.raises(SignInAgainError) as caught:
                await auth.headers()
            assert str(caught.value) == (
                f"Your access token could not be refreshed{reason}. "
                "Please log out and sign in again."
            )
        assert len(chatgpt.asked("token")) == 1

        sign_in(tmp_path, tokens=tokens(again := access_token("again")))
        assert await auth.headers() == bearer(again)


async def test_tokens_that_another_process_has_renewed_are_taken(tmp_path: Path) -> None:
    sign_in(tmp_path, tokens=tokens(access_token("first")))
    with ChatGpt() as chatgpt:
        auth = AuthManager(tmp_path, chatgpt.environ)
        refused = await auth.headers()
        assert refused is not None

        sign_in(tmp_path, tokens=tokens(theirs := access_token("theirs")))
        assert await auth.recover(refused) == "reloaded"
        assert await auth.headers() == bearer(theirs)
    assert chatgpt.asked("token") == []


async def test_refused_tokens_are_renewed(tmp_path: Path) -> None:
    sign_in(tmp_path)
    with ChatGpt() as chatgpt:
        auth = AuthManager(tmp_path, chatgpt.environ)
        refused = await auth.headers()
        assert refused is not None
        assert await auth.recover(refused) == "refreshed"
        assert await auth.headers() == bearer(stored(tmp_path)["tokens"]["access_token"])
    [request] = chatgpt.asked("token")
    assert request.body["refresh_reason"] == "unauthorized_recovery"


async def test_the_other_program_may_renew_at_the_same_time(tmp_path: Path) -> None:
    """It takes no lock of ours; the slower one hears that the refresh token was used."""
    sign_in(tmp_path)
    theirs = access_token("theirs")

    def too_late() -> Reply:
        sign_in(tmp_path, tokens=tokens(theirs))
        return Refusal(401, {"error": {"code": "refresh_token_reused"}})

    with ChatGpt(refresh_answer=too_late) as chatgpt:
        auth = AuthManager(tmp_path, chatgpt.environ)
        refused = await auth.headers()
        assert refused is not None
        assert await auth.recover(refused) == "refreshed"
        assert await auth.headers() == bearer(theirs)


async def test_the_login_of_another_account_does_not_replace_a_refused_one(tmp_path: Path) -> None:
    """A request that was begun for one account is not finished for another."""
    sign_in(tmp_path)
    with ChatGpt() as chatgpt:
        auth = AuthManager(tmp_path, chatgpt.environ)
        refused = await auth.headers()
        assert refused is not None
        sign_in(tmp_path, tokens=tokens(access_token("other"), account="account-2"))
        assert await auth.recover(refused) is None
    assert chatgpt.asked("token") == []


async def test_a_refused_key_has_no_replacement(tmp_path: Path) -> None:
    auth = AuthManager(tmp_path, {"OPENAI_API_KEY": "sk-key"})
    assert await auth.recover({"Authorization": "Bearer sk-old"}) is None


async def test_a_client_that_goes_away_does_not_lose_the_new_tokens(tmp_path: Path) -> None:
    """The old refresh token is worth nothing as soon as the authority has been asked."""
    sign_in(tmp_path)
    gate, renewed = Gate(), access_token("renewed")
    answer = Stream([json.dumps({"access_token": renewed}).encode()], before=gate)
    with ChatGpt(refresh_answer=answer) as chatgpt:
        auth = AuthManager(tmp_path, chatgpt.environ)
        refused = await auth.headers()
        assert refused is not None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(auth.recover, refused)
            await gate.reached()
            tasks.cancel_scope.cancel()  # nobody waits for the answer
        gate.open()
        assert await auth.recover(refused) in ("reloaded", "refreshed")
        assert await auth.headers() == bearer(renewed)
    assert len(chatgpt.asked("token")) == 1


async def test_lent_tokens_come_first_and_are_not_written_down(tmp_path: Path) -> None:
    auth = AuthManager(tmp_path, {"OPENAI_API_KEY": "sk-key"})
    lent = id_token("guest@example.org", "team", ACCOUNT)

    auth.lend(lent, ACCOUNT, "business")

    assert await auth.headers() == bearer(lent)
    account = await auth.account()
    assert account == Account("chatgptAuthTokens", "guest@example.org", "business", "user-1")
    with pytest.raises(LoginRefusedError, match="External auth is active"):
        await auth.store_api_key("sk-other")
    await auth.log_out()
    assert await auth.headers() == {"Authorization": "Bearer sk-key"}
    assert not (tmp_path / "auth.json").exists()


async def test_a_provider_gets_its_own_key_and_nobody_elses(tmp_path: Path) -> None:
    sign_in(tmp_path, OPENAI_API_KEY="sk-user")
    environ = {"LOCAL_KEY": "sk-local", "CODEX_HOME": "x"}
    auth = AuthManager(tmp_path, environ)
    own = ModelProvider(id="a", name="A", env_key="LOCAL_KEY")
    fixed = ModelProvider(id="b", name="B", bearer_token="sk-fixed")
    open_to_all = ModelProvider(id="c", name="C")
    missing = ModelProvider(id="d", name="D", env_key="NO_KEY", env_key_instructions="Buy one.")

    assert await auth.credentials(own).headers() == {"Authorization": "Bearer sk-local"}
    assert await auth.credentials(fixed).headers() == {"Authorization": "Bearer sk-fixed"}
    assert await auth.credentials(open_to_all).headers() == {}
    assert await auth.credentials(OPENAI).headers() == {"Authorization": "Bearer sk-user"}
    with pytest.raises(ModelUnauthorizedError, match=r"D needs an API key\. Buy one\."):
        await auth.credentials(missing).headers()
    for provider in (own, fixed, open_to_all, missing, OPENAI):
        assert await auth.credentials(provider).recover({}) is None


async def test_without_any_login_it_is_said_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnauthorizedError, match="Set OPENAI_API_KEY"):
        await AuthManager(tmp_path, {}).credentials(OPENAI).headers()


async def test_no_secret_is_shown_or_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    environ = {"OTHER_KEY": "sk-secret-other"}
    with ChatGpt(refresh_answer=Refusal(503, "refresh-secret-0")) as chatgpt:
        auth = AuthManager(tmp_path, {**environ, **chatgpt.environ})
        sign_in(tmp_path, tokens=tokens(access := access_token("old", lasts=10)))
        shown = [repr(auth), repr(auth.credentials(OPENAI)), repr(await auth.login())]
        shown += [repr(await auth.account())]
        await auth.headers()
        await auth.renew()
    text = " ".join(shown) + caplog.text
    for each in (access, "refresh-secret-0", "sk-secret-other"):
        assert each not in text
