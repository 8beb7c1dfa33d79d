"""The one place where exceptions become JSON-RPC errors."""

import logging

from codex_rpc.errors import CodexRpcError, CommandParamsError, ErrorKind, InvalidRequestError
from codex_rpc.rpc.messages import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, RpcError

logger = logging.getLogger(__name__)


def rpc_error(error: Exception) -> RpcError:
    """What the client is told of `error`.

    Refusals have the code that the `codex` command gives all of them. Anything else is
    logged: of what the disk does its words are passed on, of our own faults nothing.
    """
    if isinstance(error, CodexRpcError):
        code = INVALID_REQUEST if isinstance(error, InvalidRequestError) else INTERNAL_ERROR
        if isinstance(error, CommandParamsError):
            code = INVALID_PARAMS
        data: dict[str, object] = {"kind": error.kind}
        if error.path:
            data["path"] = ".".join(map(str, error.path))
        data |= error.details
        return RpcError(code, str(error), data)
    logger.error("request failed", exc_info=error)
    if isinstance(error, OSError) and error.strerror:
        # The disk's fault, not ours; the name of the file stays in the log.
        return RpcError(INTERNAL_ERROR, f"I/O error: {error.strerror}", {"kind": ErrorKind.IO})
    return RpcError(INTERNAL_ERROR, "Internal error", {"kind": ErrorKind.INTERNAL})
