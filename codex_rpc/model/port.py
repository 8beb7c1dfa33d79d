"""The port between a session and whatever produces the model's responses.

A provider turns one `ModelRequest` into a stream of `ModelEvent` batches and raises a `ModelError`
when it cannot. It keeps no conversation: everything the model should hear is in the request.
Retrying an interrupted stream is the session's business; retrying a request that was never accepted
is the provider's.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Literal, Protocol

from msgspec import Struct

from codex_rpc.protocol.response_items import ResponseItem

if TYPE_CHECKING:
    from codex_rpc.model.events import ModelEvent


class FunctionToolSpec(Struct, frozen=True):
    """A tool the model calls with a JSON object that fits `parameters` (a JSON Schema)."""

    name: str
    description: str
    parameters: dict[str, Any]


class FreeformToolSpec(Struct, frozen=True):
    """A tool the model calls with plain text that fits a grammar."""

    name: str
    description: str
    syntax: str
    definition: str


class NamespaceToolSpec(Struct, frozen=True):
    """Tools that belong together; calls name the namespace beside the tool."""

    name: str
    description: str
    tools: Sequence[FunctionToolSpec]


class HostedToolSpec(Struct, frozen=True):
    """A tool that the provider runs itself, such as `web_search`; `options` as its API has them."""

    type: str
    options: dict[str, Any]


ToolSpec = FunctionToolSpec | FreeformToolSpec | NamespaceToolSpec | HostedToolSpec


class ModelRequest(Struct, frozen=True):
    """One request to the model: everything it is to hear, and how it may answer."""

    thread_id: str
    model: str
    instructions: str
    input: Sequence[ResponseItem]
    tools: Sequence[ToolSpec] = ()
    parallel_tool_calls: bool = False
    reasoning_effort: str | None = None
    reasoning_summary: str | None = None
    supports_reasoning: bool = False
    output_schema: dict[str, Any] | None = None
    service_tier: str | None = None


class TokenUsage(Struct, frozen=True):
    """Token counts of one response, or a sum of several."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0
    total_tokens: int = 0

    def __add__(self, other: "TokenUsage") -> "TokenUsage":
        return TokenUsage(
            self.input_tokens + other.input_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_output_tokens + other.reasoning_output_tokens,
            self.total_tokens + other.total_tokens,
        )


class RateWindow(Struct, frozen=True):
    """How much of one allowance is used; `resets_at` in unix seconds."""

    used_percent: float
    window_minutes: int | None = None
    resets_at: int | None = None


class Credits(Struct, frozen=True):
    has_credits: bool
    unlimited: bool
    balance: str | None = None


class RateLimits(Struct, frozen=True):
    """What one response said of the account's allowances. `None` = it said nothing of that part."""

    primary: RateWindow | None = None
    secondary: RateWindow | None = None
    credits: Credits | None = None
    plan_type: str | None = None


class ModelClient(Protocol):
    """Streams one response at a time; safe to use from several turns at once."""

    def stream(
        self, request: ModelRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[Sequence["ModelEvent"]]]:
        """Send `request` and yield its events in batches, each as large as one read brought.

        Leaving the context closes the stream, finished or not.

        Raises:
            ModelError: on entering (the request was not accepted) or while iterating (the stream
                broke off, or ended without `ResponseCompleted`).
        """
        ...

    async def prepare(self) -> None:
        """Load what the first request would otherwise wait for. Optional, and sends nothing."""
        ...

    async def aclose(self) -> None:
        """Release connections. The client is not used after this."""
        ...


Recovery = Literal["reloaded", "refreshed"]
"""How credentials were found to replace refused ones: somebody else had renewed them, or we did."""


class Credentials(Protocol):
    """Where a provider gets the headers that prove who asks."""

    async def headers(self) -> dict[str, str]:
        """The headers to send now; empty when the provider needs none.

        Raises:
            ModelUnauthorizedError: if the provider needs credentials and there are none.
        """
        ...

    async def recover(self, refused: Mapping[str, str]) -> Recovery | None:
        """Have `headers` return others than those, which the provider has refused (HTTP 401).

        Returns:
            How, or `None` if the refusal stands. After `refreshed`, another refusal is final.

        Raises:
            ModelUnauthorizedError: if the user has to sign in again.
        """
        ...
