"""MCP servers: what cannot be had of them. The words are for the model, or for a client's user."""

from codex_rpc.errors.base import CodexRpcError, ErrorKind, InvalidRequestError
from codex_rpc.errors.tools import ToolError


class McpError(ToolError):
    """A server does not do what it was asked for: it is not there, too slow, or refuses."""


class McpServerNotFoundError(InvalidRequestError):
    """The configuration names no enabled server like that."""

    def __init__(self, server: str) -> None:
        super().__init__(f"unknown MCP server '{server[:200]}'")


class McpLoginError(CodexRpcError):
    """A login to an MCP server cannot begin, or did not succeed."""

    kind = ErrorKind.LOGIN_FAILED
