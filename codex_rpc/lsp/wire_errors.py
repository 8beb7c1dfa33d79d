"""How errors are told to a language client: with the protocol's codes, and our `data.kind`."""

from lsprotocol.types import ErrorCodes, LSPErrorCodes
from msgspec.structs import replace
from pygls.exceptions import JsonRpcException

from codex_rpc.errors import (
    AlreadyInitializedError,
    CodexRpcError,
    ErrorKind,
    InvalidParamsError,
    NotInitializedError,
    ShutDownError,
    UnknownMethodError,
)
from codex_rpc.rpc.messages import INVALID_PARAMS, RpcError
from codex_rpc.server.wire_errors import rpc_error


def lsp_error(error: Exception) -> RpcError:
    """What the client is told of `error`."""
    if isinstance(error, JsonRpcException):
        kind = ErrorKind.INVALID_PARAMS if error.code == INVALID_PARAMS else ErrorKind.INTERNAL
        return RpcError(error.code, error.message, {"kind": kind})
    found = rpc_error(error)
    if isinstance(error, UnknownMethodError):
        # Editors ask for what they might get; none of them wants to be told of all there is.
        found = replace(found, message=found.message.partition(", expected")[0])
    return replace(found, code=_code(error)) if isinstance(error, CodexRpcError) else found


def _code(error: CodexRpcError) -> int:
    match error:
        case NotInitializedError():
            return ErrorCodes.ServerNotInitialized
        case UnknownMethodError():
            return ErrorCodes.MethodNotFound
        case InvalidParamsError():
            return ErrorCodes.InvalidParams
        case AlreadyInitializedError() | ShutDownError():
            return ErrorCodes.InvalidRequest
        case _:
            return LSPErrorCodes.RequestFailed
