"""The Responses API over HTTP: asking, and asking again until a request is accepted.

What a response says is `response_stream`'s to read. Repeating a request whose response broke off is
the session's business. Neither bodies nor credentials are logged, and errors do not repeat them.
"""

import logging
import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from pydantic_core import to_json

from codex_rpc.config.providers import ModelProvider
from codex_rpc.errors import (
    ModelBadRequestError,
    ModelConnectionError,
    ModelError,
    ModelStreamError,
    ModelUnauthorizedError,
    UsageLimitError,
)
from codex_rpc.model.events import ModelEvent, RateLimitsReported
from codex_rpc.model.port import Credentials, ModelRequest, Recovery
from codex_rpc.model.rate_limits import rate_limits_from_headers
from codex_rpc.model.request_body import build_body
from codex_rpc.model.response_stream import event_batches
from codex_rpc.model.retry import LONGEST_REQUESTED_DELAY, jitter, request_delay
from codex_rpc.model.status_errors import error_from_status, redact

if TYPE_CHECKING:
    import httpx2

OPENAI_BASE_URL = "https://api.openai.com/v1"
CHATGPT_BASE_URL = "https://chatgpt.com/backend-api/codex"
ORIGINATOR = "codex_rpc"

CONNECT_TIMEOUT = 30.0
CLOSE_TIMEOUT = 1.0
KEEP_ALIVE = 90.0
LARGEST_ERROR_BODY = 64 * 1024

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class _Call:
    """An HTTP request that is ready to be sent, any number of times."""

    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    secrets: set[str]
    """Strings that may prove who asks, to be kept out of texts."""


class _RefusedError(Exception):
    """A provider's answer that is not a response."""

    def __init__(self, error: ModelError, reported: Sequence[ModelEvent]) -> None:
        super().__init__(str(error))
        self.error = error
        self.reported = reported


class _UnsendableError(Exception):
    """The URL or a header is not valid HTTP."""


class ResponsesClient:
    """A `ModelClient` that may be shared by all threads which use the same provider."""

    def __init__(
        self,
        provider: ModelProvider,
        credentials: Credentials,
        *,
        user_agent: str = "codex-rpc",
        environ: Mapping[str, str] | None = None,
        jitter: Callable[[], float] = jitter,
    ) -> None:
        self._provider = provider
        self._credentials = credentials
        self._user_agent = user_agent
        self._environ = os.environ if environ is None else environ
        self._jitter = jitter
        self._http: httpx2.AsyncClient | None = None
        self._opening = anyio.Lock()

    @asynccontextmanager
    async def stream(
        self, request: ModelRequest
    ) -> AsyncGenerator[AsyncIterator[Sequence[ModelEvent]]]:
        try:
            response = await self._answered(request)
        except _RefusedError as refusal:
            if not refusal.reported:
                raise refusal.error from None
            yield _refused(refusal)
            return
        try:
            async with event_batches(
                _body(response), self._provider.idle_timeout, _reported(response.headers)
            ) as batches:
                yield batches
        finally:
            await _close(response)

    async def prepare(self) -> None:
        await self._client(self._base_url({}))

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def _answered(self, request: ModelRequest) -> "httpx2.Response":
        """The provider's response, with other credentials if there are any and the first fail."""
        tried: set[Recovery] = set()
        while True:
            proof = await self._credentials.headers()
            try:
                return await self._accepted(self._call(request, proof))
            except _RefusedError as refusal:
                if "refreshed" in tried or not isinstance(refusal.error, ModelUnauthorizedError):
                    raise
                recovery = await self._credentials.recover(proof)
                if recovery is None or recovery in tried:
                    raise
                tried.add(recovery)

    def _call(self, request: ModelRequest, proof: Mapping[str, str]) -> _Call:
        named = self._provider.env_http_headers.items()
        configured = {
            **self._provider.http_headers,
            **{name: value for name, key in named if (value := self._environ.get(key))},
            **proof,
        }
        query = self._provider.query_params
        return _Call(
            url=self._base_url(proof).rstrip("/") + "/responses",
            query=query,
            headers={
                "Accept": "text/event-stream",
                "Accept-Encoding": "identity",
                "Content-Type": "application/json",
                "User-Agent": self._user_agent,
                "originator": ORIGINATOR,
                "session_id": request.thread_id,
                "conversation_id": request.thread_id,
                **configured,
            },
            body=to_json(build_body(request, self._provider)),
            secrets={
                secret
                for value in (*configured.values(), *query.values())
                for secret in (value, *value.split())
            },
        )

    def _base_url(self, proof: Mapping[str, str]) -> str:
        if self._provider.base_url is not None:
            return self._provider.base_url
        if self._provider.id == "openai" and (url := self._environ.get("OPENAI_BASE_URL")):
            return url
        signed_in = any(name.lower() == "chatgpt-account-id" for name in proof)
        return CHATGPT_BASE_URL if signed_in else OPENAI_BASE_URL

    async def _accepted(self, call: _Call) -> "httpx2.Response":
        attempt = 1
        while True:
            try:
                return await self._send(call)
            except (_RefusedError, ModelConnectionError) as failure:
                error = failure.error if isinstance(failure, _RefusedError) else failure
                if attempt > self._provider.request_max_retries or not _worth_repeating(error):
                    raise
                delay = request_delay(attempt, self._jitter())
                _log.debug("request failed with %s, attempt %d", type(error).__name__, attempt)
            await anyio.sleep(delay if error.retry_after is None else error.retry_after)
            attempt += 1

    async def _send(self, call: _Call) -> "httpx2.Response":
        """Send once and return the open response.

        Raises:
            _RefusedError: if the provider answered, but with no response.
            ModelError: if it could not be reached, or did not answer.
        """
        import httpx2

        http = await self._client(call.url)
        try:
            request = _http_request(http, call)
            with anyio.fail_after(self._provider.idle_timeout):
                response = await http.send(request, stream=True)
                if response.is_success:
                    return response
                raise await _refusal(response, call.secrets)
        except TimeoutError:
            raise ModelStreamError("idle timeout waiting for SSE") from None
        except (_UnsendableError, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError):
            # No text of theirs, for it quotes the URL or the header, hence a secret.
            raise ModelBadRequestError(
                f"the URL or a header of the model provider {self._provider.id} is not valid"
            ) from None
        except httpx2.HTTPError as error:
            reason = redact(str(error), call.secrets) or type(error).__name__
            raise ModelConnectionError(f"cannot reach {_shown(call.url)}: {reason}") from None

    async def _client(self, url: str) -> "httpx2.AsyncClient":
        async with self._opening:
            if self._http is None:
                self._http = await anyio.to_thread.run_sync(
                    _open_http, urlsplit(url).scheme == "https", abandon_on_cancel=True
                )
        return self._http


def _open_http(secure: bool) -> "httpx2.AsyncClient":
    """Make the HTTP client; it takes long enough (imports, certificates) to want a thread."""
    import httpx2

    for name in ("httpx2", "httpcore2"):
        # They log URLs, whose queries may hold keys.
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx2.AsyncClient(
        # Loading certificates costs tens of milliseconds. Without any, nothing verifies.
        verify=True if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT),
        limits=httpx2.Limits(max_connections=None, keepalive_expiry=KEEP_ALIVE),
    )


def _http_request(http: "httpx2.AsyncClient", call: _Call) -> "httpx2.Request":
    import httpx2

    try:
        url = httpx2.URL(call.url).copy_merge_params(dict(call.query))
        return http.build_request("POST", url, headers=dict(call.headers), content=call.body)
    except (httpx2.InvalidURL, ValueError):
        raise _UnsendableError from None


async def _refusal(response: "httpx2.Response", secrets: set[str]) -> _RefusedError:
    """Read, as far as is useful, an answer that is not a response, and close it."""
    body = b""
    try:
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) >= LARGEST_ERROR_BODY:
                break
    finally:
        await _close(response)
    text = body[:LARGEST_ERROR_BODY].decode(errors="replace")
    error = error_from_status(response.status_code, response.headers, text, secrets)
    reported = _reported(response.headers) if isinstance(error, UsageLimitError) else ()
    return _RefusedError(error, reported)


def _body(response: "httpx2.Response") -> AsyncIterator[bytes]:
    """The bytes as they come. What decodes them costs time for each piece, needed or not."""
    import httpx2

    stream = response.stream
    if "content-encoding" in response.headers or not isinstance(stream, httpx2.AsyncByteStream):
        return response.aiter_bytes()
    return aiter(stream)


async def _close(response: "httpx2.Response") -> None:
    with anyio.move_on_after(CLOSE_TIMEOUT, shield=True):
        await response.aclose()


def _reported(headers: Mapping[str, str]) -> Sequence[ModelEvent]:
    limits = rate_limits_from_headers(headers)
    return () if limits is None else (RateLimitsReported(limits),)


async def _refused(refusal: _RefusedError) -> AsyncIterator[Sequence[ModelEvent]]:
    """A refusal that tells the account's allowances, as a stream that fails after telling them."""
    yield refusal.reported
    raise refusal.error


def _worth_repeating(error: ModelError) -> bool:
    """Whether the request may soon be accepted, and the wait asked for is bearable."""
    passing = isinstance(error, ModelConnectionError) or (error.http_status or 0) >= 500
    return passing and (error.retry_after or 0) <= LONGEST_REQUESTED_DELAY


def _shown(url: str) -> str:
    """The URL without what may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
