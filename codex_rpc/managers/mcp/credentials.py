"""McpCredentials: logins to MCP servers, in a file that only its owner may read.

Every method blocks. The file is read when it is asked for, so that what another process of this
program has stored counts at once, and replaced as a whole, under a lock that all of them take.
"""

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from codex_rpc.managers.private_json import PrivateJson, locked

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredLogin:
    """One login: tokens, whom they were issued to, and by whom. All are JSON of OAuth's own shapes.

    `expires_at` is in seconds since the epoch.
    """

    tokens: Mapping[str, Any] = field(repr=False)
    client: Mapping[str, Any] = field(repr=False)
    metadata: Mapping[str, Any] | None = None
    resource: str | None = None
    expires_at: float | None = None


class McpCredentials:
    """One home's file of logins; may be used from several threads."""

    def __init__(self, codex_home: Path) -> None:
        self._path = codex_home / "codex-rpc" / "mcp-credentials.json"
        self._file = PrivateJson(self._path, draft=".mcp-")

    def of(self, server: str, url: str) -> "ServerLogin":
        """The login to the server of that name at that address: to no other."""
        return ServerLogin(self, f"{server}|{url}")

    def get(self, key: str) -> StoredLogin | None:
        return _login_in(self._file.read().get(key))

    def put(self, key: str, login: StoredLogin | None) -> None:
        """Store a login, or forget it. The caller holds the lock.

        Raises:
            OSError: if the file cannot be written.
        """
        table = self._file.read()
        if login is None:
            if table.pop(key, None) is None:
                return
        else:
            table[key] = {
                "tokens": login.tokens,
                "client": login.client,
                "metadata": login.metadata,
                "resource": login.resource,
                "expires_at": login.expires_at,
            }
        self._file.write(table)

    @contextmanager
    def locked(self) -> Generator[None]:
        """Be the only process of this program that changes the logins of this home."""
        with locked(self._path.with_suffix(".lock")):
            yield


class ServerLogin:
    """The login to one server."""

    def __init__(self, file: McpCredentials, key: str) -> None:
        self._file = file
        self._key = key

    def get(self) -> StoredLogin | None:
        return self._file.get(self._key)

    def put(self, login: StoredLogin | None) -> None:
        """Store it, or forget it.

        Raises:
            OSError: if the file cannot be written.
        """
        with self._file.locked():
            self._file.put(self._key, login)

    @contextmanager
    def renewing(self) -> Generator["ServerLogin"]:
        """Hold the lock; what was put meanwhile must go through `put_locked`."""
        with self._file.locked():
            yield self

    def put_locked(self, login: StoredLogin) -> None:
        self._file.put(self._key, login)


def _login_in(value: object) -> StoredLogin | None:
    if not isinstance(value, Mapping):
        return None
    entry = cast("Mapping[str, Any]", value)
    tokens, client = entry.get("tokens"), entry.get("client")
    metadata, resource = entry.get("metadata"), entry.get("resource")
    expires_at = entry.get("expires_at")
    if not isinstance(tokens, Mapping) or not isinstance(client, Mapping):
        return None
    return StoredLogin(
        tokens=cast("Mapping[str, Any]", tokens),
        client=cast("Mapping[str, Any]", client),
        metadata=cast("Mapping[str, Any]", metadata) if isinstance(metadata, Mapping) else None,
        resource=resource if isinstance(resource, str) else None,
        expires_at=float(expires_at) if isinstance(expires_at, int | float) else None,
    )
