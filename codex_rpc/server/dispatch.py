"""Dispatcher: what one connection's requests mean.

Reads parameters, checks what the client may do, calls the handler of the method, and sees to it
that an answer goes out before the events it causes. Implements `rpc.handler.ConnectionHandler`.
"""

import logging

from pydantic import ValidationError

from codex_rpc.errors import UnknownMethodError
from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.handshake import CancelRequestParams
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.requests import CLIENT_REQUESTS, Method, Order
from codex_rpc.rpc.handler import Reply, Schedule
from codex_rpc.rpc.lanes import CREATES, FREE, UNNAMED, Lane, named
from codex_rpc.rpc.messages import Notification, Payload, Request, RpcError
from codex_rpc.server.client import Client
from codex_rpc.server.context import Answer, RequestContext, Server
from codex_rpc.server.handlers import handler_of
from codex_rpc.server.params import parse_params, require_no_experiments
from codex_rpc.server.retired import replace_retired
from codex_rpc.server.wire_errors import rpc_error

logger = logging.getLogger(__name__)

REQUESTS = {method.name: method for method in CLIENT_REQUESTS}


class Dispatcher:
    """One per connection."""

    def __init__(self, server: Server, client: Client) -> None:
        self._server = server
        self.client = client

    def schedule(self, request: Request) -> Schedule:
        method = _method(request.method)
        return Schedule(
            lane=_lane(method, request),
            inline=method.order is Order.FIRST,
            overtakes=method.order is Order.OVERTAKES,
        )

    async def handle_request(self, request: Request) -> Payload | Reply:
        method = _method(request.method)
        params = self._params(method, request)
        context = RequestContext(self._server, self.client)
        try:
            answer = await handler_of(method.name)(context, params)
        except BaseException:
            context.answered()
            raise
        if not isinstance(answer, Answer):
            return Reply(_encode(answer), context.answered)
        announce = answer.then

        def then() -> None:
            announce()
            context.answered()

        return Reply(_encode(answer.result), then)

    def _params(self, method: Method, request: Request) -> WireModel | None:
        """The request's parameters, after everything that can be said against them."""
        given, notices = request.params, []
        if isinstance(given, dict):
            given, notices = replace_retired(given)
        params = parse_params(method, given)
        if method.order is not Order.FIRST:
            capabilities = self.client.require_initialized()
            if not capabilities.experimental_api:
                require_no_experiments(method, given)
        for notice in notices:
            self.client.notify(notice)
        return params

    def handle_notification(self, notification: Notification) -> None:
        match notification.method:
            case "$/cancelRequest":
                try:
                    params = CancelRequestParams.model_validate(notification.params)
                except ValidationError:
                    logger.info("$/cancelRequest without a usable id")
                    return
                self.client.connection.cancel_request(params.id)
            case "initialized":
                pass
            case unknown:
                logger.info("unknown notification %s", unknown)

    def error_of(self, error: Exception) -> RpcError:
        return rpc_error(error)

    async def drained(self) -> None:
        """Let running turns finish, and all threads end; what they ask can not be answered now."""
        self._server.desk.close()
        await self._server.threads.idle()
        await self._server.threads.shutdown()
        await self._server.feeds.ended()


def _encode(result: WireModel) -> bytes:
    return result.__pydantic_serializer__.to_json(result)


def _method(name: str) -> Method:
    method = REQUESTS.get(name)
    if method is None:
        expected = ", ".join(f"`{known}`" for known in REQUESTS)
        raise UnknownMethodError(
            f"Invalid request: unknown variant `{name[:200]}`, expected one of {expected}"
        )
    return method


def _lane(method: Method, request: Request) -> Lane:
    match method.order:
        case Order.CREATES:
            return CREATES
        case Order.THREAD:
            params = request.params if isinstance(request.params, dict) else {}
            thread_id = params.get("threadId")
            return named(ThreadId(thread_id)) if isinstance(thread_id, str) else UNNAMED
        case _:
            return FREE
