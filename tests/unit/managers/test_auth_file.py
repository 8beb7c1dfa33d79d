import json
import logging
import stat
from pathlib import Path
from typing import Any

import pytest

from codex_rpc.managers.auth_file import AuthFile
from codex_rpc.managers.tokens import ApiKeyLogin, ChatGptLogin, Tokens
from tests.support.chatgpt import access_token, sign_in, tokens


def stored(home: Path) -> dict[str, Any]:
    return json.loads((home / "auth.json").read_text())


def test_no_file_is_no_login(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert AuthFile(tmp_path / "nowhere").login() is None
    assert caplog.records == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"sk-secret"', b"\xff\xfe", b'{"OPENAI_API_KEY": "sk-secret"'],
    ids=str,
)
def test_a_damaged_file_is_no_login_and_is_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    file = AuthFile(tmp_path)
    (tmp_path / "auth.json").write_bytes(content)

    assert file.login() is None
    assert file.login() is None

    [record] = caplog.records  # once, not at each look
    assert record.levelno == logging.WARNING
    assert str(tmp_path / "auth.json") in record.getMessage()
    assert "sk-secret" not in record.getMessage()


def test_a_file_that_cannot_be_read_is_no_login_and_is_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "auth.json").mkdir()

    assert AuthFile(tmp_path).login() is None
    assert str(tmp_path / "auth.json") in caplog.text


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"OPENAI_API_KEY": 3},
        {"OPENAI_API_KEY": " "},
        {"tokens": "x"},
        {"tokens": {"id_token": "x"}},
        {"auth_mode": "apikey", "tokens": tokens()},
    ],
    ids=str,
)
def test_a_file_without_usable_credentials_is_no_login(tmp_path: Path, content: Any) -> None:
    (tmp_path / "auth.json").write_text(json.dumps(content))

    assert AuthFile(tmp_path).login() is None


def test_a_key_counts_more_than_tokens_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    file = AuthFile(tmp_path)

    sign_in(tmp_path, OPENAI_API_KEY="sk-key")
    assert file.login() == ApiKeyLogin("sk-key")

    sign_in(tmp_path, OPENAI_API_KEY="sk-key", auth_mode="chatgpt")
    assert isinstance(file.login(), ChatGptLogin)


def test_the_login_of_another_process_counts_at_once(tmp_path: Path) -> None:
    file, other = AuthFile(tmp_path), AuthFile(tmp_path)
    assert file.login() is None

    other.save_api_key("sk-1")
    assert file.login() == ApiKeyLogin("sk-1")
    other.save_api_key("sk-2")
    assert file.login() == ApiKeyLogin("sk-2")
    other.delete()
    assert file.login() is None


def test_a_stored_key_replaces_the_login_and_leaves_the_rest(tmp_path: Path) -> None:
    sign_in(tmp_path, extra={"x": 1}, auth_mode="chatgpt").chmod(0o644)

    AuthFile(tmp_path).save_api_key("sk-new")

    assert stored(tmp_path) == {
        "auth_mode": "apikey",
        "OPENAI_API_KEY": "sk-new",
        "extra": {"x": 1},
    }
    assert stat.S_IMODE((tmp_path / "auth.json").stat().st_mode) == 0o600
    assert list(tmp_path.glob(".auth-*")) == []


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere.json"
    home.mkdir()
    elsewhere.write_text("{}")
    (home / "auth.json").symlink_to(elsewhere)

    AuthFile(home).save_api_key("sk-new")

    assert (home / "auth.json").is_symlink()
    assert json.loads(elsewhere.read_text())["OPENAI_API_KEY"] == "sk-new"

    AuthFile(home).delete()

    assert not elsewhere.exists()


def test_renewed_tokens_do_not_replace_a_login_that_was_made_meanwhile(tmp_path: Path) -> None:
    sign_in(tmp_path)
    file = AuthFile(tmp_path)
    login = file.login()
    assert isinstance(login, ChatGptLogin)

    newer = tokens(access_token("newer"))
    sign_in(tmp_path, tokens=newer)
    file.save_tokens(Tokens(access_token("late")), replaced=login.tokens)

    assert stored(tmp_path)["tokens"] == newer


def test_renewed_tokens_that_cannot_be_stored_are_used_nevertheless(tmp_path: Path) -> None:
    """The old refresh token may be worth nothing by now."""
    home = tmp_path / "home"
    home.mkdir()
    sign_in(home)
    (home / "auth.json.lock").mkdir()  # so that no change can be made
    file = AuthFile(home)
    login = file.login()
    assert isinstance(login, ChatGptLogin)

    renewed = Tokens(access_token("renewed"), refresh_token="refresh-secret-1")
    file.save_tokens(renewed, replaced=login.tokens)

    current = file.login()
    assert isinstance(current, ChatGptLogin)
    assert current.tokens == renewed
