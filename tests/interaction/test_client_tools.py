"""Tools that the client provides: `dynamicTools` and `item/tool/call`."""

from typing import Any

import anyio
import pytest

from tests.responses_server import (
    ResponsesServer,
    Stream,
    completed,
    created,
    function_call,
    item_done,
    message,
)
from tests.support.app import App, eventually
from tests.support.model_script import calls, says
from tests.support.outline import items, of_turn
from tests.support.peer import WAIT_SECONDS, Message, Peer, RefusedError
from tests.support.rollout import assert_calls_are_paired, outputs, read_rollout

SCHEMA = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}
PIXEL = "data:image/png;base64,iVBORw0KGgo="
CALL = [[calls("lookup", "c1", x="cats")], [says("Done")]]


def function(name: str = "lookup", **more: Any) -> dict[str, Any]:
    described = {"description": "Looks things up", "inputSchema": SCHEMA}
    return {"type": "function", "name": name, **described, **more}


def namespace(*tools: dict[str, Any], name: str = "crm", **more: Any) -> dict[str, Any]:
    return {"type": "namespace", "name": name, "description": "CRM", "tools": [*tools], **more}


def text(said: str) -> dict[str, Any]:
    return {"type": "inputText", "text": said}


def answer(*content: dict[str, Any], success: bool = True) -> dict[str, Any]:
    return {"contentItems": list(content), "success": success}


async def called(
    app: App, *tools: dict[str, Any], steps: Any = CALL
) -> tuple[Peer, Message, Message]:
    """A client, its thread, and the first call of one of its tools."""
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread(steps, dynamicTools=list(tools or [function()]))
    await peer.say(thread)
    return peer, thread, await peer.next("item/tool/call")


async def reply(peer: Peer, call: Message, **response: Any) -> None:
    await peer.send({"id": call["id"], **response})


async def at_rest(app: App, thread: Message) -> None:
    """Wait until the turn has ended and is on disk, with nobody there to be told."""
    loaded = app.server.threads.get_thread(thread["id"])
    with anyio.fail_after(WAIT_SECONDS):
        await loaded.idle()
    await loaded.read_point()


def heard(app: App) -> list[Any]:
    """What the model was told of its calls."""
    [path] = app.rollout_files()
    assert_calls_are_paired(read_rollout(path))
    return outputs(read_rollout(path))


# --- calls -------------------------------------------------------------------------------------


async def test_a_call_goes_to_the_client_and_its_answer_to_the_model(app: App) -> None:
    """The item is shown before the call, with the arguments as an object."""
    peer, thread, call = await called(app)
    started = next(m for m in reversed(peer.messages) if m.get("method") == "item/started")
    params = call["params"]
    assert params.pop("approvalId")
    assert params == {
        "threadId": thread["id"],
        "turnId": started["params"]["turnId"],
        "callId": "c1",
        "namespace": None,
        "tool": "lookup",
        "arguments": {"x": "cats"},
    }
    assert started["params"]["item"]["id"] == "c1"
    await reply(peer, call, result=answer(text("found")))
    told = await peer.until("turn/completed")
    assert of_turn(told)[:2] == [
        "serverRequest/resolved",
        "item/completed dynamicToolCall completed",
    ]
    [item] = items(told, "dynamicToolCall")
    assert item.pop("durationMs") >= 0
    assert item == {
        "type": "dynamicToolCall",
        "id": "c1",
        "tool": "lookup",
        "namespace": None,
        "arguments": {"x": "cats"},
        "status": "completed",
        "contentItems": [text("found")],
        "success": True,
        "startedAtMs": None,
        "completedAtMs": None,
    }
    assert heard(app) == ["found"]
    assert not any("waitingOn" in line for line in of_turn(peer.messages))


async def test_a_failure_that_the_client_reports_is_the_tools(app: App) -> None:
    peer, _, call = await called(app)
    await reply(peer, call, result=answer(text("no such thing"), success=False))
    told = await peer.until("turn/completed")
    [item] = items(told, "dynamicToolCall")
    assert (item["status"], item["success"]) == ("failed", False)
    assert heard(app) == ["no such thing"]
    assert told[-1]["params"]["turn"]["status"] == "completed"


async def test_images_reach_the_model_as_images(app: App) -> None:
    peer, _, call = await called(app)
    image = {"type": "inputImage", "imageUrl": PIXEL}
    sound = {"type": "inputAudio", "audioUrl": "data:audio/wav;base64,AA=="}
    await reply(peer, call, result=answer(text("look"), image, sound))
    [item] = items(await peer.until("turn/completed"), "dynamicToolCall")
    assert item["contentItems"] == [text("look"), image, sound]
    [[look, seen, unheard]] = heard(app)
    assert look == {"type": "input_text", "text": "look"}
    assert (seen["type"], seen["image_url"]) == ("input_image", PIXEL)
    assert unheard["type"] == "input_text"


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({"result": {}}, "made no sense"),
        ({"result": None}, "made no sense"),
        ({"result": {"decision": "accept"}}, "made no sense"),
        ({"result": {"contentItems": [{"type": "text"}], "success": True}}, "made no sense"),
        ({"result": {"contentItems": "no", "success": True}}, "made no sense"),
        ({"error": {"code": -1, "message": "boom"}}, "error: boom"),
    ],
)
async def test_an_answer_that_is_none_fails_the_call(
    app: App, response: dict[str, Any], reason: str
) -> None:
    """Pitfall 11: `{}` as an answer to any server request must be harmless."""
    peer, _, call = await called(app)
    await reply(peer, call, **response)
    told = await peer.until("turn/completed")
    [item] = items(told, "dynamicToolCall")
    assert (item["status"], item["success"]) == ("failed", False)
    [output] = heard(app)
    assert reason in output
    assert item["contentItems"] == [text(output)]


async def test_a_client_that_goes_away_has_failed_the_call(app: App) -> None:
    peer, thread, _ = await called(app)
    peer.sending.close()
    await eventually(lambda: app.closed == 1)
    await at_rest(app, thread)
    [output] = heard(app)
    assert "gone" in output


async def test_arguments_that_are_no_object_never_reach_the_client(app: App) -> None:
    replies = [
        Stream(
            [
                created(),
                item_done({**function_call("lookup", {}, f"c{n}"), "arguments": arguments}),
                completed(),
            ]
        )
        for n, arguments in enumerate(["{not json", "[1]", ""])
    ]
    done = Stream([created(), item_done(message("Done")), completed()])
    with ResponsesServer([*replies, done]) as model:
        peer = await app.connect(experimentalApi=True)
        thread = await started_with(peer, model, function())
        await peer.say(thread)
        call = await peer.next("item/tool/call")
        assert call["params"]["arguments"] == {}
        await reply(peer, call, result=answer(text("all")))
        told = [*peer.messages, *await peer.until("turn/completed")]
    assert len(items(told, "dynamicToolCall")) == 1
    first, second, third = heard(app)
    assert first.startswith("failed to parse function arguments")
    assert second.startswith("failed to parse function arguments")
    assert third == "all"


async def test_calls_overlap(app: App) -> None:
    steps = [[calls("lookup", "c1", x="1"), calls("lookup", "c2", x="2")], [says("Done")]]
    peer, _, first = await called(app, steps=steps)
    second = await peer.next("item/tool/call")
    await reply(peer, second, result=answer(text("two")))
    await peer.next("item/completed")
    await reply(peer, first, result=answer(text("one")))
    await peer.until("turn/completed")
    assert heard(app) == ["one", "two"]


async def test_an_interrupt_ends_the_call(app: App) -> None:
    peer, thread, call = await called(app)
    await peer.call("turn/interrupt", {"threadId": thread["id"], "turnId": ""})
    told = await peer.until("turn/completed")
    assert "item/completed dynamicToolCall failed" in of_turn(told)
    assert told[-1]["params"]["turn"]["status"] == "interrupted"
    await reply(peer, call, result=answer(text("late")))
    await peer.turn(thread)
    assert [output[:7] for output in heard(app)] == ["aborted"]


async def test_a_call_can_be_answered_by_request(app: App) -> None:
    """For clients that have their questions as notifications."""
    peer = await app.connect(experimentalApi=True, approvals="notify")
    thread = await peer.start_thread(CALL, dynamicTools=[function()])
    await peer.say(thread)
    asked = (await peer.next("approval/requested"))["params"]["approval"]
    assert (asked["method"], asked["itemId"]) == ("item/tool/call", "c1")
    respond = {"approvalId": asked["approvalId"]}
    wrongs: list[tuple[dict[str, Any], str]] = [
        ({"decision": "accept"}, "response"),
        ({"response": {}}, "response.contentItems"),
        ({"response": {"contentItems": [], "success": "yes"}}, "response.success"),
    ]
    for wrong, path in wrongs:
        with pytest.raises(RefusedError) as refused:
            await peer.call("approval/respond", {**respond, **wrong})
        assert refused.value.data == {"kind": "invalidParams", "path": path}
    await peer.call("approval/respond", {**respond, "response": answer(text("found"))})
    await peer.until("turn/completed")
    assert heard(app) == ["found"]
    with pytest.raises(RefusedError) as late:
        await peer.call("approval/respond", {**respond, "response": answer(text("again"))})
    assert late.value.data["kind"] == "approvalResolved"


async def test_a_client_that_hears_of_calls_by_notification_may_go_away(app: App) -> None:
    peer = await app.connect(experimentalApi=True, approvals="notify")
    thread = await peer.start_thread(CALL, dynamicTools=[function()])
    await peer.say(thread)
    await peer.next("approval/requested")
    peer.sending.close()
    await at_rest(app, thread)
    assert "gone" in heard(app)[0]


async def test_a_client_that_does_not_know_the_tool_does_not_fail_the_call(app: App) -> None:
    """Two clients follow one thread over a socket; only one of them has the tool."""
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread([[says("Hi")], *CALL], dynamicTools=[function()])
    await peer.turn(thread)
    other = await app.connect()
    await other.call("thread/resume", {"threadId": thread["id"]})
    await peer.say(thread)
    call, unknown = await peer.next("item/tool/call"), await other.next("item/tool/call")
    await reply(other, unknown, error={"code": -32601, "message": "no such tool"})
    await other.call("thread/loaded/list", {})
    await reply(peer, call, result=answer(text("found")))
    await peer.until("turn/completed")
    await other.until("serverRequest/resolved")
    assert heard(app) == ["found"]


async def test_the_call_fails_when_the_last_client_that_may_answer_is_gone(app: App) -> None:
    peer = await app.connect(experimentalApi=True)
    thread = await peer.start_thread([[says("Hi")], *CALL], dynamicTools=[function()])
    await peer.turn(thread)
    other = await app.connect(approvals="notify")
    await other.call("thread/resume", {"threadId": thread["id"]})
    await peer.say(thread)
    call = await peer.next("item/tool/call")
    await other.next("approval/requested")
    await reply(peer, call, result={})
    await peer.call("thread/loaded/list", {})
    assert len((await other.call("approval/list", {}))["data"]) == 1
    other.sending.close()
    await peer.until("turn/completed")
    assert "gone" in heard(app)[0]


# --- what the model is offered -----------------------------------------------------------------


async def started_with(
    peer: Peer, model: ResponsesServer, *tools: dict[str, Any], name: str = "gpt-6-sol"
) -> Message:
    """A thread whose model is an HTTP server's."""
    provider = {"name": "local", "base_url": model.url}
    config = {f"model_providers.local.{key}": value for key, value in provider.items()}
    return await peer.start_thread(
        [], modelProvider="local", model=name, config=config, dynamicTools=list(tools)
    )


def replies(*names: str) -> list[Stream]:
    """A call of each of these tools, `namespace.tool` or just `tool`, and a last word."""
    steps: list[Stream] = []
    for number, name in enumerate(names):
        where, _, tool = name.rpartition(".")
        call = function_call(tool, {"x": "1"}, f"c{number}")
        steps.append(
            Stream(
                [created(), item_done(call | ({"namespace": where} if where else {})), completed()]
            )
        )
    return [*steps, Stream([created(), item_done(message("Done")), completed()])]


def offered(model: ResponsesServer) -> list[dict[str, Any]]:
    """The client's tools in the last request."""
    tools = model.requests[-1].body["tools"]
    return [tool for tool in tools if tool.get("name", "").startswith(("lookup", "crm", "loose"))]


async def test_the_model_is_offered_functions_and_namespaces(app: App) -> None:
    with ResponsesServer(replies("crm.find")) as model:
        peer = await app.connect(experimentalApi=True)
        loose: dict[str, Any] = {
            "name": "loose",
            "description": "L",
            "inputSchema": {},
            "deferLoading": True,
        }
        thread = await started_with(peer, model, function(), namespace(function("find")), loose)
        await peer.say(thread)
        call = await peer.next("item/tool/call")
        assert (call["params"]["namespace"], call["params"]["tool"]) == ("crm", "find")
        await reply(peer, call, result=answer(text("found")))
        [item] = items(await peer.until("turn/completed"), "dynamicToolCall")
        assert (item["namespace"], item["tool"]) == ("crm", "find")
        lookup, crm, undemanding = offered(model)
    assert lookup == {
        "type": "function",
        "name": "lookup",
        "description": "Looks things up",
        "strict": False,
        "parameters": SCHEMA,
    }
    assert (crm["type"], [tool["name"] for tool in crm["tools"]]) == ("namespace", ["find"])
    assert undemanding["parameters"] == {"type": "object"}


async def test_a_model_without_namespaces_calls_by_one_name(app: App) -> None:
    with ResponsesServer(replies("crm__find")) as model:
        peer = await app.connect(experimentalApi=True)
        tools = [namespace(function("find"))]
        thread = await started_with(peer, model, *tools, name="nobody-knows")
        await peer.say(thread)
        call = await peer.next("item/tool/call")
        assert (call["params"]["namespace"], call["params"]["tool"]) == ("crm", "find")
        await reply(peer, call, result=answer(text("found")))
        await peer.until("turn/completed")
        assert [tool["name"] for tool in offered(model)] == ["crm__find"]


async def test_tools_are_there_after_a_resume_and_in_a_fork(app: App) -> None:
    """They are on record with the thread, as the `codex` command keeps them."""
    with ResponsesServer([*replies("lookup"), *replies(), *replies()]) as model:
        peer = await app.connect(experimentalApi=True)
        legacy = function("find", namespace="crm")
        thread = await started_with(peer, model, function(), legacy)
        await peer.say(thread)
        await reply(peer, await peer.next("item/tool/call"), result=answer(text("found")))
        await peer.until("turn/completed")
        before = offered(model)
        provider = {"model_providers.local.base_url": model.url}
        config = {**provider, "model_providers.local.name": "local"}
        path = {"threadId": thread["id"], "config": config}
        fork = (await peer.call("thread/fork", path))["thread"]
        await peer.turn(fork)
        assert offered(model) == before
        await peer.call("thread/archive", {"threadId": thread["id"]})
        await peer.call("thread/unarchive", {"threadId": thread["id"]})
        resumed = (await peer.call("thread/resume", path))["thread"]
        shown = [i for t in resumed["turns"] for i in t["items"] if i["type"] == "dynamicToolCall"]
        assert [(i["id"], i["status"], i["success"]) for i in shown] == [("c0", "completed", True)]
        await peer.turn(thread)
        assert offered(model) == before


async def test_a_resume_may_bring_other_tools(app: App) -> None:
    with ResponsesServer([*replies(), *replies()]) as model:
        peer = await app.connect(experimentalApi=True)
        thread = await started_with(peer, model, function())
        await peer.turn(thread)
        provider = {"model_providers.local.base_url": model.url}
        config = {**provider, "model_providers.local.name": "local"}
        params = {"threadId": thread["id"], "config": config, "dynamicTools": [function("loose")]}
        fork = (await peer.call("thread/fork", params))["thread"]
        await peer.turn(fork)
        assert [tool["name"] for tool in offered(model)] == ["loose"]


# --- refusals ----------------------------------------------------------------------------------

BAD: list[tuple[list[Any], str, str]] = [
    ([function("")], "must not be empty", "0.name"),
    ([function("a b")], "must match", "0.name"),
    ([function("x" * 129)], "at most 128", "0.name"),
    ([function(), function()], "duplicate dynamic tool name: lookup", "1.name"),
    ([function("mcp")], "reserved: mcp", "0.name"),
    ([function("mcp__x")], "reserved: mcp__x", "0.name"),
    ([function("shell")], "server's own: shell", "0.name"),
    ([function("local_shell")], "server's own: local_shell", "0.name"),
    ([function(inputSchema=True)], "must be an object", "0.inputSchema"),
    ([function(inputSchema={"type": "string"})], "an object", "0.inputSchema.type"),
    ([function(inputSchema={"properties": 3})], "an object", "0.inputSchema.properties"),
    ([function(inputSchema={"properties": {"a": 3}})], "schema", "0.inputSchema.properties.a"),
    ([function(inputSchema={"required": "a"})], "a list", "0.inputSchema.required"),
    ([function(inputSchema={"required": ["a", 1]})], "a name", "0.inputSchema.required.1"),
    ([{"type": "function", "name": "a", "description": "b"}], "inputSchema", "0.inputSchema"),
    ([{"type": "other"}], "unknown variant `other`", "0"),
    ([namespace(function(), name="")], "namespace must not be empty", "0.name"),
    ([namespace(function(), name="web")], "collides with a reserved", "0.name"),
    ([namespace(function(), name="x" * 65)], "at most 64", "0.name"),
    ([namespace()], "at least one tool", "0.tools"),
    ([namespace(function()), namespace(function())], "duplicate dynamic tool namespace", "1.name"),
    ([namespace(function(), function())], "in namespace crm: lookup", "0.tools.1.name"),
    ([namespace(function("a b"))], "must match", "0.tools.0.name"),
    ([namespace(function(), description="x" * 1025)], "at most 1024", "0.description"),
    ([function(namespace="functions")], "collides with a reserved", "0.namespace"),
]


@pytest.mark.parametrize(("tools", "words", "path"), BAD)
async def test_a_tool_that_no_model_can_be_offered_is_refused_at_once(
    app: App, tools: list[Any], words: str, path: str
) -> None:
    """User demand 24: reject schemas up front with a precise path."""
    peer = await app.connect(experimentalApi=True)
    with pytest.raises(RefusedError) as refused:
        await peer.start_thread([], dynamicTools=tools)
    assert words in refused.value.message
    assert refused.value.code == -32600
    assert refused.value.data == {"kind": "invalidParams", "path": f"dynamicTools.{path}"}
    assert app.server.threads.list_thread_ids() == []


async def test_client_tools_are_experimental(app: App) -> None:
    peer = await app.connect()
    words = r"^thread/start.dynamicTools requires experimentalApi capability$"
    with pytest.raises(RefusedError, match=words):
        await peer.start_thread([], dynamicTools=[])


async def test_a_clients_tool_takes_the_place_of_one_that_few_models_are_offered(
    app: App,
) -> None:
    peer = await app.connect(experimentalApi=True)
    tool: dict[str, Any] = {"name": "read_file", "description": "", "inputSchema": {}}
    steps = [[calls("read_file", path="x")], [says("Done")]]
    thread = await peer.start_thread(steps, dynamicTools=[tool])
    await peer.say(thread)
    call = await peer.next("item/tool/call")
    assert (call["params"]["tool"], call["params"]["arguments"]) == ("read_file", {"path": "x"})
    result = {"success": True, "contentItems": [{"type": "inputText", "text": "the file"}]}
    await peer.send({"id": call["id"], "result": result})
    await peer.until("turn/completed")


async def test_a_namespaced_tool_may_be_called_like_one_of_ours(app: App) -> None:
    with ResponsesServer(replies("crm.shell")) as model:
        peer = await app.connect(experimentalApi=True)
        thread = await started_with(peer, model, namespace(function("shell")))
        await peer.say(thread)
        await reply(peer, await peer.next("item/tool/call"), result=answer(text("mine")))
        await peer.until("turn/completed")
    assert heard(app) == ["mine"]
