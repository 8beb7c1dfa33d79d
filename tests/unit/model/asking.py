"""A client of a provider that speaks the Responses API, and ways to ask it."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import pytest

from codex_rpc.config.providers import ModelProvider
from codex_rpc.errors import ModelError
from codex_rpc.model.events import ModelEvent
from codex_rpc.model.port import ModelRequest
from codex_rpc.model.responses import ResponsesClient
from codex_rpc.protocol.response_items import user_message
from tests.responses_server import Reply, ResponsesServer

REQUEST = ModelRequest(
    thread_id="thread-1", model="m", instructions="Be good.", input=[user_message("hi")]
)


@dataclass(frozen=True, slots=True)
class FixedCredentials:
    proof: Mapping[str, str] = field(default_factory=lambda: {"Authorization": "Bearer sk-abcdef"})

    async def headers(self) -> dict[str, str]:
        return dict(self.proof)

    async def recover(self, refused: Mapping[str, str]) -> None:
        """There are no others."""


@asynccontextmanager
async def client_of(
    server: ResponsesServer, environ: Mapping[str, str] | None = None, **changes: Any
) -> AsyncGenerator[ResponsesClient]:
    """A client of the server that repeats requests without waiting."""
    provider = replace(ModelProvider(id="local", name="Local", base_url=server.url), **changes)
    client = ResponsesClient(provider, FixedCredentials(), environ=environ or {}, jitter=lambda: 0)
    try:
        with anyio.fail_after(30):
            yield client
    finally:
        await client.aclose()


async def ask(client: ResponsesClient, request: ModelRequest = REQUEST) -> list[ModelEvent]:
    async with client.stream(request) as batches:
        return [event async for batch in batches for event in batch]


async def collect(batches: AsyncIterator[Sequence[ModelEvent]], into: list[ModelEvent]) -> None:
    async for batch in batches:
        into += batch


async def ask_once(*replies: Reply, **changes: Any) -> list[ModelEvent]:
    with ResponsesServer(replies) as server:
        async with client_of(server, **changes) as client:
            return await ask(client)


async def failure_of(*replies: Reply, **changes: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await ask_once(*replies, **changes)
    return caught.value
