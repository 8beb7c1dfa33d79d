"""What the Responses client does when a provider refuses its credentials."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from codex_rpc.config.providers import ModelProvider
from codex_rpc.errors import ModelUnauthorizedError
from codex_rpc.model.events import ModelEvent, ResponseCompleted
from codex_rpc.model.port import ModelRequest, Recovery
from codex_rpc.model.responses import ResponsesClient
from codex_rpc.protocol.response_items import user_message
from tests.responses_server import Refusal, ResponsesServer, Stream, text_events

REQUEST = ModelRequest(
    thread_id="thread-1", model="m", instructions="Be good.", input=[user_message("hi")]
)

HELLO = Stream(text_events("hel", "lo"))


async def ask(client: ResponsesClient) -> list[ModelEvent]:
    async with client.stream(REQUEST) as batches:
        return [event async for batch in batches for event in batch]


@dataclass(slots=True)
class RenewedCredentials:
    """Credentials that have a new token after each of these recoveries."""

    recoveries: list[Recovery]
    number: int = 0

    async def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer token-{self.number}"}

    async def recover(self, refused: Mapping[str, str]) -> Recovery | None:
        assert refused == await self.headers()
        if not self.recoveries:
            return None
        self.number += 1
        return self.recoveries.pop(0)


@pytest.mark.parametrize(
    ("recoveries", "sent"),
    [
        ([], 1),
        (["reloaded"], 2),
        (["refreshed"], 2),
        (["reloaded", "refreshed"], 3),
        (["reloaded", "reloaded", "refreshed"], 2),
        (["refreshed", "refreshed"], 2),
        (["refreshed", "reloaded"], 2),
    ],
)
async def test_refused_credentials_are_renewed_before_a_request_fails(
    recoveries: list[Recovery], sent: int
) -> None:
    """For each request: what somebody else has renewed, then what we renew, then no more."""
    credentials = RenewedCredentials(recoveries)
    with ResponsesServer(lambda _: Refusal(401, {"error": {"message": "no"}})) as server:
        provider = ModelProvider(id="local", name="Local", base_url=server.url)
        client = ResponsesClient(provider, credentials, environ={})
        with pytest.raises(ModelUnauthorizedError, match="401"):
            await ask(client)
        await client.aclose()
    used = [request.headers["authorization"] for request in server.requests]
    assert used == [f"Bearer token-{number}" for number in range(sent)]


async def test_renewed_credentials_are_used_at_once() -> None:
    with ResponsesServer([Refusal(401), HELLO]) as server:
        provider = ModelProvider(id="local", name="Local", base_url=server.url)
        client = ResponsesClient(provider, RenewedCredentials(["refreshed"]), environ={})
        events = await ask(client)
        await client.aclose()
    assert isinstance(events[-1], ResponseCompleted)
