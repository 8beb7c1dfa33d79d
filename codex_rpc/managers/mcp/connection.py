"""One connection to an MCP server: the handshake, requests, and what the server asks meanwhile.

The SDK's session does the talking. Answers are taken as the JSON that they are, and checked only
as far as they are used. Starting, ending and restarting servers is the business of `server`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import mcp_types as types
from mcp.client import ClientRequestContext
from mcp.client.session import ClientSession, IncomingMessage
from mcp.shared.exceptions import MCPError
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher
from pydantic import RootModel, ValidationError

from codex_rpc.errors import McpError
from codex_rpc.managers.mcp.calls import (
    Call,
    ConnectionLostError,
    LoginNeededError,
    RunningCalls,
    SessionForgottenError,
)
from codex_rpc.managers.mcp.link import Link
from codex_rpc.managers.mcp.messages import BROKEN
from codex_rpc.managers.mcp.port import (
    Json,
    McpCallOptions,
    McpCallResult,
    McpPage,
    McpProgress,
)
from codex_rpc.managers.mcp.sdk_values import (
    as_json,
    call_result,
    elicit_result,
    entries_of,
    next_cursor,
    page_request,
    question_of,
    request_meta,
)

MOST_PAGES = 100
MOST_TOOLS = 2_000
"""Of one server; more are not looked at."""
MOST_ROUNDS = 10
"""How often a server may answer one request with questions."""

_NOT_SPOKEN = frozenset({types.UNSUPPORTED_PROTOCOL_VERSION, types.METHOD_NOT_FOUND})
_FORGOTTEN = (types.INVALID_REQUEST, "Session terminated")
"""What the SDK makes of an answer that the session is not known."""
_CLOSED = (types.CONNECTION_CLOSED, "Connection closed")
"""What it makes of the end of the connection. Servers use the code for errors of their own."""
_UNREADABLE = ("Failed to parse JSON response: ", "Failed to parse SSE message: ")
"""How it begins what it says of an answer over HTTP; what pydantic has to say follows."""


class _Answer(RootModel[dict[str, Any]]):
    """A result as the server sent it."""


class McpConnection:
    """Speaks with one server; made by `connect`."""

    def __init__(
        self, server: str, version: str, link: Link, on_tools_changed: Callable[[], None]
    ) -> None:
        self._server = server
        self._link = link
        self._calls = RunningCalls()
        self._on_tools_changed = on_tools_changed
        self._dispatcher = JSONRPCDispatcher(link.incoming, link.outgoing)
        self.session = ClientSession(
            dispatcher=self._dispatcher,
            elicitation_callback=self._elicit,
            message_handler=self._notice,
            client_info=types.Implementation(name="codex-rpc", title="codex-rpc", version=version),
        )

    async def shake_hands(self) -> None:
        """Agree on a version, the earlier ones first.

        Their servers may end when they are asked for a later one.

        Raises:
            McpError: there is no version that both speak.
        """
        try:
            await self.session.initialize()
        except MCPError as error:
            if error.code not in _NOT_SPOKEN:
                raise
            await self.session.discover()

    # --- what the server is ----------------------------------------------------------------------

    @property
    def server_info(self) -> Json | None:
        return as_json(self.session.server_info)

    @property
    def capabilities(self) -> Json | None:
        return as_json(self.session.server_capabilities)

    @property
    def instructions(self) -> str | None:
        return self.session.instructions

    def _offers(self, capability: str) -> bool:
        return (self.capabilities or {}).get(capability) is not None

    # --- what it has -----------------------------------------------------------------------------

    async def tools(self) -> Sequence[Json]:
        """All tools that have a name, as the server describes them."""
        if not self._offers("tools"):
            return ()
        with self.explained():
            return await self._all_tools()

    async def _all_tools(self) -> Sequence[Json]:
        found: list[Json] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._tool_page(cursor)
            found += entries_of(page, "tools")
            before, cursor = cursor, next_cursor(page)
            if cursor is None or cursor == before or len(found) >= MOST_TOOLS:
                break
        return [tool for tool in found[:MOST_TOOLS] if isinstance(tool.get("name"), str)]

    async def resources(self, cursor: str | None) -> McpPage:
        """A page of resources; none of a server that offers none."""
        if not self._offers("resources"):
            return McpPage(())
        with self.explained():
            page = await self._ask(types.ListResourcesRequest(params=page_request(cursor)))
        return McpPage(entries_of(page, "resources"), next_cursor(page))

    async def resource_templates(self, cursor: str | None) -> McpPage:
        """A page of templates; none of a server that offers none."""
        if not self._offers("resources"):
            return McpPage(())
        with self.explained():
            page = await self._ask(types.ListResourceTemplatesRequest(params=page_request(cursor)))
        return McpPage(entries_of(page, "resourceTemplates"), next_cursor(page))

    async def _tool_page(self, cursor: str | None) -> Json:
        if self.session.discover_result is not None:
            # The session has to see the tools, to know which arguments go into headers.
            return as_json(await self.session.list_tools(params=page_request(cursor))) or {}
        try:
            return await self._ask(types.ListToolsRequest(params=page_request(cursor)))
        except ValidationError:  # one bad tool shall not cost the others
            params = None if cursor is None else {"cursor": cursor}
            return await self._dispatcher.send_raw_request("tools/list", params)

    # --- what it does ----------------------------------------------------------------------------

    async def call(
        self, tool: str, arguments: Json | None, options: McpCallOptions, timeout_s: float
    ) -> McpCallResult:
        """Call a tool. The server is told if the call is given up.

        Raises:
            McpError: there is no result; the tool's own failures are results.
        """
        call = Call(options.elicitor, timeout_s)
        request = types.CallToolRequestParams(
            name=tool,
            arguments=None if arguments is None else dict(arguments),
            _meta=request_meta(options.meta),
        )
        with self._calls.running(call), self.explained():
            return call_result(
                await self._with_answers(
                    lambda answers: self._ask(
                        types.CallToolRequest(params=request.model_copy(update=answers)), options
                    ),
                    call,
                )
            )
        raise self._too_slow(f"tool `{tool}`", timeout_s)

    async def read_resource(self, uri: str, options: McpCallOptions, timeout_s: float) -> Json:
        """The result of `resources/read`.

        Raises:
            McpError: there is none.
        """
        call = Call(options.elicitor, timeout_s)
        request = types.ReadResourceRequestParams(uri=uri, _meta=request_meta(options.meta))
        with self._calls.running(call), self.explained():
            return await self._with_answers(
                lambda answers: self._ask(
                    types.ReadResourceRequest(params=request.model_copy(update=answers)), options
                ),
                call,
            )
        raise self._too_slow("a resource", timeout_s)

    async def _ask(
        self, request: types.ClientRequest, options: McpCallOptions | None = None
    ) -> dict[str, Any]:
        on_progress = None if options is None else options.on_progress

        async def report(progress: float, total: float | None, message: str | None) -> None:
            if on_progress is not None:
                await on_progress(McpProgress(progress, total, message))

        answer = await self.session.send_request(
            request, _Answer, progress_callback=None if on_progress is None else report
        )
        return answer.root

    def _too_slow(self, what: str, timeout_s: float) -> McpError:
        return McpError(
            f"timed out: MCP server `{self._server}` took longer than {timeout_s:g} s for {what}"
        )

    def _protocol_broken(self) -> McpError:
        return McpError(f"MCP server `{self._server}` gave an answer that breaks the protocol")

    @contextmanager
    def explained(self) -> Generator[None]:
        """Say in our own words what goes wrong."""
        try:
            yield
        except MCPError as error:
            if self._link.needs_login():
                self._link.ended.set()
                raise LoginNeededError("wants you to log in") from error
            if (error.code, error.message) == _CLOSED:
                raise ConnectionLostError(error.message) from error
            if (error.code, error.message) == _FORGOTTEN:
                self._link.ended.set()
                raise SessionForgottenError(error.message) from error
            if error.error == BROKEN or error.message.startswith(_UNREADABLE):
                raise self._protocol_broken() from error
            raise McpError(f"MCP server `{self._server}` refused: {error.message}") from error
        except ValidationError as error:
            raise self._protocol_broken() from error

    # --- what it asks ----------------------------------------------------------------------------

    async def _with_answers(
        self, ask: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]], call: Call
    ) -> dict[str, Any]:
        """Ask until the server has no questions of its own any more.

        Raises:
            McpError: it never stops asking.
        """
        answers: dict[str, Any] = {}
        for _ in range(MOST_ROUNDS):
            result = await ask(answers)
            if result.get("resultType") != "input_required":
                return result
            needed = types.InputRequiredResult.model_validate(result, by_name=False)
            answers = {
                "input_responses": {
                    key: await self._respond(request, call)
                    for key, request in (needed.input_requests or {}).items()
                },
                "request_state": needed.request_state,
            }
        raise McpError(f"MCP server `{self._server}` asks too many questions")

    async def _respond(self, request: types.InputRequest, call: Call) -> types.InputResponse:
        if not isinstance(request, types.ElicitRequest):
            raise McpError(f"MCP server `{self._server}` wants what this client does not offer")
        return elicit_result(await call.elicit(self._server, question_of(request.params)))

    async def _elicit(
        self, context: ClientRequestContext, params: types.ElicitRequestParams
    ) -> types.ElicitResult | types.ErrorData:
        call = self._calls.asked_by()
        if call is None:
            return types.ElicitResult(action="cancel")
        return elicit_result(await call.elicit(self._server, question_of(params)))

    async def _notice(self, message: IncomingMessage) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            self._on_tools_changed()


@asynccontextmanager
async def connect(
    server: str, version: str, link: Link, on_tools_changed: Callable[[], None]
) -> AsyncGenerator[McpConnection]:
    """Speak with the server at the other end of `link` as long as the context lasts.

    `version` is this program's own.
    """
    connection = McpConnection(server, version, link, on_tools_changed)
    async with connection.session:
        with connection.explained():
            await connection.shake_hands()
        yield connection
