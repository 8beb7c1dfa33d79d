"""McpServer: one server that all threads share, and what state it is in.

`run` is its whole life; it belongs to the manager's task group. The server is started when somebody
needs it, is started again when somebody needs it after it has ended, and never makes anybody wait
who has not asked to. What a thread sees of it is the business of `view`.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, TypeVar, cast

import anyio
import anyio.to_thread

from codex_rpc.config.mcp_servers import HttpTransport, McpServerSettings
from codex_rpc.errors import McpError, SpawnError
from codex_rpc.managers.mcp.calls import (
    ConnectionLostError,
    LoginNeededError,
    SessionForgottenError,
)
from codex_rpc.managers.mcp.host import McpHost
from codex_rpc.managers.mcp.port import (
    Json,
    McpCallOptions,
    McpCallResult,
    McpPage,
    McpState,
    McpStatus,
)

if TYPE_CHECKING:
    from codex_rpc.managers.mcp.connection import McpConnection
    from codex_rpc.managers.mcp.opening import Opened

    OpenConnection = Callable[
        [McpServerSettings, McpHost, Callable[[], None]], AbstractAsyncContextManager[Opened]
    ]

TOLD_WITHIN_S = 2.0
"""How long a call that has lost its server waits to be told why."""
LIST_TIMEOUT_S = 30.0

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")
Observer = Callable[[McpStatus], None]


class McpServer:
    """One server; started by `need`."""

    def __init__(self, settings: McpServerSettings, host: McpHost) -> None:
        self.settings = settings
        self.name = settings.name
        self.state: McpState = "notStarted"
        self.error: str | None = None
        self.needs_login = False
        self.tools: Sequence[Json] = ()
        """As the server describes them; those of one that has just ended stay until it is known
        whether it comes back."""
        self.revision = 0
        """Counts the changes of `tools`."""
        self.observers: set[Observer] = set()
        self.lingering = False
        self.first_needed_at = math.inf
        """On anyio's clock."""
        self._host = host
        self._connection: McpConnection | None = None
        self._changed = anyio.Event()
        self._needed = anyio.Event()
        self._tools_changed = anyio.Event()
        self._life = anyio.CancelScope()
        self._attempt = anyio.CancelScope()
        self._restarting = False
        self._failures = 0
        self._not_before = float("-inf")

    # --- its life --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Start and serve, as often as it is needed, until `stop`."""
        with self._life:
            while True:
                await self._needed.wait()
                self._needed = anyio.Event()
                await self._serve()

    def stop(self) -> None:
        """End for good. Nobody is told: whoever stops a server knows."""
        self.observers.clear()
        self._life.cancel()
        self._set("cancelled")

    def need(self) -> None:
        """Have it started, unless it runs, or has failed a moment ago. Never waits."""
        if self.state not in {"notStarted", "failed"} or anyio.current_time() < self._not_before:
            return
        self.first_needed_at = min(self.first_needed_at, anyio.current_time())
        self._set("starting")
        self._needed.set()

    def forgive(self) -> None:
        """Have it started again at the next need, whatever has happened."""
        self._failures = 0
        self._not_before = float("-inf")

    def restart(self) -> None:
        """End the connection, if there is one, and start again."""
        self.forgive()
        if self.state in {"starting", "ready"}:
            self._set("starting")
            self._needed.set()
            self._restarting = True
            self._attempt.cancel()
        else:
            self.need()

    async def _serve(self) -> None:
        """Start once, and serve until the end."""
        self._restarting = False
        started_at = anyio.current_time()
        error: str | None = None
        with anyio.CancelScope() as self._attempt:
            try:
                await self._connected()
            except Exception as failure:  # whatever a server does, others go on
                cause = _cause(failure)
                self.needs_login = isinstance(cause, LoginNeededError)
                error = str(cause) or type(cause).__name__
                if isinstance(cause, McpError | SpawnError):
                    logger.info("MCP server %s: %s", self.name, error)
                else:
                    logger.exception("MCP server %s", self.name)
        self._connection = None
        if self._restarting:
            return
        if self._attempt.cancelled_caught:
            error = (
                f"did not answer within {self.settings.startup_timeout_s:g} s; "
                f"mcp_servers.{self.name}.startup_timeout_sec may allow more"
            )
        self._fail(error or "has ended", started_at)

    async def _connected(self) -> None:
        """Serve until the server ends, which is always an error.

        Raises:
            Exception: whatever the SDK, the server's command or the network comes up with.
        """
        open_connection = await anyio.to_thread.run_sync(_load_opening, abandon_on_cancel=True)
        self._attempt.deadline = anyio.current_time() + self.settings.startup_timeout_s
        async with open_connection(self.settings, self._host, self._notice) as opened:
            tools = await opened.connection.tools()
            self._attempt.deadline = float("inf")
            self._connection = opened.connection
            self._offer(tools)
            self._set("ready")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._follow_tools, opened.connection)
                await opened.link.ended.wait()
                tasks.cancel_scope.cancel()
            if opened.link.needs_login():
                raise LoginNeededError("wants you to log in")
            raise McpError(opened.link.why_ended())

    async def _follow_tools(self, connection: "McpConnection") -> None:
        """List the tools again whenever the server says that they have changed."""
        while True:
            await self._tools_changed.wait()
            self._tools_changed = anyio.Event()
            try:
                with anyio.fail_after(LIST_TIMEOUT_S):
                    self._offer(await connection.tools())
            except (McpError, TimeoutError) as error:
                logger.info("MCP server %s does not list its tools: %s", self.name, error)

    def _notice(self) -> None:
        self._tools_changed.set()

    def _offer(self, tools: Sequence[Json]) -> None:
        self.tools = tools
        self.revision += 1

    def _fail(self, error: str, started_at: float) -> None:
        now = anyio.current_time()
        was_ready = self.state == "ready"
        if was_ready and now - started_at >= self._host.restarts.steady_after_s:
            self._failures = 0
        self._not_before = now + self._host.restarts.pause_s(self._failures + (not was_ready))
        self._failures += 1
        self.error = error
        if not was_ready:
            self._offer(())
        self._set("failed")

    def _set(self, state: McpState) -> None:
        if state != "failed":
            self.error = None
            self.needs_login = False
        self.state = state
        self._changed.set()
        self._changed = anyio.Event()
        for observer in tuple(self.observers):
            observer(self.status)

    # --- what is known of it ---------------------------------------------------------------------

    @property
    def status(self) -> McpStatus:
        return McpStatus(self.name, self.state, self.error, self.needs_login)

    @property
    def connection(self) -> "McpConnection | None":
        """What is ready now."""
        return self._connection

    @property
    def is_logged_in(self) -> bool:
        """Whether there is a login to it. Reads a file."""
        transport = self.settings.transport
        return (
            isinstance(transport, HttpTransport)
            and self._host.credentials.of(self.name, transport.url).get() is not None
        )

    async def settled(self) -> None:
        """Wait until it is not starting any more."""
        while self.state == "starting":
            await self._changed.wait()

    # --- what it does ----------------------------------------------------------------------------

    async def call(
        self, tool: str, arguments: Json | None, options: McpCallOptions, timeout_s: float
    ) -> McpCallResult:
        """Call a tool, as it calls itself.

        Raises:
            McpError: there is no result; the tool's own failures are results.
        """
        return await self._use(
            lambda connection: connection.call(tool, arguments, options, timeout_s)
        )

    async def read_resource(self, uri: str, options: McpCallOptions, timeout_s: float) -> Json:
        """The result of `resources/read`.

        Raises:
            McpError: there is none.
        """
        return await self._use(lambda connection: connection.read_resource(uri, options, timeout_s))

    async def resources(self, cursor: str | None) -> McpPage:
        """A page of resources.

        Raises:
            McpError: there is none.
        """
        return await self._list(lambda connection: connection.resources(cursor))

    async def resource_templates(self, cursor: str | None) -> McpPage:
        """A page of templates of resources.

        Raises:
            McpError: there is none.
        """
        return await self._list(lambda connection: connection.resource_templates(cursor))

    async def _list(self, ask: "Callable[[McpConnection], Awaitable[_Result]]") -> _Result:
        try:
            with anyio.fail_after(LIST_TIMEOUT_S):
                return await self._use(ask)
        except TimeoutError:
            raise McpError(f"timed out: MCP server `{self.name}` does not answer") from None

    async def _use(self, ask: "Callable[[McpConnection], Awaitable[_Result]]") -> _Result:
        """Ask the server, once more if it has forgotten us in the meantime."""
        try:
            return await self._ask(ask)
        except SessionForgottenError:
            return await self._ask(ask)

    async def _ask(self, ask: "Callable[[McpConnection], Awaitable[_Result]]") -> _Result:
        connection = await self._ready()
        try:
            return await ask(connection)
        except ConnectionLostError as error:
            with anyio.move_on_after(TOLD_WITHIN_S):
                while self._connection is connection:
                    await self._changed.wait()
            if isinstance(error, SessionForgottenError):
                raise
            raise self._unavailable() from error

    async def _ready(self) -> "McpConnection":
        self.need()
        await self.settled()
        if self._connection is None:
            raise self._unavailable()
        return self._connection

    def _unavailable(self) -> McpError:
        reason = self.error or "it has ended"
        return McpError(f"MCP server `{self.name}` is not available: {reason}")


def _load_opening() -> "OpenConnection":
    from codex_rpc.managers.mcp.opening import open_connection

    return open_connection


def _cause(error: BaseException) -> BaseException:
    """What has really happened, of a group the first."""
    if isinstance(error, BaseExceptionGroup):
        return _cause(cast("BaseExceptionGroup[BaseException]", error).exceptions[0])
    return error
