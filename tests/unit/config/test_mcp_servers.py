"""What `mcp_servers` in the configuration means, and whose word counts."""

import math
from pathlib import Path
from typing import Any

import pytest

from codex_rpc.config.loader import ConfigLoader
from codex_rpc.config.mcp_servers import (
    HttpTransport,
    McpServerSettings,
    McpSettings,
    StdioTransport,
    mcp_settings_from_table,
)
from codex_rpc.errors import ConfigValueError


def server(**options: Any) -> McpServerSettings:
    (found,) = mcp_settings_from_table({"mcp_servers": {"s": options}}).servers
    return found


def test_without_servers_there_are_none() -> None:
    assert mcp_settings_from_table({}) == McpSettings()


def test_a_command_has_defaults() -> None:
    assert server(command="serve") == McpServerSettings("s", StdioTransport("serve"))


def test_all_that_can_be_said_of_a_command_is_read() -> None:
    found = server(
        command="serve",
        args=["-v"],
        env={"B": "2", "A": "1"},
        env_vars=["C", {"name": "D"}, {"name": "E", "source": "remote"}],
        cwd="/srv",
        enabled=False,
        required=True,
        startup_timeout_sec=2.5,
        tool_timeout_sec=7,
        enabled_tools=["a", "b"],
        disabled_tools=["b"],
        supports_parallel_tool_calls=True,
        default_tools_approval_mode="prompt",
        tools={"a": {"approval_mode": "approve"}},
        scopes=["x"],
        unknown="ignored",
    )
    assert found == McpServerSettings(
        name="s",
        transport=StdioTransport("serve", ("-v",), (("A", "1"), ("B", "2")), ("C", "D"), "/srv"),
        enabled=False,
        required=True,
        startup_timeout_s=2.5,
        tool_timeout_s=7.0,
        enabled_tools=frozenset({"a", "b"}),
        disabled_tools=frozenset({"b"}),
        parallel_tool_calls=True,
        default_approval="prompt",
        approvals={"a": "approve"},
        scopes=("x",),
    )
    assert [found.offers(tool) for tool in "abc"] == [True, False, False]
    assert [found.approval(tool) for tool in "ab"] == ["approve", "prompt"]


def test_all_that_can_be_said_of_an_address_is_read() -> None:
    found = server(
        url="https://me:pass@example.com:8443/mcp?key=1",
        bearer_token_env_var="TOKEN",
        http_headers={"X-A": "1"},
        env_http_headers={"X-B": "B"},
        oauth={"client_id": "me"},
        oauth_resource="urn:it",
    )
    transport = found.transport
    assert transport == HttpTransport(
        url="https://me:pass@example.com:8443/mcp?key=1",
        bearer_token_env_var="TOKEN",
        http_headers=(("X-A", "1"),),
        env_http_headers=(("X-B", "B"),),
        client_id="me",
        resource="urn:it",
    )
    assert isinstance(transport, HttpTransport)
    assert transport.origin == "https://example.com:8443"
    assert "pass" not in repr(found)


def test_the_callback_of_logins_is_read() -> None:
    table = {"mcp_oauth_callback_port": 8765, "mcp_oauth_callback_url": "https://me.example/cb"}
    assert mcp_settings_from_table(table) == McpSettings((), 8765, "https://me.example/cb")


@pytest.mark.parametrize(("given", "seconds"), [(None, 0.0), (500, 0.5), (0, math.inf)])
def test_turns_wait_for_new_servers_as_long_as_the_user_wants(
    given: int | None, seconds: float
) -> None:
    found = mcp_settings_from_table({"mcp_optional_startup_grace_ms": given})
    assert found.startup_grace_s == seconds


def test_the_startup_timeout_may_be_in_milliseconds() -> None:
    assert server(command="x", startup_timeout_ms=1500).startup_timeout_s == 1.5
    both = server(command="x", startup_timeout_ms=1500, startup_timeout_sec=3)
    assert both.startup_timeout_s == 3.0


def test_what_one_thread_wants_of_a_server_makes_it_no_other_server() -> None:
    plain, choosy = server(command="x"), server(command="x", enabled_tools=["a"], required=True)
    assert plain.identity == choosy.identity
    assert plain.identity != server(command="x", env={"A": "1"}).identity


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "mcp_servers.s: invalid transport: expected `command` or `url`"),
        ({"command": 1}, "mcp_servers.s.command: expected a string"),
        ({"command": ""}, "mcp_servers.s.command: expected a command"),
        (
            {"command": "x", "url": "http://x"},
            "mcp_servers.s.url: not supported for stdio",
        ),
        (
            {"url": "http://x", "args": []},
            "mcp_servers.s.args: not supported for streamable_http",
        ),
        (
            {"url": "http://x", "bearer_token": "t"},
            "mcp_servers.s.bearer_token: not supported, set `bearer_token_env_var` instead",
        ),
        (
            {"url": "ftp://x"},
            (
                "mcp_servers.s.url: expected a URL that begins with http:// or https:// "
                "and names a host"
            ),
        ),
        ({"command": "x", "args": "y"}, "mcp_servers.s.args: expected an array of strings"),
        ({"command": "x", "env": {"A": 1}}, "mcp_servers.s.env.A: expected a string"),
        ({"command": "x", "env_vars": "A"}, "mcp_servers.s.env_vars: expected an array"),
        (
            {"command": "x", "env_vars": [1]},
            "mcp_servers.s.env_vars.0: expected a string or a table",
        ),
        (
            {"command": "x", "env_vars": [{"name": "A", "source": "moon"}]},
            "mcp_servers.s.env_vars.0.source: unknown value `moon`, expected one of local, remote",
        ),
        (
            {"command": "x", "startup_timeout_sec": "1"},
            "mcp_servers.s.startup_timeout_sec: expected a number",
        ),
        (
            {"command": "x", "tool_timeout_sec": -1},
            "mcp_servers.s.tool_timeout_sec: expected a number of 0 or more",
        ),
        (
            {"command": "x", "tools": {"a": {"approval_mode": "perhaps"}}},
            (
                "mcp_servers.s.tools.a.approval_mode: unknown value `perhaps`, "
                "expected one of auto, prompt, writes, approve"
            ),
        ),
    ],
)
def test_a_wrong_value_is_named(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigValueError) as error:
        server(**options)
    assert str(error.value) == problem


@pytest.mark.parametrize("port", [0, 65_536])
def test_a_callback_needs_a_real_port(port: int) -> None:
    with pytest.raises(ConfigValueError, match="mcp_oauth_callback_port: expected a port number"):
        mcp_settings_from_table({"mcp_oauth_callback_port": port})


@pytest.mark.parametrize(("level", "servers"), [("trusted", {"mine", "theirs"}), (None, {"mine"})])
def test_only_a_trusted_project_adds_servers(
    tmp_path: Path, level: str | None, servers: set[str]
) -> None:
    """A repository must not have commands run before the user trusts it."""
    home, project = tmp_path / "home", tmp_path / "project"
    (project / ".codex").mkdir(parents=True)
    home.mkdir()
    trust = "" if level is None else f'[projects."{project}"]\ntrust_level = "{level}"\n'
    (home / "config.toml").write_text(f'{trust}[mcp_servers.mine]\ncommand = "mine"\n')
    (project / ".codex" / "config.toml").write_text(
        '[mcp_servers.theirs]\ncommand = "theirs"\n[mcp_servers.mine]\ncommand = "theirs"\n'
    )
    config = ConfigLoader(home, system_file=tmp_path / "none.toml").load(cwd=project)
    found = {server.name: server.transport for server in config.mcp.servers}
    assert found.keys() == servers
    assert found["mine"] == StdioTransport("mine")
