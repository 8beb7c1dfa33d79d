"""What MCP servers get of this process's environment: variables, or headers made of them.

Servers are other people's programs, so they get what any program needs and what their configuration
names, and never our credentials.
"""

from collections.abc import Mapping

from codex_rpc.config.mcp_servers import HttpTransport, StdioTransport
from codex_rpc.errors import McpError
from codex_rpc.exec.environment import OWN_CREDENTIALS

INHERITED = frozenset(
    {
        "HOME",
        "LANG",
        "LC_ALL",
        "LOGNAME",
        "PATH",
        "SHELL",
        "TERM",
        "TMPDIR",
        "TZ",
        "USER",
        "__CF_USER_TEXT_ENCODING",
        # Who vouches for hosts, where the network has its own authority.
        "CURL_CA_BUNDLE",
        "GIT_SSL_CAINFO",
        "NODE_EXTRA_CA_CERTS",
        "PIP_CERT",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
    }
)
"""Variables that every server inherits."""


def server_environment(transport: StdioTransport, base: Mapping[str, str]) -> dict[str, str]:
    """The variables for a server. Our credentials get there only if `env` repeats them."""
    wanted = INHERITED.union(transport.env_vars) - OWN_CREDENTIALS
    return {name: base[name] for name in wanted if name in base} | dict(transport.env)


def http_headers(transport: HttpTransport, environ: Mapping[str, str]) -> dict[str, str]:
    """The headers that the configuration says, with the values that the environment has.

    Raises:
        McpError: the variable of the token is not set.
    """
    headers = dict(transport.http_headers)
    for header, variable in transport.env_http_headers:
        if value := environ.get(variable, "").strip():
            headers[header] = value
    variable = transport.bearer_token_env_var
    if variable is not None:
        token = environ.get(variable, "").strip()
        if not token:
            raise McpError(f"environment variable {variable} with its token is not set")
        headers["Authorization"] = f"Bearer {token}"
    return headers
