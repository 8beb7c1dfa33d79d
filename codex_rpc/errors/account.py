"""Logging in, and keeping a login usable."""

from codex_rpc.errors.base import CodexRpcError, ErrorKind, InvalidRequestError


class LoginRefusedError(InvalidRequestError):
    """This way to log in is not open here, or not now."""

    kind = ErrorKind.LOGIN_FAILED


class LoginError(CodexRpcError):
    """A login or logout failed."""

    kind = ErrorKind.LOGIN_FAILED


class AccountRequiredError(InvalidRequestError):
    """The request is about an account that nobody is signed in to."""


class AccountUnreachableError(CodexRpcError):
    """Who keeps the account did not say what it was asked."""


class TokenRefreshError(CodexRpcError):
    """The account's tokens could not be renewed this time."""
