from typing import Any

import pytest
from pydantic_core import from_json, to_json

from codex_rpc.rpc.messages import (
    Malformed,
    Notification,
    Request,
    Response,
    RpcError,
    encode,
    encode_error,
    encode_notification,
    encode_request,
    encode_result,
    parse_message,
)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"id":1,"method":"m"}', Request(1, "m", None)),
        (b'{"id":"a","method":"m","params":{"x":1}}', Request("a", "m", {"x": 1})),
        (b'{"id":-1,"method":"m","params":[1]}', Request(-1, "m", [1])),
        (b'{"id":1,"method":"m","params":null}', Request(1, "m", None)),
        (b'{"jsonrpc":"2.0","id":1,"method":"m"}', Request(1, "m", None, True)),
        (b'{"id":1,"method":"m","result":2,"trace":3}', Request(1, "m", None)),
        (b'{"id":100000000000000000000,"method":"m"}', Request(10**20, "m", None)),
        (b'{"method":"m"}', Notification("m", None)),
        (b'{"method":"m","params":{},"jsonrpc":"2.0"}', Notification("m", {}, True)),
        (b'{"id":0,"result":{"x":1}}', Response(0, {"x": 1})),
        (b'{"id":0,"result":null}', Response(0)),
        (b'{"id":0,"result":1,"error":null}', Response(0, 1)),
        (b'{"id":"0","result":1}', Response("0", 1)),
        (b'{"id":null,"result":1}', Response(None, 1)),
        (b'{"result":1}', Response(None, 1)),
        (
            b'{"id":0,"error":{"code":-1,"message":"no","data":[1]}}',
            Response(0, error=RpcError(-1, "no", [1])),
        ),
        (
            b'{"id":0,"error":"no"}',
            Response(0, error=RpcError(-32603, "the peer answered with an error")),
        ),
        (
            b'{"id":0,"result":1,"error":{"code":1,"message":"m"}}',
            Response(0, 1, RpcError(-32600, "the response has both a result and an error")),
        ),
    ],
)
def test_a_message_is_read(line: bytes, message: object) -> None:
    assert parse_message(line) == message


@pytest.mark.parametrize(
    ("line", "code", "request_id"),
    [
        (b"{", -32700, None),
        (b"hello", -32700, None),
        (b'{"id":1,"method":"m"} x', -32700, None),
        (b'{"id":1,"method":"\xff"}', -32700, None),
        (b"\xfe\xff", -32700, None),
        (b'{"id":1,"method":"m","params":{"x":NaN}}', -32700, None),
        (b'{"id":1,"method":"\\ud800"}', -32700, None),
        (b"[" * 100_000, -32700, None),
        (b'{"a":' * 100_000, -32700, None),
        (b"1" * 100_000, -32700, None),
        (b'[{"id":1,"method":"m"}]', -32600, None),
        (b"[]", -32600, None),
        (b'"text"', -32600, None),
        (b"17", -32600, None),
        (b"null", -32600, None),
        (b"{}", -32600, None),
        (b'{"id":7}', -32600, 7),
        (b'{"id":7,"method":5}', -32600, 7),
        (b'{"id":7,"method":null,"result":1}', -32600, 7),
        (b'{"id":"7","method":"m","params":"p"}', -32600, "7"),
        (b'{"id":7,"method":"m","params":3}', -32600, 7),
        (b'{"id":7,"method":"m","params":false}', -32600, 7),
        (b'{"method":"m","params":3}', -32600, None),
        (b'{"id":null,"method":"m"}', -32600, None),
        (b'{"id":1.0,"method":"m"}', -32600, None),
        (b'{"id":true,"method":"m"}', -32600, None),
        (b'{"id":{},"method":"m"}', -32600, None),
        (b'{"id":[1],"method":"m"}', -32600, None),
    ],
)
def test_what_is_no_message_is_refused(
    line: bytes, code: int, request_id: int | str | None
) -> None:
    message = parse_message(line)
    assert isinstance(message, Malformed)
    assert (message.error.code, message.id) == (code, request_id)
    assert message.error.data["kind"] == ("parseError" if code == -32700 else "invalidRequest")


def test_a_refusal_says_why() -> None:
    def reason(line: bytes) -> str:
        message = parse_message(line)
        assert isinstance(message, Malformed)
        return message.error.message

    assert reason(b"[" * 1000) == "Parse error: nested too deeply"
    assert reason(b'{"a":"\xff"}') == "Parse error: not UTF-8"
    assert reason(b"{") == "Parse error: not JSON"
    assert reason(b'{"id":1}') == "Invalid request: missing field `method`"
    assert reason(b"[]") == "Invalid request: expected an object, got a batch"


def test_what_is_encoded_is_one_json_object_on_one_line() -> None:
    assert encode_result(1, {"a": "ä\n"}) == '{"id":1,"result":{"a":"ä\\n"}}'.encode()
    assert encode_result('"', b"{}") == b'{"id":"\\"","result":{}}'
    assert encode_error(None, RpcError(-1, "no")) == (
        b'{"id":null,"error":{"code":-1,"message":"no"}}'
    )
    assert encode_error("x", RpcError(-1, "no", {"k": 1})) == (
        b'{"id":"x","error":{"code":-1,"message":"no","data":{"k":1}}}'
    )
    assert encode_notification("a/b", {"x": 1}, 1234) == (
        b'{"method":"a/b","params":{"x":1},"emittedAtMs":1234}'
    )
    assert encode_notification("a/b", None) == b'{"method":"a/b"}'
    assert encode_request(0, "a/b", b'{"x":1}') == b'{"method":"a/b","id":0,"params":{"x":1}}'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"path": "caf\udce9", "ok": "ä"}, {"path": "caf?", "ok": "ä"}),
        ({"x": float("nan"), "y": float("inf")}, {"x": None, "y": None}),
        ({"x": float("nan"), "y": "\udce9"}, {"x": None, "y": "?"}),
    ],
)
def test_what_json_cannot_say_is_replaced(value: dict[str, Any], expected: dict[str, Any]) -> None:
    assert from_json(encode(value), allow_inf_nan=False) == expected


def test_parsing_reads_what_encoding_wrote() -> None:
    params = {"deep": [{"x": [1, 2.5, None, True, "\u2028"]}]}
    assert parse_message(encode_request("r", "m", params)) == Request("r", "m", params)
    assert parse_message(to_json({"id": 2, "method": "m", "params": params})) == (
        Request(2, "m", params)
    )
