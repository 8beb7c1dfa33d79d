"""The exception tree of the whole package, and the kinds that reach the wire.

An exception here says *what* happened, in words a client author can act on. Which JSON-RPC code it
becomes is decided in one place, `codex_rpc.server.wire_errors`; nothing below that layer knows
JSON-RPC exists.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Literal


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


# --- requests that are refused -----------------------------------------------------------------


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


class ExperimentalRequiredError(InvalidRequestError):
    """An experimental method or field was used without `capabilities.experimentalApi`."""

    kind = ErrorKind.EXPERIMENTAL_REQUIRED

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} requires experimentalApi capability")


class ThreadNotFoundError(InvalidRequestError):
    """No loaded thread has that id."""

    kind = ErrorKind.THREAD_NOT_FOUND

    def __init__(self, thread_id: str) -> None:
        super().__init__(f"thread not found: {thread_id}", path=("threadId",))


class InvalidThreadIdError(InvalidRequestError):
    """The string is not a thread id at all."""

    kind = ErrorKind.INVALID_THREAD_ID

    def __init__(self, reason: str) -> None:
        super().__init__(f"invalid thread id: {reason}", path=("threadId",))


class ThreadNotStoredError(InvalidRequestError):
    """No file of that thread exists."""

    kind = ErrorKind.THREAD_NOT_STORED

    def __init__(self, thread_id: str) -> None:
        super().__init__(f"no rollout found for thread id {thread_id}", path=("threadId",))


class ThreadNotArchivedError(InvalidRequestError):
    """No archived file of that thread exists."""

    kind = ErrorKind.THREAD_NOT_STORED

    def __init__(self, thread_id: str) -> None:
        super().__init__(f"no archived rollout found for thread id {thread_id}", path=("threadId",))


class ForkedHistoryError(InvalidRequestError):
    """The thread cannot be deleted: others go on from its files."""

    def __init__(self, thread_id: str) -> None:
        super().__init__(
            f"cannot delete thread {thread_id}: forked history still references it",
            path=("threadId",),
        )


class ThreadArchivedError(InvalidRequestError):
    """The thread has been put away."""

    kind = ErrorKind.THREAD_ARCHIVED

    def __init__(self, thread_id: str) -> None:
        super().__init__(
            f"session {thread_id} is archived. Use `thread/unarchive`, or run "
            f"`codex-rpc threads unarchive {thread_id}`, to bring it back first.",
            path=("threadId",),
        )


class ThreadNotLoadedError(InvalidRequestError):
    """The thread is neither in memory nor on disk."""

    kind = ErrorKind.THREAD_NOT_FOUND

    def __init__(self, thread_id: str) -> None:
        super().__init__(f"thread not loaded: {thread_id}", path=("threadId",))


class ThreadBusyError(InvalidRequestError):
    """Another process writes the thread's file."""

    kind = ErrorKind.THREAD_BUSY

    def __init__(self, thread_id: str) -> None:
        super().__init__(
            f"thread {thread_id} already has an active writer: another process has it open",
            path=("threadId",),
        )


class StalePathError(InvalidRequestError):
    """The thread is loaded, but from another file."""

    def __init__(self, thread_id: str, requested: str, active: str) -> None:
        super().__init__(
            f"cannot resume running thread {thread_id} with stale path: "
            f"requested `{requested}`, active `{active}`",
            path=("path",),
        )


class ThreadNotSavedError(CodexRpcError):
    """A thread's file cannot be written. `reason` is the system's."""

    kind = ErrorKind.ROLLOUT_UNWRITABLE

    def __init__(self, reason: str) -> None:
        super().__init__(f"failed to write the thread's file: {reason}")


class OlderPathError(InvalidRequestError):
    """The thread has gone on in another file since a part of it was taken back."""

    def __init__(self, thread_id: str, requested: str, current: str) -> None:
        super().__init__(
            f"cannot resume paginated thread {thread_id} with stale path: requested {requested}, "
            f"current {current}; omit path and resume by thread id",
            path=("path",),
        )


class TurnNotFoundError(InvalidRequestError):
    """The thread has no such turn, or not any more."""

    kind = ErrorKind.TURN_NOT_FOUND


class UserMessageNotFoundError(InvalidParamsError):
    """The user has not said so much."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"nthUserMessage {number} is out of range: the thread has fewer user messages",
            path=("nthUserMessage",),
        )


class InvalidCursorError(InvalidRequestError):
    """A cursor that no page of this list has given."""

    kind = ErrorKind.INVALID_CURSOR

    def __init__(self, cursor: str) -> None:
        super().__init__(f"invalid cursor: {cursor[:200]}", path=("cursor",))


class EphemeralThreadError(InvalidRequestError):
    """The request needs a record of the thread, and none is kept."""

    kind = ErrorKind.NOT_SUPPORTED

    def __init__(self, message: str) -> None:
        super().__init__(message, path=("threadId",))


class ThreadChangedError(InvalidRequestError):
    """Something happened in the thread while it was being looked at."""

    def __init__(self) -> None:
        super().__init__("the thread has changed meanwhile; try again", path=("threadId",))


class NoActiveTurnError(InvalidRequestError):
    """The thread is idle, so there is nothing to steer or interrupt."""

    kind = ErrorKind.NO_ACTIVE_TURN

    def __init__(self, verb: str) -> None:
        super().__init__(f"no active turn to {verb}")


class TurnMismatchError(InvalidRequestError):
    """Another turn than the named one is running."""

    kind = ErrorKind.TURN_MISMATCH


class SteerMismatchError(TurnMismatchError):
    """Another turn than the one to steer is running."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(
            f"expected active turn id `{expected}` but found `{found}`", path=("expectedTurnId",)
        )


class TurnNotSteerableError(InvalidRequestError):
    """The running turn is of a kind that takes no further input."""

    kind = ErrorKind.ACTIVE_TURN_NOT_STEERABLE

    def __init__(self, turn_kind: Literal["review", "compact"]) -> None:
        super().__init__(f"cannot steer a {turn_kind} turn")
        self.turn_kind = turn_kind

    @property
    def details(self) -> Mapping[str, object]:
        """The failure in the form that a failed turn's error has."""
        info = {"activeTurnNotSteerable": {"turnKind": self.turn_kind}}
        return {"message": str(self), "codexErrorInfo": info, "additionalDetails": None}


class ApprovalNotFoundError(InvalidRequestError):
    """No approval with that id was ever asked."""

    kind = ErrorKind.APPROVAL_NOT_FOUND

    def __init__(self, approval_id: str) -> None:
        super().__init__(f"approval not found: {approval_id}", path=("approvalId",))


class ApprovalResolvedError(InvalidRequestError):
    """The approval was answered or cancelled before this answer came."""

    kind = ErrorKind.APPROVAL_RESOLVED

    def __init__(self, approval_id: str) -> None:
        super().__init__(f"approval already resolved: {approval_id}", path=("approvalId",))


class ConfigError(InvalidRequestError):
    """The configuration names something that does not exist or has the wrong type."""

    kind = ErrorKind.CONFIG_INVALID


class ConfigFileError(ConfigError):
    """A file of the configuration is no TOML. Lines and columns count from 1."""

    def __init__(self, file: Path, line: int, column: int, reason: str) -> None:
        super().__init__(f"{file}:{line}:{column}: {reason}")
        self.file = file
        self.line = line
        self.column = column


class ConfigValueError(ConfigError):
    """A key of the configuration has a wrong type or value; `key` are the names that lead there."""

    def __init__(self, key: tuple[str, ...], problem: str) -> None:
        super().__init__(f"{'.'.join(key)}: {problem}")
        self.key = key


class ConfigUnreadableError(CodexRpcError):
    """The configuration cannot be shown, because it cannot be used."""

    kind = ErrorKind.CONFIG_INVALID


class ConfigWriteError(InvalidRequestError):
    """A change of the user's configuration is refused; then nothing has been written."""

    kind = ErrorKind.CONFIG_INVALID

    def __init__(
        self,
        message: str,
        code: Literal["configValidationError", "configVersionConflict", "configLayerReadonly"],
    ) -> None:
        super().__init__(message)
        self.code = code

    @property
    def details(self) -> Mapping[str, object]:
        return {"config_write_error_code": self.code}


class CwdNotFoundError(InvalidRequestError):
    """The working directory does not exist or is not a directory."""

    kind = ErrorKind.CWD_NOT_FOUND

    def __init__(self, cwd: str) -> None:
        super().__init__(f"working directory does not exist: {cwd}", path=("cwd",))


class RolloutError(InvalidRequestError):
    """A file is no record of a thread."""

    kind = ErrorKind.ROLLOUT_UNREADABLE


class EmptyRolloutError(RolloutError):
    """Nothing is in the file."""

    def __init__(self) -> None:
        super().__init__("empty session file")


class RolloutMetaMissingError(RolloutError):
    """No line of the file says which thread it holds."""

    def __init__(self) -> None:
        super().__init__("session file has no session metadata")


class SessionClosedError(InvalidRequestError):
    """The session of the thread has ended; nothing can be submitted to it any more."""

    kind = ErrorKind.SHUTTING_DOWN


class ListenError(CodexRpcError):
    """The server cannot listen where it was asked to."""


class SessionStartError(CodexRpcError):
    """A new session's first event was not its configuration, so it was never registered."""


# --- the account -------------------------------------------------------------------------------


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


# --- a model request that failed ---------------------------------------------------------------


class ModelError(CodexRpcError):
    """A request to the model failed.

    `info` is the wire name of the failure (`CodexErrorInfo`), `http_status` the status behind it if
    there was one, `retryable` whether the same request may be sent again, `retry_after` the number
    of seconds the provider asked to wait before that.
    """

    info: str = "other"
    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.retry_after = retry_after


class ModelBadRequestError(ModelError):
    """The provider refused the request as malformed."""


class ModelUnauthorizedError(ModelError):
    """The provider did not accept the credentials, or there are none."""

    info = "httpConnectionFailed"


class SignInAgainError(ModelUnauthorizedError):
    """The account's tokens have ended, and cannot be renewed."""


class ModelConnectionError(ModelError):
    """The provider could not be reached."""

    info = "httpConnectionFailed"
    retryable = True


class ModelUnexpectedStatusError(ModelError):
    """The provider answered with a status that has no better name."""

    info = "httpConnectionFailed"
    retryable = True


class ModelServerError(ModelError):
    """The provider failed internally (HTTP 500)."""

    info = "internalServerError"
    retryable = True


class ModelStreamError(ModelError):
    """The response stream broke off, went silent, or reported a passing failure."""

    info = "responseStreamDisconnected"
    retryable = True


class ModelRateLimitError(ModelError):
    """The provider refuses requests for now (HTTP 429 without a usage limit)."""

    info = "usageLimitExceeded"


class UsageLimitError(ModelError):
    """The account's allowance is used up."""

    info = "usageLimitExceeded"


class ContextWindowExceededError(ModelError):
    """The conversation no longer fits the model's context window."""

    info = "contextWindowExceeded"


class ScriptError(ModelError):
    """A model script cannot be read, or has no step for the request."""

    info = "badRequest"


# --- tools -------------------------------------------------------------------------------------


class ToolError(CodexRpcError):
    """A tool call failed; the text is for the model, the turn goes on."""


class PatchError(ToolError):
    """A patch cannot be parsed or does not apply."""


class SpawnError(ToolError):
    """A command could not be started at all."""


class AgentNotFoundError(ToolError):
    """No agent of that id works for this thread's tree of agents."""

    def __init__(self, agent_id: str) -> None:
        super().__init__(f"agent with id {agent_id} not found")


class AgentLimitError(ToolError):
    """As many agents are open as may be."""

    kind = ErrorKind.AGENT_LIMIT

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"agent thread limit reached ({limit}): close an agent before you start another one"
        )


class AgentDepthError(ToolError):
    """The agent is too far from the user to have agents of its own."""

    kind = ErrorKind.AGENT_LIMIT

    def __init__(self) -> None:
        super().__init__("Agent depth limit reached. Solve the task yourself.")


class ManagerDroppedError(ToolError):
    """Whoever made the threads is gone, so none can be made or found."""

    def __init__(self) -> None:
        super().__init__("thread manager dropped")
