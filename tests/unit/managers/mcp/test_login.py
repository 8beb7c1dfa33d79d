"""Logging in to a server: a real authorization server, a real callback, and a file of tokens."""

import json
import stat
from pathlib import Path

import anyio
import httpx2
import pytest

from codex_rpc.errors import McpLoginError
from codex_rpc.managers.mcp.manager import McpManager
from codex_rpc.managers.mcp.port import LoginStarted
from codex_rpc.managers.mcp.view import ThreadMcp
from tests.unit.managers.mcp.http_servers import Issuer, http_server
from tests.unit.managers.mcp.odd_servers import (
    PATIENCE,
    call,
    config_of,
    manager_in,
    odd,
    ready,
    said,
)


async def visit(url: str) -> str:
    """Go where a browser would go, and say what it shows in the end."""
    async with httpx2.AsyncClient(follow_redirects=True) as browser:
        return (await browser.get(url)).text


async def begin(manager: McpManager, view: ThreadMcp, **options: object) -> LoginStarted:
    with anyio.fail_after(PATIENCE):
        return await manager.login(view, "web", **options)  # pyright: ignore[reportArgumentType]


async def complete(started: LoginStarted) -> None:
    with anyio.fail_after(PATIENCE):
        assert "You are logged in." in await visit(started.authorization_url)
    await ended(started)


async def ended(started: LoginStarted) -> None:
    with anyio.fail_after(PATIENCE):
        await started.finished()


async def test_a_user_logs_in_and_stays_logged_in(tmp_path: Path) -> None:
    issuer = Issuer(lifetime_s=3600)
    with http_server(issuer) as server:
        config = config_of(web={"url": server.url})
        async with manager_in(tmp_path) as manager:
            view = manager.servers_for(config)
            await ready(view)
            (status,) = view.statuses()
            assert (status.state, status.auth, status.needs_login) == (
                "failed",
                "notLoggedIn",
                True,
            )
            assert status.error == "wants you to log in"
            await complete(await begin(manager, view))
            assert said(await call(view, "echo", "web", text="known")) == "known"
            (status,) = view.statuses()
            assert (status.state, status.auth) == ("ready", "oAuth")
        async with manager_in(tmp_path) as manager:
            view = manager.servers_for(config)
            assert said(await call(view, "echo", "web", text="still")) == "still"
    file = tmp_path / "codex-rpc" / "mcp-credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(json.loads(file.read_text())) == [f"web|{server.url}"]
    assert len(issuer.clients) == 1
    assert issuer.refreshed == 0


async def test_tokens_that_are_due_are_renewed_before_they_are_used(tmp_path: Path) -> None:
    issuer = Issuer(lifetime_s=1)  # counts as due at once
    with http_server(issuer) as server:
        config = config_of(web={"url": server.url})
        async with manager_in(tmp_path) as manager:
            view = manager.servers_for(config)
            await complete(await begin(manager, view))
            issuer.lifetime_s = 3600
            await call(view, "echo", "web", text="renewed")
        renewed = issuer.refreshed
        async with manager_in(tmp_path) as manager:
            await call(manager.servers_for(config), "echo", "web", text="fresh")
    assert renewed >= 1
    assert issuer.refreshed == renewed


async def test_tokens_that_the_server_refuses_are_renewed_once_for_all_processes(
    tmp_path: Path,
) -> None:
    """A refresh token that is used twice may be worth nothing."""
    issuer = Issuer(lifetime_s=3600)
    with http_server(issuer) as server:
        config = config_of(web={"url": server.url})
        async with manager_in(tmp_path) as manager, manager_in(tmp_path) as other:
            view = manager.servers_for(config)
            await complete(await begin(manager, view))
            others = other.servers_for(config)
            await ready(view)
            await ready(others)
            issuer.access.clear()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call, view, "echo", "web")
                tasks.start_soon(call, others, "echo", "web")
    assert issuer.refreshed == 1


async def test_the_user_decides_which_scopes_are_asked_for(tmp_path: Path) -> None:
    issuer = Issuer(lifetime_s=3600)
    with http_server(issuer) as server:
        async with manager_in(tmp_path) as manager:
            view = manager.servers_for(config_of(web={"url": server.url}))
            started = await begin(manager, view, scopes=["tools"])
            assert "scope=tools&" in started.authorization_url + "&"
            await complete(started)
    assert [token.scopes for token in issuer.access.values()] == [["tools"]]


async def test_a_login_that_nobody_completes_ends(tmp_path: Path) -> None:
    with http_server(Issuer(lifetime_s=3600)) as server:
        async with manager_in(tmp_path) as manager:
            view = manager.servers_for(config_of(web={"url": server.url}))
            with pytest.raises(McpLoginError, match="nobody has completed it in time"):
                await ended(await begin(manager, view, timeout_s=2.0))


async def test_a_login_that_the_user_refuses_has_failed(tmp_path: Path) -> None:
    with http_server(Issuer(lifetime_s=3600)) as server:
        async with manager_in(tmp_path) as manager:
            view = manager.servers_for(config_of(web={"url": server.url}))
            started = await begin(manager, view)
            query = httpx2.URL(started.authorization_url).params
            refused = {"error": "access_denied", "state": query["state"]}
            page = await visit(str(httpx2.URL(query["redirect_uri"]).copy_merge_params(refused)))
            assert "The login did not succeed." in page
            with pytest.raises(McpLoginError, match="login failed: access_denied"):
                await ended(started)


async def test_others_cannot_end_a_login(tmp_path: Path) -> None:
    with http_server(Issuer(lifetime_s=3600)) as server:
        async with manager_in(tmp_path) as manager:
            view = manager.servers_for(config_of(web={"url": server.url}))
            started = await begin(manager, view)
            callback = httpx2.URL(started.authorization_url).params["redirect_uri"]
            assert "not the login" in await visit(f"{callback}?code=evil&state=guessed")
            assert "nothing here" in await visit(callback.replace("/callback", "/favicon.ico"))
            await complete(started)


async def test_there_is_no_login_to_what_knows_none(tmp_path: Path) -> None:
    with http_server() as server:
        async with manager_in(tmp_path, environ={"TOKEN": "t"}) as manager:
            view = manager.servers_for(
                config_of(
                    odd=odd("well"),
                    open={"url": server.url},
                    token={"url": server.url, "bearer_token_env_var": "TOKEN"},
                )
            )
            for name, reason in (
                ("odd", "OAuth login is not supported for MCP server `odd`"),
                ("token", "OAuth login is not supported for MCP server `token`"),
                ("open", "the server offers no login: it answered with HTTP 200"),
            ):
                with pytest.raises(McpLoginError, match=reason), anyio.fail_after(PATIENCE):
                    await manager.login(view, name)
