"""Requests that come at the wrong time or do not exist, and sockets that cannot be served on."""

from codex_rpc.errors.base import CodexRpcError, ErrorKind, InvalidRequestError


class UnknownMethodError(InvalidRequestError):
    """No method of that name exists."""

    kind = ErrorKind.UNKNOWN_METHOD


class NotInitializedError(InvalidRequestError):
    """A request came before `initialize`."""

    kind = ErrorKind.NOT_INITIALIZED

    def __init__(self) -> None:
        super().__init__("Not initialized")


class AlreadyInitializedError(InvalidRequestError):
    """`initialize` came twice on one connection."""

    kind = ErrorKind.ALREADY_INITIALIZED

    def __init__(self) -> None:
        super().__init__("Already initialized")


class ShutDownError(InvalidRequestError):
    """A request after `shutdown`, where only `exit` may follow."""

    kind = ErrorKind.SHUTTING_DOWN

    def __init__(self) -> None:
        super().__init__("the server was asked to shut down")


class ExperimentalRequiredError(InvalidRequestError):
    """An experimental method or field was used without `capabilities.experimentalApi`."""

    kind = ErrorKind.EXPERIMENTAL_REQUIRED

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} requires experimentalApi capability")


class ListenError(CodexRpcError):
    """The server cannot listen where it was asked to."""
