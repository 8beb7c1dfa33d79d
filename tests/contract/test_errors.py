"""Refusals, word for word: some clients parse the texts of the Codex app-server."""

from typing import Any

import pytest

from codex_rpc.errors import ErrorKind
from codex_rpc.protocol.methods import Direction
from tests.contract.contract_schema import bundle, methods_of
from tests.contract.scene import EXAMPLES, set_scene
from tests.support.app import App
from tests.support.peer import RefusedError


def unknown(variant: str, *expected: str) -> str:
    names = ", ".join(f"`{name}`" for name in expected)
    return f"Invalid request: unknown variant `{variant}`, expected one of {names}"


ABSENT = "019fae39-b81d-7341-ad7b-8da55e6afab4"
"""A thread id that no thread has."""

TURN: dict[str, Any] = {"threadId": ABSENT, "input": []}

NO_STRINGS: list[tuple[Any, str]] = [
    (3, "integer `3`"),
    (1.5, "floating point `1.5`"),
    (True, "boolean `true`"),
    (None, "null"),
    ([], "sequence"),
    ({}, "map"),
]

REFUSALS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "thread/start",
        {"sandbox": "none"},
        unknown("none", "read-only", "workspace-write", "danger-full-access"),
        {"kind": "invalidParams", "path": "sandbox"},
    ),
    (
        "turn/start",
        {**TURN, "sandboxPolicy": {"type": "none"}},
        unknown("none", "dangerFullAccess", "readOnly", "externalSandbox", "workspaceWrite"),
        {"kind": "invalidParams", "path": "sandboxPolicy"},
    ),
    (
        "turn/start",
        {**TURN, "input": [{"type": "none"}]},
        unknown("none", "text", "image", "localImage", "audio", "localAudio", "skill", "mention"),
        {"kind": "invalidParams", "path": "input.0"},
    ),
    (
        "turn/start",
        {**TURN, "input": [{"text": "no type"}]},
        "Invalid request: missing field `type`",
        {"kind": "invalidParams", "path": "input.0"},
    ),
    (
        "turn/start",
        {**TURN, "input": [{"type": "text"}]},
        "Invalid request: missing field `text`",
        {"kind": "invalidParams", "path": "input.0.text"},
    ),
    (
        "turn/start",
        {**TURN, "input": "text"},
        'Invalid request: invalid type: string "text", expected a sequence',
        {"kind": "invalidParams", "path": "input"},
    ),
    (
        "turn/start",
        {"input": []},
        "Invalid request: missing field `threadId`",
        {"kind": "invalidParams", "path": "threadId"},
    ),
    *(
        (
            "turn/start",
            {**TURN, "threadId": value},
            f"Invalid request: invalid type: {shown}, expected a string",
            {"kind": "invalidParams", "path": "threadId"},
        )
        for value, shown in NO_STRINGS
    ),
    (
        "thread/start",
        {"ephemeral": "x"},
        'Invalid request: invalid type: string "x", expected a boolean',
        {"kind": "invalidParams", "path": "ephemeral"},
    ),
    (
        "thread/start",
        {"config": 3},
        "Invalid request: invalid type: integer `3`, expected a map",
        {"kind": "invalidParams", "path": "config"},
    ),
    (
        "turn/start",
        TURN,
        f"thread not found: {ABSENT}",
        {"kind": "threadNotFound", "path": "threadId"},
    ),
    (
        "thread/start",
        {"modelProvider": "none"},
        "failed to load configuration: Model provider `none` not found",
        {"kind": "configInvalid"},
    ),
    (
        "turn/submit",
        {"threadId": ABSENT, "input": []},
        "input must not be empty",
        {"kind": "invalidParams", "path": "input"},
    ),
    (
        "thread/start",
        {"approvalPolicy": {"granular": dict.fromkeys(("sandbox_approval", "rules"), True)}},
        "Invalid request: missing field `mcp_elicitations`",
        {"kind": "invalidParams", "path": "approvalPolicy.granular.mcp_elicitations"},
    ),
]


@pytest.mark.parametrize(
    ("method", "params", "message", "data"), REFUSALS, ids=[f"{r[0]} {r[2]}" for r in REFUSALS]
)
async def test_a_refusal_has_the_words_and_the_code_of_the_reference(
    app: App, method: str, params: dict[str, Any], message: str, data: dict[str, Any]
) -> None:
    """-32600 for all of these, never -32602."""
    peer = await app.connect()
    with pytest.raises(RefusedError) as refused:
        await peer.call(method, params)
    assert (refused.value.code, refused.value.message) == (-32600, message)
    assert refused.value.data == data


@pytest.mark.parametrize("limit", [-1, 1.5])
async def test_a_limit_is_a_natural_number(app: App, limit: float) -> None:
    peer = await app.connect()
    with pytest.raises(RefusedError) as refused:
        await peer.call("model/list", {"limit": limit})
    assert refused.value.code == -32600
    assert refused.value.data == {"kind": "invalidParams", "path": "limit"}


async def test_a_string_that_is_no_thread_id_is_told_apart_from_an_absent_thread(app: App) -> None:
    peer = await app.connect()
    for method in ("turn/start", "turn/submit", "turn/interrupt", "thread/unsubscribe"):
        params = {"threadId": "nope", "input": [{"type": "text", "text": "x"}], "turnId": ""}
        with pytest.raises(RefusedError, match=r"^invalid thread id: ") as refused:
            await peer.call(method, params)
        assert refused.value.data == {"kind": "invalidThreadId", "path": "threadId"}


@pytest.mark.parametrize("introduced", [False, True])
@pytest.mark.parametrize(
    "method", ["no/such/method", "", "turn/completed", "initialized", "x" * 500]
)
async def test_an_unknown_method_is_an_unknown_variant(
    app: App, method: str, introduced: bool
) -> None:
    """-32600, not -32601, also before `initialize`; the text lists what exists."""
    peer = await app.connect() if introduced else app.dial()
    with pytest.raises(RefusedError) as refused:
        await peer.call(method, {})
    error = refused.value
    assert error.message == unknown(method[:200], *methods_of(Direction.CLIENT_REQUEST))
    assert (error.code, error.data) == (-32600, {"kind": "unknownMethod"})


@pytest.mark.parametrize("method", [name for name in EXAMPLES if name != "initialize"])
async def test_nothing_can_be_asked_before_initialize(app: App, method: str) -> None:
    scene = await set_scene(app, method)
    stranger = app.dial()
    with pytest.raises(RefusedError, match=r"^Not initialized$") as refused:
        await stranger.call(method, scene.params(method))
    assert (refused.value.code, refused.value.data) == (-32600, {"kind": "notInitialized"})
    assert len((await scene.peer.call("approval/list", {}))["data"]) == 1, "it changed nothing"


async def test_wrong_parameters_are_told_before_the_missing_introduction(app: App) -> None:
    """Method and params are read first, then `Not initialized`."""
    with pytest.raises(RefusedError, match="missing field `threadId`"):
        await app.dial().call("turn/start", {"input": []})


async def test_a_client_introduces_itself_once(app: App) -> None:
    peer = await app.connect()
    for params in (EXAMPLES["initialize"], {"clientInfo": {"name": "other", "version": "2"}}):
        with pytest.raises(RefusedError, match=r"^Already initialized$") as refused:
            await peer.call("initialize", params)
        assert (refused.value.code, refused.value.data) == (-32600, {"kind": "alreadyInitialized"})


async def test_requests_are_taken_without_the_initialized_notification(app: App) -> None:
    """After the response to `initialize`, even if `initialized` was never sent."""
    peer = await app.connect()
    assert (await peer.call("thread/loaded/list", {}))["data"] == []
    await peer.notify("initialized")
    await peer.notify("no/such/notification", {"x": 1})
    assert (await peer.call("thread/loaded/list", {}))["data"] == []


GRANULAR = {"granular": {"sandbox_approval": True, "rules": True, "mcp_elicitations": True}}


@pytest.mark.parametrize("method", ["thread/start", "turn/start", "turn/submit"])
async def test_a_granular_policy_needs_the_experimental_capability(app: App, method: str) -> None:
    """`askForApproval.granular requires experimentalApi capability`."""
    scene = await set_scene(app, method)
    with pytest.raises(RefusedError) as refused:
        await scene.peer.call(method, scene.params(method, approvalPolicy=GRANULAR))
    error = refused.value
    assert error.message == "askForApproval.granular requires experimentalApi capability"
    assert (error.code, error.data) == (-32600, {"kind": "experimentalRequired"})
    scene = await set_scene(app, method, experimentalApi=True)
    await scene.peer.call(method, scene.params(method, approvalPolicy=GRANULAR))


@pytest.mark.parametrize(
    ("line", "code", "request_id"),
    [
        (b"{", -32700, None),
        (b"nonsense", -32700, None),
        (b"\xff\xfe", -32700, None),
        (b'{"id":1,"method":"x","params":NaN}', -32700, None),
        (b"[]", -32600, None),
        (b"3", -32600, None),
        (b'{"id":7}', -32600, 7),
        (b'{"id":7,"method":3}', -32600, 7),
        (b'{"id":7,"method":"model/list","params":"x"}', -32600, 7),
        (b'{"id":null,"method":"model/list","params":{}}', -32600, None),
        (b'{"id":1.5,"method":"model/list","params":{}}', -32600, None),
    ],
)
async def test_a_malformed_line_is_answered_and_the_next_one_read(
    app: App, line: bytes, code: int, request_id: int | None
) -> None:
    """Malformed input is answered with an error, and the loop goes on."""
    peer = await app.connect()
    peer.forget()
    await peer.send_bytes(line + b"\r\n\n")
    assert (await peer.call("thread/loaded/list", {}))["data"] == []
    refusal = peer.messages[-2]
    assert (refusal["id"], refusal["error"]["code"]) == (request_id, code)
    assert refusal["error"]["data"]["kind"] in ("parseError", "invalidRequest")


@pytest.mark.parametrize("request_id", [0, -1, 2**53, "", "a", "\u00e9\U0001f600", "x" * 10_000])
async def test_a_request_is_answered_with_its_own_id(app: App, request_id: int | str) -> None:
    peer = await app.connect()
    await peer.send({"id": request_id, "method": "thread/loaded/list", "params": {}})
    assert (await peer.response(request_id))["data"] == []
    answer = peer.messages[-1]
    assert "jsonrpc" not in answer
    assert type(answer["id"]) is type(request_id)


async def test_jsonrpc_is_sent_once_the_client_has_sent_it(app: App) -> None:
    """`jsonrpc` is accepted, and sent once the client has sent it."""
    peer = await app.connect()
    members: dict[str, Any] = {"method": "thread/loaded/list", "params": {}}
    await peer.send({"jsonrpc": "2.0", "id": "v", **members})
    await peer.response("v")
    assert peer.messages[-1]["jsonrpc"] == "2.0"
    assert "jsonrpc" not in peer.messages[0]


async def test_a_cancelled_request_is_answered_as_such(app: App) -> None:
    peer = await app.connect()
    start = {"cwd": str(app.project)}
    await peer.send(
        {"id": "a", "method": "thread/start", "params": start},
        {"id": "b", "method": "turn/submit", "params": {"input": [{"type": "text", "text": "x"}]}},
        {"method": "$/cancelRequest", "params": {"id": "b"}},
        {"method": "$/cancelRequest", "params": {"id": "unknown"}},
        {"method": "$/cancelRequest", "params": {}},
    )
    with pytest.raises(RefusedError) as refused:
        await peer.response("b")
    assert refused.value.data == {"kind": "cancelled"}
    assert (await peer.response("a"))["thread"]["status"] == {"type": "idle"}


def test_the_schema_lists_the_kinds_of_error() -> None:
    assert set(bundle()["$defs"]["ErrorKind"]["enum"]) == {kind.value for kind in ErrorKind}


async def test_the_missing_introduction_is_told_before_the_missing_capability(app: App) -> None:
    """Params, then `Not initialized`, then the experimental gate."""
    with pytest.raises(RefusedError, match=r"^Not initialized$"):
        await app.dial().call("thread/start", {"approvalPolicy": GRANULAR})
