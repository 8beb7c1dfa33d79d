"""Requests to the model that failed."""

from codex_rpc.errors.base import CodexRpcError


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
