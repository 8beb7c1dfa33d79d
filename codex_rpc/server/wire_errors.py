"""The one place where exceptions become JSON-RPC errors."""

import logging

from codex_rpc.errors import CodexRpcError, ErrorKind, InvalidRequestError
from codex_rpc.rpc.messages import INTERNAL_ERROR, INVALID_REQUEST, RpcError

logger = logging.getLogger(__name__)


def rpc_error(error: Exception) -> RpcError:
    """What the client is told of `error`.

    Refusals have the code that the reference server gives all of them. Anything else is our own
    fault: it is logged, and nothing of it reaches the wire.
    """
    if isinstance(error, CodexRpcError):
        code = INVALID_REQUEST if isinstance(error, InvalidRequestError) else INTERNAL_ERROR
        data: dict[str, object] = {"kind": error.kind}
        if error.path:
            data["path"] = ".".join(map(str, error.path))
        data |= error.details
        return RpcError(code, str(error), data)
    logger.error("request failed", exc_info=error)
    return RpcError(INTERNAL_ERROR, "Internal error", {"kind": ErrorKind.INTERNAL})
