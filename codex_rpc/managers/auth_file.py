"""AuthFile: the login in `auth.json`, which is shared with the `codex` command.

Every method blocks. The file is looked at whenever it is asked for and parsed when it has changed,
so that another process's login counts at once. It is replaced as a whole, readable by its owner
alone; fields that mean nothing here are kept. Changes are made under the lock that the `codex`
command takes for its own.
"""

import logging
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from codex_rpc.managers.private_json import PrivateJson, locked
from codex_rpc.managers.tokens import ApiKeyLogin, ChatGptLogin, Login, Tokens

logger = logging.getLogger(__name__)

_Table = Mapping[str, Any]


class AuthFile:
    """One home's `auth.json`; may be used from several threads."""

    def __init__(self, codex_home: Path) -> None:
        self._home = codex_home
        self._path = codex_home / "auth.json"
        self._file = PrivateJson(self._path, draft=".auth-")
        self._known: tuple[object, Login | None] | None = None

    def login(self) -> Login | None:
        """The login that is stored now. A file that cannot be used counts as none, with a log."""
        stamp = self._stamp()
        if stamp is None:
            return None
        if self._known is None or self._known[0] != stamp:
            self._known = (stamp, _login_in(self._file.read()))
        return self._known[1]

    def save_api_key(self, key: str) -> None:
        """Replace the stored login by a key.

        Raises:
            OSError: if the file cannot be written.
        """
        with self._changing():
            stored = self._file.read()
            kept = {name: value for name, value in stored.items() if name not in _CHATGPT}
            self._file.write({**kept, "auth_mode": "apikey", "OPENAI_API_KEY": key})

    def save_tokens(self, tokens: Tokens, replaced: Tokens) -> Login | None:
        """Store renewed tokens, unless `replaced` are not the stored ones any more.

        Tokens that cannot be written down are used nevertheless as long as the file stays as it is:
        those they replace may be worth nothing by now. Returns the login that counts.
        """
        try:
            with self._changing():
                login = self.login()
                if not isinstance(login, ChatGptLogin) or login.tokens != replaced:
                    return login
                self._file.write(_with_tokens(self._file.read(), tokens))
        except OSError as error:
            logger.warning("cannot store renewed tokens in %s: %s", self._path, error.strerror)
            self._known = (self._stamp(), ChatGptLogin(tokens, datetime.now(UTC)))
            return self._known[1]
        return self.login()

    def delete(self) -> None:
        """Forget the stored login.

        Raises:
            OSError: if the file is there and stays.
        """
        if self._stamp() is not None:
            with self._changing():
                Path(os.path.realpath(self._path)).unlink(missing_ok=True)

    @contextmanager
    def renewing(self) -> Generator[None]:
        """Be the only process of this program that renews the tokens of this home."""
        with locked(self._home / "codex-rpc" / "auth-refresh.lock"):
            yield

    @contextmanager
    def _changing(self) -> Generator[None]:
        with locked(self._home / "auth.json.lock"):
            yield

    def _stamp(self) -> object:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            return error.errno
        return (status.st_ino, status.st_size, status.st_mtime_ns)


_CHATGPT = frozenset({"tokens", "last_refresh"})


def _login_in(table: _Table) -> Login | None:
    """The login of a file. A key counts more than tokens, unless the file says what it is about."""
    key, mode = table.get("OPENAI_API_KEY"), table.get("auth_mode")
    key = key.strip() if isinstance(key, str) else ""
    tokens = None if mode == "apikey" else _tokens_in(table.get("tokens"))
    if tokens is not None and (mode == "chatgpt" or not key):
        return ChatGptLogin(tokens, _time(table.get("last_refresh")))
    return ApiKeyLogin(key) if key else None


def _tokens_in(value: object) -> Tokens | None:
    if not isinstance(value, dict):
        return None
    texts = {
        name: text
        for name, text in cast("dict[str, object]", value).items()
        if isinstance(text, str) and text
    }
    if "access_token" not in texts:
        return None
    return Tokens(
        access_token=texts["access_token"],
        refresh_token=texts.get("refresh_token"),
        id_token=texts.get("id_token"),
        account_id=texts.get("account_id"),
    )


def _with_tokens(table: _Table, tokens: Tokens) -> _Table:
    stored = cast("_Table", table.get("tokens", {}))
    changed = {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "id_token": tokens.id_token,
    }
    known = {name: value for name, value in changed.items() if value is not None}
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {**table, "tokens": {**stored, **known}, "last_refresh": now}


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    with suppress(ValueError):
        time = datetime.fromisoformat(value)
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    return None
