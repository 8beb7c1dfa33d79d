"""LanguageDispatcher: what one editor's messages mean.

Owns the lifecycle. Messages of the Language Server Protocol go to pygls, all others to the one
dispatcher of the server; so do the commands that are named for its methods.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, cast

from lsprotocol import types
from msgspec.structs import replace

from codex_rpc.errors import AlreadyInitializedError, NotInitializedError, ShutDownError
from codex_rpc.lsp.commands import METHOD_COMMANDS, method_of
from codex_rpc.lsp.options import InitializationOptions, read_options
from codex_rpc.lsp.protocol import EditorProtocol
from codex_rpc.lsp.wire_errors import lsp_error
from codex_rpc.rpc.handler import Reply, Schedule
from codex_rpc.rpc.messages import Notification, Payload, Request, RpcError
from codex_rpc.server.dispatch import Dispatcher
from codex_rpc.server.handshake import initialize_response

logger = logging.getLogger(__name__)

OnIntroduced = Callable[[InitializationOptions], None]


class LanguageDispatcher:
    """One per connection. Implements `rpc.handler.ConnectionHandler`."""

    def __init__(
        self,
        protocol: EditorProtocol,
        dispatcher: Dispatcher,
        environ: Mapping[str, str],
        introduced: OnIntroduced,
    ) -> None:
        """`introduced` is called when the editor has said who it is and what it wants."""
        self._protocol = protocol
        self._dispatcher = dispatcher
        self._environ = environ
        self._introduced = introduced
        self._shut_down = False

    @property
    def exit_code(self) -> int:
        """What the process is to end with: it went in order only after `shutdown`."""
        return 0 if self._shut_down else 1

    def schedule(self, request: Request) -> Schedule:
        if request.method == types.INITIALIZE:
            return Schedule(inline=True)
        if self._dispatcher.client.capabilities is None:
            raise NotInitializedError
        if self._shut_down:
            raise ShutDownError
        meant = _meant(request)
        if self._protocol.handler(meant.method) is not None:
            return Schedule()
        return self._dispatcher.schedule(meant)

    async def handle_request(self, request: Request) -> Payload | Reply:
        if request.method == types.INITIALIZE:
            return await self._initialize(request)
        meant = _meant(request)
        if self._protocol.handler(meant.method) is None:
            return await self._dispatcher.handle_request(meant)
        result = await self._protocol.run(meant.method, meant.params)
        if meant.method == types.SHUTDOWN:
            self._shut_down = True
        return self._protocol.encoded(result)

    async def _initialize(self, request: Request) -> Payload:
        client = self._dispatcher.client
        if client.capabilities is not None:
            raise AlreadyInitializedError
        params = request.params if isinstance(request.params, dict) else {}
        options = read_options(params)
        result = await self._protocol.run(types.INITIALIZE, _completed(params))
        commands = result.capabilities.execute_command_provider.commands
        result.capabilities.execute_command_provider.commands = [*commands, *METHOD_COMMANDS]
        introduction = options.introduction(params)
        client.initialize(introduction)
        self._introduced(options)
        info = introduction.client_info
        answer: Any = self._protocol.plain(result)
        return answer | initialize_response(self._environ, info.name, info.version)

    def handle_notification(self, notification: Notification) -> None:
        method = notification.method
        if method == types.EXIT:
            self._dispatcher.client.connection.close()
        elif method == types.CANCEL_REQUEST:
            self._dispatcher.handle_notification(notification)
        elif self._dispatcher.client.capabilities is None or self._shut_down:
            logger.info("dropped the notification %s, which came out of order", method[:200])
        elif self._protocol.handler(method) is not None:
            self._protocol.run_now(method, notification.params)
        else:
            self._dispatcher.handle_notification(notification)

    def error_of(self, error: Exception) -> RpcError:
        return lsp_error(error)

    async def drained(self) -> None:
        """See `Dispatcher.drained`."""
        await self._dispatcher.drained()


def _completed(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters of an `initialize` with what the protocol wants to be there."""
    required = {"processId": None, "rootUri": None, **params}
    return {**required, "capabilities": params.get("capabilities") or {}}


def _meant(request: Request) -> Request:
    """The request that a command stands for, if it stands for one."""
    if request.method != types.WORKSPACE_EXECUTE_COMMAND or not isinstance(request.params, dict):
        return request
    command, arguments = request.params.get("command"), request.params.get("arguments")
    given = cast("list[Any]", arguments) if isinstance(arguments, list) else []
    method = method_of(command) if isinstance(command, str) else None
    if method is None:
        # pygls counts arguments only if it is given some.
        return replace(request, params={**request.params, "arguments": given})
    params = cast("dict[str, Any]", given[0]) if given and isinstance(given[0], dict) else {}
    return Request(request.id, method, params, request.has_jsonrpc)
