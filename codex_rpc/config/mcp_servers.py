"""MCP servers, as `mcp_servers.<name>` in `config.toml` describes them.

This owns the description only: `managers.mcp` starts servers and speaks with them. Names of keys
and defaults are those of the Codex command's table, so that both programs read one file.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

from msgspec import Struct

from codex_rpc.config.values import (
    boolean_at,
    choice_at,
    integer_at,
    size_at,
    table_at,
    text_at,
    texts_at,
)
from codex_rpc.errors import ConfigValueError

STARTUP_TIMEOUT_S = 10.0
"""How long a server gets to answer for the first time, unless its configuration says otherwise."""
STARTUP_GRACE_S = 0.0
"""How long turns wait for a server that has just been started: not at all, unless the configuration
says otherwise. A server that hangs would cost the first turn all of it."""
TOOL_TIMEOUT_S = 60.0
"""How long one call of a tool may take, unless the server's configuration says otherwise."""

ToolApproval = Literal["auto", "prompt", "writes", "approve"]
"""When calls of a tool ask the user: as the tool describes itself, always, unless it says that it
only reads, or never."""

_Where = tuple[str, ...]
_LONGEST_TIMEOUT_S = 86_400.0 * 365
_HTTP_KEYS = ("bearer_token_env_var", "http_headers", "env_http_headers", "oauth_resource", "oauth")
_STDIO_KEYS = ("args", "env", "env_vars", "cwd")


@dataclass(frozen=True, slots=True)
class StdioTransport:
    """A server that is a command, spoken to through its stdin and stdout.

    `env` is set for it; `env_vars` names variables that it gets of this process's own.
    """

    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    env_vars: tuple[str, ...] = ()
    cwd: str | None = None


@dataclass(frozen=True, slots=True)
class HttpTransport:
    """A server at an address, spoken to over streamable HTTP.

    `env_http_headers` are pairs of a header and the variable that its value is in. Without a
    `client_id`, the client is registered when somebody logs in.
    """

    url: str = field(repr=False)
    bearer_token_env_var: str | None = None
    http_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    env_http_headers: tuple[tuple[str, str], ...] = ()
    client_id: str | None = None
    resource: str | None = None

    @property
    def has_token(self) -> bool:
        """Whether the configuration itself says how to prove who asks."""
        headers = (name for name, _ in (*self.http_headers, *self.env_http_headers))
        return self.bearer_token_env_var is not None or "authorization" in map(str.lower, headers)

    @property
    def origin(self) -> str:
        """The address without path, query and anything secret."""
        url = urlsplit(self.url)
        port = "" if url.port is None else f":{url.port}"
        return f"{url.scheme}://{url.hostname}{port}"


McpTransport = StdioTransport | HttpTransport


class McpServerSettings(Struct, frozen=True):
    """One server. What tells servers apart is `identity`; the rest is one thread's view of it."""

    name: str
    transport: McpTransport
    enabled: bool = True
    required: bool = False
    """Whether the user would rather have no thread than one without this server."""
    startup_timeout_s: float = STARTUP_TIMEOUT_S
    tool_timeout_s: float = TOOL_TIMEOUT_S
    enabled_tools: frozenset[str] | None = None
    disabled_tools: frozenset[str] = frozenset()
    parallel_tool_calls: bool = False
    """Whether its tools may be called at the same time as other tools."""
    default_approval: ToolApproval = "auto"
    approvals: Mapping[str, ToolApproval] = {}
    """By the tool's own name."""
    scopes: tuple[str, ...] | None = None
    """What to ask for when the user logs in, if it is to be something else than the server says."""

    @property
    def identity(self) -> tuple[str, McpTransport]:
        """Equal for two settings that mean the same running server."""
        return (self.name, self.transport)

    def offers(self, tool: str) -> bool:
        """Whether the user wants the tool of that name."""
        if tool in self.disabled_tools:
            return False
        return self.enabled_tools is None or tool in self.enabled_tools

    def approval(self, tool: str) -> ToolApproval:
        return self.approvals.get(tool, self.default_approval)


class McpSettings(Struct, frozen=True):
    """All servers, how long turns wait for new ones, and where a login's browser comes back to."""

    servers: tuple[McpServerSettings, ...] = ()
    callback_port: int | None = None
    callback_url: str | None = None
    startup_grace_s: float = STARTUP_GRACE_S


def mcp_settings_from_table(table: Mapping[str, Any]) -> McpSettings:
    """Read `mcp_servers` and what belongs to it.

    Raises:
        ConfigValueError: naming the key and what was expected of it.
    """
    port = integer_at(table, "mcp_oauth_callback_port")
    if port is not None and not 0 < port < 65_536:
        raise ConfigValueError(("mcp_oauth_callback_port",), "expected a port number")
    url = text_at(table, "mcp_oauth_callback_url")
    if url is not None:
        _checked_url(url, ("mcp_oauth_callback_url",))
    servers = tuple(
        _server(name, options) for name, options in sorted(table_at(table, "mcp_servers").items())
    )
    return McpSettings(servers, port, url, _startup_grace(table))


def _startup_grace(table: Mapping[str, Any]) -> float:
    """0 stands for no limit but the servers' own time to start."""
    given = size_at(table, "mcp_optional_startup_grace_ms")
    if given is None:
        return STARTUP_GRACE_S
    return given / 1000 or math.inf


def _server(name: str, options: object) -> McpServerSettings:
    where = ("mcp_servers", name)
    if not isinstance(options, Mapping):
        raise ConfigValueError(where, "expected a table")
    table = cast("Mapping[str, Any]", options)
    wanted = texts_at(table, "enabled_tools", *where)
    tool_timeout = _seconds(table, "tool_timeout_sec", where)
    return McpServerSettings(
        name=name,
        transport=_transport(table, where),
        enabled=boolean_at(table, "enabled", *where) is not False,
        required=boolean_at(table, "required", *where) or False,
        startup_timeout_s=_startup_timeout(table, where),
        tool_timeout_s=TOOL_TIMEOUT_S if tool_timeout is None else tool_timeout,
        enabled_tools=None if wanted is None else frozenset(wanted),
        disabled_tools=frozenset(texts_at(table, "disabled_tools", *where) or ()),
        parallel_tool_calls=boolean_at(table, "supports_parallel_tool_calls", *where) or False,
        default_approval=_approval(table, "default_tools_approval_mode", where) or "auto",
        approvals=_approvals(table, where),
        scopes=texts_at(table, "scopes", *where),
    )


def _transport(table: Mapping[str, Any], where: _Where) -> McpTransport:
    command, url = text_at(table, "command", *where), text_at(table, "url", *where)
    if "bearer_token" in table:
        raise ConfigValueError(
            (*where, "bearer_token"), "not supported, set `bearer_token_env_var` instead"
        )
    if command is not None:
        _refuse(table, ("url", *_HTTP_KEYS), where, "stdio")
        return _stdio(table, command, where)
    if url is not None:
        _refuse(table, _STDIO_KEYS, where, "streamable_http")
        return _http(table, url, where)
    raise ConfigValueError(where, "invalid transport: expected `command` or `url`")


def _refuse(table: Mapping[str, Any], keys: tuple[str, ...], where: _Where, kind: str) -> None:
    for key in keys:
        if table.get(key) is not None:
            raise ConfigValueError((*where, key), f"not supported for {kind}")


def _stdio(table: Mapping[str, Any], command: str, where: _Where) -> StdioTransport:
    if not command:
        raise ConfigValueError((*where, "command"), "expected a command")
    return StdioTransport(
        command=command,
        args=texts_at(table, "args", *where) or (),
        env=_pairs(table, "env", where),
        env_vars=_variables(table, where),
        cwd=text_at(table, "cwd", *where),
    )


def _http(table: Mapping[str, Any], url: str, where: _Where) -> HttpTransport:
    return HttpTransport(
        url=_checked_url(url, (*where, "url")),
        bearer_token_env_var=text_at(table, "bearer_token_env_var", *where),
        http_headers=_pairs(table, "http_headers", where),
        env_http_headers=_pairs(table, "env_http_headers", where),
        client_id=text_at(table_at(table, "oauth", *where), "client_id", *where, "oauth"),
        resource=text_at(table, "oauth_resource", *where),
    )


def _variables(table: Mapping[str, Any], where: _Where) -> tuple[str, ...]:
    """`env_vars`: names, or tables with a `name` and the `source` of the value."""
    entries = table.get("env_vars")
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise ConfigValueError((*where, "env_vars"), "expected an array")
    names = [
        _variable(entry, (*where, "env_vars", str(index)))
        for index, entry in enumerate(cast("list[object]", entries))
    ]
    return tuple(name for name in names if name is not None)


def _variable(entry: object, where: _Where) -> str | None:
    """The name; `None` for a variable of some other machine."""
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, Mapping):
        raise ConfigValueError(where, "expected a string or a table")
    described = cast("Mapping[str, Any]", entry)
    name = text_at(described, "name", *where)
    if name is None:
        raise ConfigValueError((*where, "name"), "expected a string")
    source = choice_at(described, "source", ("local", "remote"), *where)
    return None if source == "remote" else name


def _pairs(table: Mapping[str, Any], key: str, where: _Where) -> tuple[tuple[str, str], ...]:
    entries = table_at(table, key, *where)
    for name in entries:
        text_at(entries, name, *where, key)
    return tuple(sorted(cast("Mapping[str, str]", entries).items()))


def _startup_timeout(table: Mapping[str, Any], where: _Where) -> float:
    seconds = _seconds(table, "startup_timeout_sec", where)
    if seconds is not None:
        return seconds
    milliseconds = _seconds(table, "startup_timeout_ms", where)
    return STARTUP_TIMEOUT_S if milliseconds is None else milliseconds / 1000


def _seconds(table: Mapping[str, Any], key: str, where: _Where) -> float | None:
    value = table.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigValueError((*where, key), "expected a number")
    if not math.isfinite(value) or value < 0:
        raise ConfigValueError((*where, key), "expected a number of 0 or more")
    return min(float(value), _LONGEST_TIMEOUT_S)


def _approvals(table: Mapping[str, Any], where: _Where) -> Mapping[str, ToolApproval]:
    found: dict[str, ToolApproval] = {}
    tools = table_at(table, "tools", *where)
    for name in tools:
        options = table_at(tools, name, *where, "tools")
        approval = _approval(options, "approval_mode", (*where, "tools", name))
        if approval is not None:
            found[name] = approval
    return found


def _approval(table: Mapping[str, Any], key: str, where: _Where) -> ToolApproval | None:
    return cast("ToolApproval | None", choice_at(table, key, get_args(ToolApproval), *where))


def _checked_url(url: str, where: _Where) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigValueError(
            where, "expected a URL that begins with http:// or https:// and names a host"
        )
    return url
