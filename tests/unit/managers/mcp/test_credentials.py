"""The file of logins."""

import json
import stat
import threading
from pathlib import Path

from codex_rpc.managers.mcp.credentials import McpCredentials, StoredLogin

LOGIN = StoredLogin(
    tokens={"access_token": "secret"},
    client={"client_id": "me"},
    metadata={"token_endpoint": "https://issuer.example/token"},
    resource="https://example.com/mcp",
    expires_at=12.5,
)


def test_a_login_is_kept_for_its_server_and_address_alone(tmp_path: Path) -> None:
    McpCredentials(tmp_path).of("s", "https://example.com").put(LOGIN)
    others = McpCredentials(tmp_path)
    assert others.of("s", "https://example.com").get() == LOGIN
    assert others.of("s", "https://evil.example").get() is None
    assert others.of("t", "https://example.com").get() is None
    assert "secret" not in repr(LOGIN)


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    McpCredentials(tmp_path).of("s", "u").put(LOGIN)
    folder = tmp_path / "codex-rpc"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_forgotten_login_is_gone(tmp_path: Path) -> None:
    login = McpCredentials(tmp_path).of("s", "u")
    login.put(LOGIN)
    login.put(None)
    login.put(None)
    assert login.get() is None


def test_a_broken_file_counts_as_none_and_is_replaced(tmp_path: Path) -> None:
    login = McpCredentials(tmp_path).of("s", "u")
    login.put(LOGIN)
    file = tmp_path / "codex-rpc" / "mcp-credentials.json"
    for broken in ("{", "[]", '{"s|u": 3}', '{"s|u": {"tokens": 1, "client": {}}}'):
        file.write_text(broken)
        assert login.get() is None
    login.put(LOGIN)
    assert login.get() == LOGIN


def test_changes_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    def store(name: str) -> None:
        McpCredentials(tmp_path).of(name, "u").put(LOGIN)

    threads = [threading.Thread(target=store, args=(f"s{n}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    table = json.loads((tmp_path / "codex-rpc" / "mcp-credentials.json").read_text())
    assert len(table) == 20
