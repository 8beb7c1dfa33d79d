"""Input that is no message, or not the right one: refused precisely, and survived."""

import json
import os

import pytest

from tests.e2e.server_process import (
    INITIALIZE,
    Message,
    Place,
    app_server,
    completed_items,
    lines_of,
    messages_in,
    run_cli,
    say,
    thread_of,
)

PARSE_ERROR, INVALID_REQUEST = -32700, -32600
DEEP = 100_000

NO_MESSAGES: list[tuple[bytes, int, object]] = [
    (b"{", PARSE_ERROR, None),
    (b'{"id":1,"method":', PARSE_ERROR, None),
    (b"not json", PARSE_ERROR, None),
    (b"Content-Type: text/plain", PARSE_ERROR, None),
    (b'{"id":1} {"id":2}', PARSE_ERROR, None),
    (b'{"id":1,"method":"a","params":{"x":NaN}}', PARSE_ERROR, None),
    (b"\xff\xfe\x00", PARSE_ERROR, None),
    (b'{"id":1,"method":"a\xff","params":{}}', PARSE_ERROR, None),
    (b'{"id":1,"method":"a","params":{"x":"\\ud800"}}', PARSE_ERROR, None),
    (b"\x00", PARSE_ERROR, None),
    (b"[" * DEEP, PARSE_ERROR, None),
    (b"[" * DEEP + b"]" * DEEP, PARSE_ERROR, None),
    (b'{"id":1,"method":"a","params":' + b"[" * DEEP + b"]" * DEEP + b"}", PARSE_ERROR, None),
    (b"x" * 20_000_000, PARSE_ERROR, None),
    (b"[]", INVALID_REQUEST, None),
    (b'[{"id":1,"method":"model/list","params":{}}]', INVALID_REQUEST, None),
    (b"3", INVALID_REQUEST, None),
    (b'"text"', INVALID_REQUEST, None),
    (b"null", INVALID_REQUEST, None),
    (b"true", INVALID_REQUEST, None),
    (b"{}", INVALID_REQUEST, None),
    (b'{"id":4}', INVALID_REQUEST, 4),
    (b'{"id":{},"method":"model/list","params":{}}', INVALID_REQUEST, None),
    (b'{"id":1.5,"method":"model/list","params":{}}', INVALID_REQUEST, None),
    (b'{"id":true,"method":"model/list","params":{}}', INVALID_REQUEST, None),
    (b'{"id":null,"method":"model/list","params":{}}', INVALID_REQUEST, None),
    (b'{"id":5,"method":3,"params":{}}', INVALID_REQUEST, 5),
    (b'{"id":"six","method":null}', INVALID_REQUEST, "six"),
    (b'{"id":7,"method":"model/list","params":"text"}', INVALID_REQUEST, 7),
    (b'{"id":8,"method":"model/list","params":[]}', INVALID_REQUEST, 8),
    (b'{"id":9,"method":"model/list"}', INVALID_REQUEST, 9),
    (b'{"id":10,"method":"no/such","params":{}}', INVALID_REQUEST, 10),
    (b'{"id":11,"method":"turn/submit","params":{}}', INVALID_REQUEST, 11),
]
"""A line, and the code and id of its answer."""

SILENTLY_DROPPED = [
    b'{"id":99,"result":{}}',
    b'{"id":"no such","error":{"code":1,"message":"x"}}',
    b'{"id":null,"result":null}',
    b'{"id":0,"result":1,"error":2}',
    b'{"method":"no/such","params":{}}',
    b'{"method":"$/cancelRequest"}',
    b'{"method":"$/cancelRequest","params":{"id":{}}}',
    b'{"method":"$/cancelRequest","params":{"id":12345}}',
]


def shortened(line: bytes) -> bytes:
    return line[:60]


async def test_each_malformed_line_is_answered_and_the_next_one_works(place: Place) -> None:
    """-32700 without an id, -32600 with it, and the loop goes on."""
    async with app_server(place) as server:
        await server.initialize()
        answers: list[tuple[bytes, int, object]] = []
        for line, _, _ in NO_MESSAGES:
            await server.write(line + b"\n")
            answer = await server.read()
            answers.append((shortened(line), answer["error"]["code"], answer["id"]))
            assert answer["error"]["data"]["kind"]
            assert len(answer["error"]["message"]) < 2000
        await server.call("model/list")
    assert answers == [(shortened(line), code, key) for line, code, key in NO_MESSAGES]
    assert place.stderr.read_text() == ""


async def test_what_needs_no_answer_gets_none(place: Place) -> None:
    """JSON-RPC: notifications and responses are never answered, not even wrong ones."""
    async with app_server(place) as server:
        await server.initialize()
        answered = len(server.seen)
        await server.write(b"\n".join(SILENTLY_DROPPED) + b"\n")
        await server.call("model/list")
        assert len(server.seen) == answered + 1
    assert place.stderr.read_text() == ""


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"\xff", b"[" * DEEP, b"x" * 100_000, b'{"id":1,"method":"initialize"}']
)
def test_a_malformed_first_line_leaves_the_connection_usable(place: Place, line: bytes) -> None:
    """The first line is read apart from all others; it must be as robust."""
    conversation = line + b"\n" + lines_of(INITIALIZE)
    done = run_cli(place, "app-server", "--drain", *place.arguments, stdin=conversation)
    refusal, answer = messages_in(done.stdout)
    assert refusal["error"]["code"] in (PARSE_ERROR, INVALID_REQUEST)
    assert answer["id"] == "init"
    assert "result" in answer
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"clientInfo": None},
        {"clientInfo": {"name": 3, "version": "1"}},
        {"clientInfo": {"name": "n"}},
        {"clientInfo": {"name": "n", "version": "1"}, "capabilities": []},
        {"clientInfo": {"name": "n", "version": "1"}, "capabilities": {"approvals": "never"}},
    ],
)
async def test_a_wrong_introduction_is_refused_and_may_be_repeated(
    place: Place, params: Message
) -> None:
    async with app_server(place) as server:
        refusal = await server.request("initialize", params)
        assert refusal["error"]["code"] == INVALID_REQUEST
        assert refusal["error"]["data"]["kind"] == "invalidParams"
        await server.initialize()


async def test_the_introduction_comes_first_and_once(place: Place) -> None:
    """The protocol: `Not initialized`, `Already initialized`; an unknown method beats both."""
    async with app_server(place) as server:
        early = await server.request("model/list")
        unknown = await server.request("no/such")
        await server.initialize()
        again = await server.request("initialize", INITIALIZE["params"])
        await server.call("model/list")
    assert early["error"] == {
        "code": INVALID_REQUEST,
        "message": "Not initialized",
        "data": {"kind": "notInitialized"},
    }
    assert unknown["error"]["message"].startswith("Invalid request: unknown variant `no/such`")
    assert again["error"]["message"] == "Already initialized"


async def test_a_request_of_20_megabytes_is_carried_out(place: Place) -> None:
    """No size trap. Editors paste whole files, and users paste logs."""
    text = "".join(f"{number:09}\n" for number in range(2_000_000))
    place.play([say("Long.")])
    async with thread_of(place) as server:
        turn = await server.turn(text)
    assert turn["status"] == "completed"
    (heard,) = completed_items(server.seen, "userMessage")
    assert heard["content"][0]["text"] == text
    said = [line["payload"].get("message") for line in place.rollout_lines()]
    assert text in said


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("thread/start", {"cwd": "~no-such-user/x"}),
        ("thread/start", {"cwd": "/no\0where"}),
        ("thread/start", {"cwd": "x" * 10_000}),
        ("thread/start", {"modelProvider": "\0"}),
        ("thread/start", {"config": {"": 1}}),
        ("thread/start", {"config": {"a..b": 1}}),
        ("thread/start", {"config": {"model_instructions_file": "\0"}}),
        ("thread/start", {"config": {"projects": {"\0": {"trust_level": "trusted"}}, "model": 3}}),
        ("turn/submit", {"input": [{"type": "localImage", "path": "/no\0where.png"}]}),
        ("turn/submit", {"input": [{"type": "localImage", "path": "x" * 10_000 + ".png"}]}),
        ("turn/submit", {"input": [{"type": "localImage", "path": "pipe.png"}]}),
        ("turn/submit", {"input": [{"type": "text", "text": "x"}], "cwd": "~no-such-user"}),
        ("turn/submit", {"input": [{"type": "text", "text": "x"}], "cwd": "/no\0where"}),
        ("thread/loaded/list", {"cursor": "\0"}),
    ],
)
async def test_impossible_values_are_refused_and_never_our_fault(
    place: Place, method: str, params: Message
) -> None:
    os.mkfifo(place.project / "pipe.png")
    async with thread_of(place) as server:
        answer = await server.request(method, params)
        assert answer["error"]["code"] == INVALID_REQUEST, json.dumps(answer)
        await server.call("model/list")
    assert place.stderr.read_text() == ""
