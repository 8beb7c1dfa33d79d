"""The kinds that reach the wire, and what all errors of the package have in common."""

from collections.abc import Mapping
from enum import StrEnum


class ErrorKind(StrEnum):
    """Machine-readable reason of a refused request, sent as `error.data.kind`."""

    PARSE_ERROR = "parseError"
    INVALID_REQUEST = "invalidRequest"
    INVALID_PARAMS = "invalidParams"
    UNKNOWN_METHOD = "unknownMethod"
    NOT_INITIALIZED = "notInitialized"
    ALREADY_INITIALIZED = "alreadyInitialized"
    EXPERIMENTAL_REQUIRED = "experimentalRequired"
    THREAD_NOT_FOUND = "threadNotFound"
    INVALID_THREAD_ID = "invalidThreadId"
    NO_ACTIVE_TURN = "noActiveTurn"
    TURN_MISMATCH = "turnMismatch"
    ACTIVE_TURN_NOT_STEERABLE = "activeTurnNotSteerable"
    APPROVAL_NOT_FOUND = "approvalNotFound"
    APPROVAL_RESOLVED = "approvalResolved"
    CONFIG_INVALID = "configInvalid"
    CWD_NOT_FOUND = "cwdNotFound"
    ROLLOUT_UNREADABLE = "rolloutUnreadable"
    ROLLOUT_UNWRITABLE = "rolloutUnwritable"
    THREAD_NOT_STORED = "threadNotStored"
    THREAD_BUSY = "threadBusy"
    THREAD_ARCHIVED = "threadArchived"
    TURN_NOT_FOUND = "turnNotFound"
    INVALID_CURSOR = "invalidCursor"
    NOT_SUPPORTED = "notSupported"
    AGENT_LIMIT = "agentLimit"
    LOGIN_FAILED = "loginFailed"
    OVERLOADED = "overloaded"
    CANCELLED = "cancelled"
    SHUTTING_DOWN = "shuttingDown"
    COMMAND_NOT_FOUND = "commandNotFound"
    IO = "io"
    INTERNAL = "internal"


class CodexRpcError(Exception):
    """Base of every error this package raises on purpose.

    `str(error)` is a sentence fit for a user; `kind` is its machine-readable name; `path` names the
    request parameter at fault, from the outside in, when one is.
    """

    kind: ErrorKind = ErrorKind.INTERNAL

    def __init__(self, message: str, *, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.path = path

    @property
    def details(self) -> Mapping[str, object]:
        """What `error.data` says beside the kind and the path, under its wire names."""
        return {}


class InvalidRequestError(CodexRpcError):
    """The request is well-formed JSON-RPC, but cannot be carried out as asked."""

    kind = ErrorKind.INVALID_REQUEST


class InvalidParamsError(InvalidRequestError):
    """A parameter is missing or has the wrong type or value."""

    kind = ErrorKind.INVALID_PARAMS


class EmptyParamError(InvalidParamsError):
    """A parameter that must say something is empty."""

    def __init__(self, *path: str) -> None:
        super().__init__(f"{path[-1]} must not be empty", path=path)


class InvalidCursorError(InvalidRequestError):
    """A cursor that no page of this list has given."""

    kind = ErrorKind.INVALID_CURSOR

    def __init__(self, cursor: str) -> None:
        super().__init__(f"invalid cursor: {cursor[:200]}", path=("cursor",))
