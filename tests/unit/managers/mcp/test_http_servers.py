"""Servers at an address: who is told what, and what becomes of those that are not there."""

import socket
from pathlib import Path

import anyio
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from codex_rpc.errors import McpError
from codex_rpc.managers.mcp.message_lines import LONGEST_MESSAGE
from codex_rpc.managers.mcp.port import McpCallOptions, McpProgress
from tests.unit.managers.mcp.http_servers import http_server
from tests.unit.managers.mcp.odd_servers import (
    AT_ONCE,
    PATIENCE,
    call,
    config_of,
    manager_in,
    ready,
    said,
)


async def test_a_server_is_spoken_to_over_http_with_the_headers_it_needs(tmp_path: Path) -> None:
    progress: list[McpProgress] = []

    async def note(news: McpProgress) -> None:
        progress.append(news)

    environ = {"TOKEN": " secret ", "TEAM": "blue"}
    with http_server() as server:
        config = config_of(
            web={
                "url": server.url,
                "bearer_token_env_var": "TOKEN",
                "http_headers": {"X-Fixed": "1"},
                "env_http_headers": {"X-Team": "TEAM", "X-Unset": "UNSET"},
            }
        )
        async with manager_in(tmp_path, environ=environ) as manager:
            view = manager.servers_for(config)
            with anyio.fail_after(PATIENCE):
                result = await view.call(
                    "web", "echo", {"text": "hello"}, McpCallOptions(on_progress=note)
                )
            (status,) = view.statuses()
    assert said(result) == "hello"
    assert progress == [McpProgress(1.0, 2.0, "half")]
    assert (status.state, status.auth) == ("ready", "bearerToken")
    assert status.http_origin == server.url.removesuffix("/mcp")
    assert status.server_info is not None
    assert (status.server_info["name"], status.server_info["version"]) == ("spoken-to", "7")
    for headers in server.seen.headers:
        assert headers["authorization"] == "Bearer secret"
        assert (headers["x-fixed"], headers["x-team"]) == ("1", "blue")
        assert "x-unset" not in headers


async def test_a_token_that_is_not_set_is_named(tmp_path: Path) -> None:
    async with manager_in(tmp_path) as manager:
        server = {"url": "http://127.0.0.1:9/mcp", "bearer_token_env_var": "TOKEN"}
        view = manager.servers_for(config_of(web=server))
        await ready(view)
        (status,) = view.statuses()
    assert status.error == "environment variable TOKEN with its token is not set"


async def test_a_server_that_is_not_there_has_failed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with manager_in(tmp_path) as manager:
        view = manager.servers_for(config_of(web={"url": f"http://127.0.0.1:{port}/mcp"}))
        await ready(view)
        (status,) = view.statuses()
    assert (status.state, status.auth) == ("failed", "unknown")
    assert (status.error or "").startswith("cannot be reached: ")


async def test_a_server_that_accepts_and_says_nothing_costs_the_others_nothing(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, http_server() as server:
        silent = {"url": f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"}
        async with manager_in(tmp_path) as manager:
            view = manager.servers_for(config_of(silent=silent, web={"url": server.url}))
            assert said(await call(view, "echo", "web", text="here")) == "here"
            assert {status.name: status.state for status in view.statuses()} == {
                "silent": "starting",
                "web": "ready",
            }


async def test_a_server_that_was_restarted_is_spoken_to_again(tmp_path: Path) -> None:
    """It does not know the session any more; the call that finds out is not lost."""
    with http_server() as server:
        async with manager_in(tmp_path, AT_ONCE) as manager:
            view = manager.servers_for(config_of(web={"url": server.url}))
            await ready(view)
            forgetful = _Forgetful(server.seen.app)
            server.seen.app = forgetful
            assert said(await call(view, "echo", "web", text="again")) == "again"
    assert forgetful.refused == 1


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
async def test_an_answer_that_is_none_fails_the_call_in_our_own_words(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with http_server() as server:
        async with manager_in(tmp_path, AT_ONCE) as manager:
            view = manager.servers_for(config_of(web={"url": server.url}))
            await ready(view)
            app = server.seen.app
            server.seen.app = _Confused(app, kind)
            with pytest.raises(McpError) as failure:
                await call(view, "echo", "web", text="")
            server.seen.app = app
            assert said(await call(view, "echo", "web", text="fine")) == "fine"
    assert str(failure.value) == "MCP server `web` gave an answer that breaks the protocol"
    assert "Traceback" not in caplog.text


async def test_an_answer_without_bounds_is_not_kept(tmp_path: Path) -> None:
    with http_server() as server:
        async with manager_in(tmp_path, AT_ONCE) as manager:
            view = manager.servers_for(config_of(web={"url": server.url}))
            with pytest.raises(McpError):
                await call(view, "large", "web", size=LONGEST_MESSAGE + 1)
            assert said(await call(view, "echo", "web", text="fresh")) == "fresh"


class _Forgetful:
    """An app that knows no session that was begun before it came."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._known = False
        self.refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = {name for name, _ in scope["headers"]}
        self._known |= b"mcp-session-id" not in names and scope["method"] == "POST"
        if self._known or scope["method"] != "POST":
            await self._app(scope, receive, send)
        else:
            self.refused += 1
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})


class _Confused:
    """An app that answers posts with what is no message."""

    def __init__(self, app: ASGIApp, kind: str) -> None:
        self._app = app
        self._kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", self._kind.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: {no\n\n"})
