import gzip
import logging
import os
from collections.abc import Mapping
from typing import Any

import anyio
import pytest

from codex_rpc.config.providers import ModelProvider
from codex_rpc.errors import (
    ContextWindowExceededError,
    ModelBadRequestError,
    ModelConnectionError,
    ModelError,
    ModelServerError,
    ModelStreamError,
    ModelUnauthorizedError,
    UsageLimitError,
)
from codex_rpc.model.events import (
    ModelEvent,
    OutputItemDone,
    OutputItemStarted,
    RateLimitsReported,
    ReasoningDelta,
    ReasoningSummaryDelta,
    ReasoningSummaryPartStarted,
    ResponseCompleted,
    ResponseStarted,
    TextDelta,
)
from codex_rpc.model.port import RateLimits, RateWindow, TokenUsage
from codex_rpc.model.request_body import build_body
from codex_rpc.model.responses import ResponsesClient
from codex_rpc.protocol.response_items import RESPONSE_ITEM, ResponseItem
from tests.responses_server import (
    Drop,
    Gate,
    ReceivedRequest,
    Refusal,
    Reply,
    ResponsesServer,
    Stream,
    completed,
    created,
    failed,
    function_call,
    item_added,
    item_done,
    message,
    sse,
    text_delta,
    text_events,
)
from tests.unit.model.asking import (
    REQUEST,
    FixedCredentials,
    ask,
    ask_once,
    client_of,
    collect,
    failure_of,
)

HELLO = Stream(text_events("hel", "lo"))


def item(value: Mapping[str, Any]) -> ResponseItem:
    return RESPONSE_ITEM.validate_python(value)


async def test_a_message_streams_and_completes() -> None:
    assert await ask_once(HELLO) == [
        ResponseStarted("resp_1"),
        OutputItemStarted(item({**message(""), "content": []})),
        TextDelta("hel"),
        TextDelta("lo"),
        OutputItemDone(item(message("hello"))),
        ResponseCompleted("resp_1"),
    ]


@pytest.mark.parametrize("pieces", [1, 7])
async def test_a_compressed_stream_is_read(pieces: int) -> None:
    """A proxy between may compress what the provider does not."""
    packed = gzip.compress(b"".join(map(sse, text_events("hel", "lo"))))
    size = -(-len(packed) // pieces)
    parts = [packed[at : at + size] for at in range(0, len(packed), size)]
    said = await ask_once(Stream(parts, headers={"Content-Encoding": "gzip"}))
    assert said == await ask_once(HELLO)


async def test_reasoning_tool_calls_and_usage_come_through() -> None:
    reasoning: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": []}
    call = function_call("shell", {"command": ["ls"]}, "call_1")
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    events = [
        item_added(reasoning),
        {"type": "response.reasoning_summary_part.added", "summary_index": 0},
        {"type": "response.reasoning_summary_text.delta", "delta": "sum", "summary_index": 0},
        {"type": "response.reasoning_text.delta", "delta": "raw", "content_index": 0},
        item_done(reasoning),
        {"type": "response.function_call_arguments.delta", "delta": "{"},
        item_done(call),
        completed("resp_9", usage),
    ]
    assert await ask_once(Stream(events)) == [
        OutputItemStarted(item(reasoning)),
        ReasoningSummaryPartStarted(0),
        ReasoningSummaryDelta("sum", 0),
        ReasoningDelta("raw", 0),
        OutputItemDone(item(reasoning)),
        OutputItemDone(item(call)),
        ResponseCompleted("resp_9", TokenUsage(3, 0, 4, 0, 7)),
    ]


async def test_the_request_is_exactly_what_the_provider_asks_for() -> None:
    with ResponsesServer([HELLO]) as server:
        async with client_of(
            server,
            environ={"MY_ORG": "acme", "EMPTY": ""},
            http_headers={"X-Extra": "1"},
            env_http_headers={"X-Org": "MY_ORG", "X-Empty": "EMPTY", "X-None": "ABSENT"},
            query_params={"api-version": "2"},
        ) as client:
            await ask(client)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/responses")
    assert request.query == {"api-version": ["2"]}
    assert request.body == build_body(REQUEST, ModelProvider(id="local", name="Local"))
    headers = dict(request.headers)
    assert int(headers.pop("content-length")) > 0
    assert headers.pop("host") in server.url
    assert headers == {
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "connection": "keep-alive",
        "content-type": "application/json",
        "user-agent": "codex-rpc",
        "originator": "codex_rpc",
        "session_id": "thread-1",
        "conversation_id": "thread-1",
        "authorization": "Bearer sk-abcdef",
        "x-extra": "1",
        "x-org": "acme",
    }


async def test_events_of_one_read_make_one_batch_and_of_several_reads_several() -> None:
    gate = Gate()
    deltas = [text_delta("a")] * 20
    with ResponsesServer([Stream([created(), gate, *deltas, completed()])]) as server:
        async with client_of(server) as client, client.stream(REQUEST) as batches:
            assert await anext(batches) == [ResponseStarted("resp_1")]
            gate.open()
            sizes = [len(batch) async for batch in batches]
    assert sum(sizes) == 21
    assert len(sizes) < 21


async def test_a_completed_response_ends_though_the_connection_stays_open() -> None:
    gate = Gate()
    assert (await ask_once(Stream([completed(), text_delta("late"), gate]))) == [
        ResponseCompleted("resp_1")
    ]


async def test_connections_are_kept_for_the_next_request() -> None:
    with ResponsesServer([HELLO, HELLO, Refusal(400), HELLO]) as server:
        async with client_of(server) as client:
            await ask(client)
            await ask(client)
            with pytest.raises(ModelBadRequestError):
                await ask(client)
            await ask(client)
    assert [request.connection for request in server.requests] == [1, 1, 1, 1]


async def test_requests_at_once_do_not_wait_for_each_other() -> None:
    gates = [Gate() for _ in range(30)]
    streams = [Stream([created(), gate, completed()]) for gate in gates]
    with ResponsesServer(streams) as server:
        async with client_of(server) as client, anyio.create_task_group() as group:
            for _ in gates:
                group.start_soon(ask, client)
            for gate in gates:
                await gate.reached()
            for gate in gates:
                gate.open()


@pytest.mark.parametrize("cut", [True, False])
async def test_a_stream_that_ends_early_is_a_retryable_error_after_what_came(cut: bool) -> None:
    got: list[ModelEvent] = []
    with ResponsesServer([Stream([created(), text_delta("a")], cut=cut)]) as server:
        async with client_of(server) as client, client.stream(REQUEST) as batches:
            with pytest.raises(
                ModelStreamError, match=r"^stream closed before response\.completed$"
            ) as caught:
                await collect(batches, got)
    assert caught.value.retryable
    assert got == [ResponseStarted("resp_1"), TextDelta("a")]


async def test_silence_in_a_stream_is_an_idle_timeout() -> None:
    error = await failure_of(Stream([created(), Gate()]), stream_idle_timeout_ms=50)
    assert type(error) is ModelStreamError
    assert str(error) == "idle timeout waiting for SSE"


async def test_silence_before_the_answer_is_an_idle_timeout_too() -> None:
    error = await failure_of(Stream([], before=Gate()), HELLO, stream_idle_timeout_ms=50)
    assert str(error) == "idle timeout waiting for SSE"


async def test_comments_do_not_keep_a_stream_alive() -> None:
    comments = [b": ping\n\n"] * 3
    error = await failure_of(Stream([*comments, Gate()]), stream_idle_timeout_ms=50)
    assert str(error) == "idle timeout waiting for SSE"


@pytest.mark.parametrize(
    ("reply", "info", "status", "text"),
    [
        (Refusal(400, '{"raw": 1}'), "other", 400, '{"raw": 1}'),
        (Refusal(401), "httpConnectionFailed", 401, "unexpected status 401 Unauthorized"),
        (Refusal(429, "slow"), "usageLimitExceeded", 429, "too many requests (HTTP 429): slow"),
        (Refusal(500), "internalServerError", 500, "unexpected status 500 Internal Server Error"),
        (Refusal(503), "httpConnectionFailed", 503, "unexpected status 503 Service Unavailable"),
    ],
)
async def test_a_refusal_becomes_a_typed_error(
    reply: Refusal, info: str, status: int, text: str
) -> None:
    error = await failure_of(reply, request_max_retries=0)
    assert (error.info, error.http_status, str(error)) == (info, status, text)


async def test_a_refusal_is_raised_on_entering() -> None:
    with ResponsesServer([Refusal(400, "no")]) as server:
        async with client_of(server) as client:
            context = client.stream(REQUEST)
            with pytest.raises(ModelBadRequestError, match="no"):
                await context.__aenter__()


@pytest.mark.parametrize("trouble", [Refusal(500), Refusal(503), Drop()])
async def test_passing_trouble_is_tried_again_until_it_passes(trouble: Reply) -> None:
    with ResponsesServer([trouble, trouble, HELLO]) as server:
        async with client_of(server) as client:
            assert len(await ask(client)) == 6
    assert len(server.requests) == 3
    assert server.requests[0].body == server.requests[2].body


async def test_request_retries_are_counted() -> None:
    with ResponsesServer([Refusal(500)] * 9) as server:
        async with client_of(server, request_max_retries=3) as client:
            with pytest.raises(ModelServerError):
                await ask(client)
    assert len(server.requests) == 4


@pytest.mark.parametrize("status", [400, 401, 404, 429])
async def test_other_refusals_are_not_tried_again(status: int) -> None:
    with ResponsesServer([Refusal(status)] * 9) as server:
        async with client_of(server) as client:
            with pytest.raises(ModelError):
                await ask(client)
    assert len(server.requests) == 1


async def test_retry_after_reaches_the_session() -> None:
    error = await failure_of(Refusal(429, headers={"Retry-After": "3"}))
    assert (error.retry_after, error.retryable) == (3.0, True)


async def test_retry_after_replaces_the_usual_wait() -> None:
    reply = Refusal(503, headers={"Retry-After": "0"})
    with ResponsesServer([reply, HELLO]) as server:
        async with client_of(server) as client:
            assert len(await ask(client)) == 6


async def test_a_wait_too_long_to_sit_through_ends_the_retries() -> None:
    error = await failure_of(Refusal(503, headers={"Retry-After": "86400"}), HELLO)
    assert (error.retry_after, error.retryable) == (86400.0, False)


async def test_a_usage_limit_tells_the_rate_limits_before_it_fails() -> None:
    failure = {"type": "usage_limit_reached", "message": "Limit reached"}
    headers = {"X-Codex-Primary-Used-Percent": "100", "X-Codex-Primary-Window-Minutes": "300"}
    reported: list[ModelEvent] = []
    with ResponsesServer([Refusal(429, {"error": failure}, headers)]) as server:
        async with client_of(server) as client, client.stream(REQUEST) as batches:
            with pytest.raises(UsageLimitError, match="Limit reached"):
                await collect(batches, reported)
    assert reported == [RateLimitsReported(RateLimits(primary=RateWindow(100.0, 300)))]


async def test_rate_limit_headers_come_first() -> None:
    events = await ask_once(Stream([completed()], {"x-codex-secondary-used-percent": "5"}))
    assert events == [
        RateLimitsReported(RateLimits(secondary=RateWindow(5.0))),
        ResponseCompleted("resp_1"),
    ]


async def test_a_failure_in_the_stream_comes_after_the_events_before_it() -> None:
    got: list[ModelEvent] = []
    events = [created(), text_delta("a"), failed("context_length_exceeded", "too long")]
    with ResponsesServer([Stream(events, in_one_chunk=True)]) as server:
        async with client_of(server) as client, client.stream(REQUEST) as batches:
            with pytest.raises(ContextWindowExceededError, match="too long"):
                await collect(batches, got)
    assert got == [ResponseStarted("resp_1"), TextDelta("a")]


async def test_an_unreachable_provider_is_named_without_its_secrets() -> None:
    with ResponsesServer() as server:
        url = server.url
    provider = ModelProvider(
        id="gone",
        name="Gone",
        base_url=url.replace("//", "//user:hunter22@"),
        query_params={"key": "hush-hush"},
        request_max_retries=1,
    )
    client = ResponsesClient(provider, FixedCredentials(), environ={}, jitter=lambda: 0)
    with pytest.raises(ModelConnectionError) as caught:
        await ask(client)
    await client.aclose()
    assert str(caught.value).startswith(f"cannot reach {url}/responses: ")
    assert not any(secret in str(caught.value) for secret in ("hunter22", "hush", "abcdef"))
    assert caught.value.retryable


@pytest.mark.parametrize("secret", ["Bearer sk-abcdef\nX: y", "Bearer sk-abcdef\u20ac"])
async def test_a_malformed_credential_is_refused_without_repeating_it(secret: str) -> None:
    with ResponsesServer() as server:
        provider = ModelProvider(id="local", name="Local", base_url=server.url)
        client = ResponsesClient(provider, FixedCredentials({"Authorization": secret}), environ={})
        with pytest.raises(ModelBadRequestError) as caught:
            await ask(client)
        await client.aclose()
    assert "abcdef" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert "local" in str(caught.value)


async def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    replies = [Refusal(500, "sk-abcdef"), Stream([b"data: {sk-abcdef\n\n", *text_events("hi")])]
    with caplog.at_level(logging.DEBUG):
        await ask_once(*replies, query_params={"key": "hush-hush"})
    ours = [record for record in caplog.records if record.name != "asyncio"]
    assert ours
    assert not any(
        secret in record.getMessage()
        for record in ours
        for secret in ("sk-abcdef", "hush-hush", "hi")
    )


async def test_missing_credentials_are_reported_before_anything_is_sent() -> None:
    class NoCredentials:
        async def headers(self) -> dict[str, str]:
            raise ModelUnauthorizedError("sign in first")

        async def recover(self, refused: Mapping[str, str]) -> None:
            """There are none."""

    with ResponsesServer() as server:
        provider = ModelProvider(id="local", name="Local", base_url=server.url)
        client = ResponsesClient(provider, NoCredentials(), environ={})
        with pytest.raises(ModelUnauthorizedError, match="sign in first"):
            await ask(client)
        await client.aclose()
    assert server.requests == []


async def test_cancelling_closes_the_connection() -> None:
    gate = Gate()
    with ResponsesServer([Stream([created(), gate])]) as server:
        async with client_of(server) as client, anyio.create_task_group() as group:
            group.start_soon(ask, client)
            await gate.reached()
            group.cancel_scope.cancel()
        await gate.left_by_client()


async def test_cancelling_before_the_answer_closes_the_connection() -> None:
    gate = Gate()
    with ResponsesServer([Stream([], before=gate)]) as server:
        async with client_of(server) as client, anyio.create_task_group() as group:
            group.start_soon(ask, client)
            await gate.reached()
            group.cancel_scope.cancel()
        await gate.left_by_client()


async def leave_after_one_batch(client: ResponsesClient, reason: Exception) -> None:
    async with client.stream(REQUEST) as batches:
        await anext(batches)
        raise reason


async def test_leaving_early_closes_the_stream_and_passes_the_reason_on_as_it_is() -> None:
    gate = Gate()
    reason = RuntimeError("enough")
    with ResponsesServer([Stream([created(), gate]), HELLO]) as server:
        async with client_of(server) as client:
            with pytest.raises(RuntimeError) as caught:
                await leave_after_one_batch(client, reason)
            assert caught.value is reason
            await gate.left_by_client()
            assert len(await ask(client)) == 6


async def test_a_consumer_that_is_behind_loses_nothing() -> None:
    deltas = [text_delta(str(number)) for number in range(3000)]
    with ResponsesServer([Stream([created(), *deltas, completed()])]) as server:
        async with client_of(server) as client, client.stream(REQUEST) as batches:
            assert await anext(batches)
            await anyio.wait_all_tasks_blocked()
            events = [event async for batch in batches for event in batch]
    texts = [event.delta for event in events if isinstance(event, TextDelta)]
    assert "".join(texts).endswith("".join(map(str, range(2000, 3000))))


@pytest.mark.parametrize(
    ("environ", "proof", "host"),
    [
        ({}, {}, "https://api.openai.com/v1/responses"),
        ({}, {"chatgpt-account-id": "a"}, "https://chatgpt.com/backend-api/codex/responses"),
        ({"OPENAI_BASE_URL": "https://proxy/v1/"}, {}, "https://proxy/v1/responses"),
    ],
)
def test_openai_is_reached_where_the_credentials_belong(
    environ: dict[str, str], proof: dict[str, str], host: str
) -> None:
    provider = ModelProvider(id="openai", name="OpenAI")
    client = ResponsesClient(provider, FixedCredentials(proof), environ=environ)
    assert client._call(REQUEST, proof).url == host  # pyright: ignore[reportPrivateUsage]


async def test_the_environment_is_the_process_s_unless_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(request: ReceivedRequest) -> Reply:
        assert request.headers["x-org"] == "acme"
        return HELLO

    monkeypatch.setitem(os.environ, "CODEX_RPC_TEST_ORG", "acme")
    with ResponsesServer(answer) as server:
        provider = ModelProvider(
            id="local",
            name="Local",
            base_url=server.url,
            env_http_headers={"X-Org": "CODEX_RPC_TEST_ORG"},
        )
        client = ResponsesClient(provider, FixedCredentials())
        assert len(await ask(client)) == 6
        await client.aclose()
