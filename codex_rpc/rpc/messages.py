"""JSON-RPC envelopes: what one line says, and how ours are written.

Reads leniently (`jsonrpc` may be missing, unknown members are ignored) and refuses precisely. The
encoders give one JSON object each; the newline and the `jsonrpc` member are added by `framing`.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from msgspec import Struct
from pydantic_core import PydanticSerializationError, from_json, to_json, to_jsonable_python

from codex_rpc.errors import ErrorKind

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
OVERLOADED = -32001
REQUEST_CANCELLED = -32800

RequestId = int | str
Params = dict[str, Any] | list[Any] | None
Payload = Mapping[str, Any] | bytes
"""A result or parameters: plain data, or JSON that is already encoded."""


class RpcError(Struct, frozen=True):
    """The `error` member of a response."""

    code: int
    message: str
    data: Any = None


CANCELLED = RpcError(REQUEST_CANCELLED, "request cancelled", {"kind": ErrorKind.CANCELLED})
OVERLOAD = RpcError(
    OVERLOADED,
    "Server overloaded; retry later.",
    {"codexErrorInfo": "server_overloaded", "kind": ErrorKind.OVERLOADED},
)


class Request(Struct, frozen=True):
    id: RequestId
    method: str
    params: Params
    has_jsonrpc: bool = False


class Notification(Struct, frozen=True):
    method: str
    params: Params
    has_jsonrpc: bool = False


class Response(Struct, frozen=True):
    """The peer's answer to a request of ours: `error` if it has one, else `result`."""

    id: RequestId | None
    result: Any = None
    error: RpcError | None = None
    has_jsonrpc: bool = False


class Malformed(Struct, frozen=True):
    """A line that is no message; `error` is the answer to it, sent with `id`."""

    id: RequestId | None
    error: RpcError


Message = Request | Notification | Response | Malformed


def parse_message(line: bytes) -> Message:
    """Read one line. Never raises: whatever is wrong with it comes back as `Malformed`.

    An object without `method` that has a result or an error is always a `Response`, however bad its
    content: answering it would put an id of ours among the peer's.
    """
    try:
        # The annotation holds: from_json builds nothing but plain JSON values.
        value: Any = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        return unparsable(_parse_failure(line, str(error)))
    if not isinstance(value, dict):
        kind = "a batch" if isinstance(value, list) else "a bare value"
        return _invalid(None, f"expected an object, got {kind}")
    fields = cast(dict[str, Any], value)
    if "method" in fields:
        return _call_of(fields)
    if "result" in fields or "error" in fields:
        return _response_of(fields)
    return _invalid(_id_of(fields.get("id")), "missing field `method`")


def unparsable(reason: str) -> Malformed:
    """The answer to a line that could not be read at all."""
    data = {"kind": ErrorKind.PARSE_ERROR}
    return Malformed(None, RpcError(PARSE_ERROR, f"Parse error: {reason}", data))


def encode_result(request_id: RequestId, result: Payload) -> bytes:
    return b'{"id":%b,"result":%b}' % (to_json(request_id), encode(result))


def encode_error(request_id: RequestId | None, error: RpcError) -> bytes:
    members: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        members["data"] = error.data
    return b'{"id":%b,"error":%b}' % (to_json(request_id), encode(members))


def encode_notification(
    method: str, params: Payload | None, emitted_at_ms: int | None = None
) -> bytes:
    """Encode a notification; absent `params` and `emitted_at_ms` (unix time) are left out."""
    body = b"" if params is None else b',"params":%b' % encode(params)
    stamp = b"" if emitted_at_ms is None else b',"emittedAtMs":%d' % emitted_at_ms
    return b'{"method":%b%b%b}' % (to_json(method), body, stamp)


def encode_request(request_id: RequestId, method: str, params: Payload) -> bytes:
    return b'{"method":%b,"id":%b,"params":%b}' % (
        to_json(method),
        to_json(request_id),
        encode(params),
    )


def encode(value: Payload) -> bytes:
    """Encode as strict JSON: no NaN, and lone surrogates (from undecodable file names) as `?`.

    Raises:
        PydanticSerializationError: the value holds something that has no JSON form.
    """
    if isinstance(value, bytes):
        return value
    try:
        return to_json(value, inf_nan_mode="null")
    except PydanticSerializationError:
        plain = to_jsonable_python(value, inf_nan_mode="null")
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode(errors="replace")


def _call_of(fields: dict[str, Any]) -> Request | Notification | Malformed:
    request_id = _id_of(fields.get("id"))
    method = fields["method"]
    params = fields.get("params")
    if "id" in fields and request_id is None:
        return _invalid(None, "`id` must be a string or an integer")
    if not isinstance(method, str):
        return _invalid(request_id, "`method` must be a string")
    if not isinstance(params, dict | list | None):
        return _invalid(request_id, "`params` must be an object")
    checked = cast(Params, params)
    has_jsonrpc = "jsonrpc" in fields
    if request_id is None:
        return Notification(method, checked, has_jsonrpc)
    return Request(request_id, method, checked, has_jsonrpc)


def _response_of(fields: dict[str, Any]) -> Response:
    error = fields.get("error")
    result = fields.get("result")
    if error is None:
        wire_error = None
    elif result is not None:
        wire_error = RpcError(INVALID_REQUEST, "the response has both a result and an error")
    else:
        wire_error = _error_of(error)
    return Response(_id_of(fields.get("id")), result, wire_error, "jsonrpc" in fields)


def _error_of(error: Any) -> RpcError:
    members = cast(dict[str, Any], error) if isinstance(error, dict) else {}
    code, message = members.get("code"), members.get("message")
    return RpcError(
        code if isinstance(code, int) else INTERNAL_ERROR,
        message if isinstance(message, str) else "the peer answered with an error",
        members.get("data"),
    )


def _id_of(value: Any) -> RequestId | None:
    is_id = isinstance(value, int | str) and not isinstance(value, bool)
    return value if is_id else None


def _invalid(request_id: RequestId | None, reason: str) -> Malformed:
    data = {"kind": ErrorKind.INVALID_REQUEST}
    return Malformed(request_id, RpcError(INVALID_REQUEST, f"Invalid request: {reason}", data))


def _parse_failure(line: bytes, reason: str) -> str:
    if "recursion limit" in reason:
        return "nested too deeply"
    try:
        line.decode()
    except UnicodeDecodeError:
        return "not UTF-8"
    return "not JSON"
