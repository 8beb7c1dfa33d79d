"""The pygls protocol over our connection: its features and its requests, our loop and framing.

pygls knows what the messages of the Language Server Protocol mean: the lifecycle, documents, the
capabilities that follow from the registered features. Reading, order, limits, cancellation and
writing are the connection's, so nothing here runs free of its task group.
"""

import inspect
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, cast

from cattrs import Converter
from cattrs.errors import BaseValidationError
from lsprotocol import types
from pydantic_core import from_json, to_json
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams, JsonRpcMethodNotFound
from pygls.protocol import LanguageServerProtocol, default_converter

from codex_rpc.lsp.documents import EditorWorkspace
from codex_rpc.rpc.connection import Connection
from codex_rpc.rpc.messages import Response

# pygls finds features and types at run time: what goes in and out of them is `Any` here.
Handler = Callable[..., Any]


class EditorProtocol(LanguageServerProtocol):
    """One connection's pygls protocol. Sends nothing before `connection` is set."""

    connection: Connection

    def handler(self, method: str) -> Handler | None:
        """What carries out a message of that name; `None` if it is not a message of an editor."""
        features = cast("Any", self.fm)
        return features.builtin_features.get(method) or features.features.get(method)

    async def run(self, method: str, params: object) -> Any:
        """Carry out a message; returns its result, if it has one.

        Raises:
            JsonRpcException: if the parameters are wrong.
        """
        handler = self.handler(method)
        if handler is None:
            raise JsonRpcMethodNotFound.of(method)
        return await _run(handler, (self._structured(method, params),), {})

    def run_now(self, method: str, params: object) -> None:
        """Carry out a notification whose handlers do not wait, before anything else happens."""
        work = self.run(method, params)
        try:
            work.send(None)
        except StopIteration:
            return
        work.close()
        raise RuntimeError(f"{method} waits")

    def open_workspace(self) -> EditorWorkspace:
        """Put our kind of workspace in the place of the one that `initialize` has made."""
        made = self.workspace
        self._workspace = EditorWorkspace(
            made.root_uri,
            types.TextDocumentSyncKind.Incremental,
            tuple(made.folders.values()),
            made.position_encoding,
        )
        return self._workspace

    def plain(self, value: Any) -> Any:
        """A result or parameters as plain data."""
        return from_json(self.encoded(value))

    def encoded(self, value: Any) -> bytes:
        """A result or parameters as JSON."""
        return to_json(
            self._converter.unstructure(value),
            inf_nan_mode="null",
            fallback=self._converter.unstructure,
        )

    def notify(self, method: str, params: Any | None = None) -> None:
        """Send a notification."""
        self.connection.notify(method, None if params is None else self.encoded(params))

    def send_request(
        self,
        method: str,
        params: Any | None = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: int | str | None = None,
    ) -> Future[Any]:
        """Ask the editor. If the future is cancelled, the editor is told so.

        The ids are the connection's: integers, apart from the editor's own.
        """
        future: Future[Any] = Future()
        if callback is not None:
            future.add_done_callback(lambda done: callback(done.result()))

        def on_reply(response: Response | None) -> None:
            if not future.done():
                self._settle(future, method, response)

        call_id = self.connection.call(
            method, b"null" if params is None else self.encoded(params), on_reply
        )

        def on_done(done: Future[Any]) -> None:
            if done.cancelled():
                self.connection.abandon(call_id)
                self.notify(types.CANCEL_REQUEST, types.CancelParams(id=call_id))

        future.add_done_callback(on_done)
        return future

    def _settle(self, future: Future[Any], method: str, response: Response | None) -> None:
        if response is None:
            future.set_exception(JsonRpcException("the connection has ended"))
        elif (error := response.error) is not None:
            future.set_exception(JsonRpcException(error.message, error.code, error.data))
        else:
            try:
                future.set_result(self._structured_result(method, response.result))
            except (BaseValidationError, TypeError, ValueError, KeyError) as failure:
                problem = JsonRpcException(f"the answer to {method} makes no sense")
                problem.__cause__ = failure
                future.set_exception(problem)

    def _structured(self, method: str, params: object) -> Any:
        form = _forms(method)[2]
        if form is None:
            return params
        try:
            return self._converter.structure(params, form)
        except (BaseValidationError, TypeError, ValueError, KeyError) as error:
            raise JsonRpcInvalidParams(f"the parameters of {method} make no sense") from error

    def _structured_result(self, method: str, result: object) -> Any:
        form = _forms(method)[1]
        if form is None:
            return result
        message = {"id": 0, "jsonrpc": self.VERSION, "result": result}
        return self._converter.structure(message, form).result


def make_converter() -> Converter:
    """The converter of pygls."""
    return default_converter()


def _forms(method: str) -> tuple[Any, Any, Any, Any]:
    """The types of a method's request, response, parameters and registration."""
    return types.METHOD_TO_TYPES.get(method, (None, None, None, None))


async def _run(handler: Handler, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a handler of any of the kinds that pygls knows.

    Those of its own are generators, which yield the calls of the user's handlers.
    """
    result = handler(*args, **kwargs)
    if inspect.isgenerator(result):
        return await _run_steps(cast("Generator[Any, Any, Any]", result))
    if inspect.isawaitable(result):
        return await result
    return result


async def _run_steps(steps: Generator[Any, Any, Any]) -> Any:
    answer: Any = None
    while True:
        try:
            handler, args, kwargs = steps.send(answer)
        except StopIteration as end:
            return end.value
        answer = await _run(handler, args or (), kwargs or {})
