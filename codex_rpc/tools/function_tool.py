"""Python functions as tools, for programs that embed the core.

A function's name, docstring and annotations say all that the model is told. What such a call looks
like to clients is in `dynamic_call`.
"""

import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NotRequired, cast

import anyio
import anyio.to_thread
from msgspec import Struct, field
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError, to_json
from typing_extensions import TypedDict

from codex_rpc.errors import ToolError
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.protocol.items import OutputTextPart
from codex_rpc.tools.arguments import argument_error
from codex_rpc.tools.client.dynamic_call import DynamicCall, json_arguments
from codex_rpc.tools.ports import Tool, ToolCall, ToolContext, ToolOutput

logger = logging.getLogger(__name__)

MAX_THREADS = 8
"""How many calls of one function may be in worker threads, those that were given up included."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_STARRED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class FunctionTool(Struct, frozen=True):
    """A function that the model can call. Made by `function_tool`."""

    name: str
    description: str
    parameters: dict[str, Any]
    function: Callable[..., object]
    arguments: TypeAdapter[Mapping[str, Any]]
    parallel: bool = False
    threads: anyio.CapacityLimiter = field(
        default_factory=lambda: anyio.CapacityLimiter(MAX_THREADS)
    )

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return FunctionToolSpec(self.name, self.description, self.parameters)

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        given = json_arguments(call)
        try:
            arguments = self.arguments.validate_python(given)
        except ValidationError as error:
            raise argument_error(error) from None
        shown = DynamicCall(call, (None, self.name), given, context)
        try:
            text = _text(await self._result(arguments))
        except ToolError as error:
            return shown.failed(str(error))
        except Exception as error:
            logger.exception("the function behind tool %s failed", self.name)
            return shown.failed(f"{self.name} failed: {_told(error)}")
        return shown.ended([OutputTextPart(text=text)], success=True)

    async def _result(self, arguments: Mapping[str, Any]) -> object:
        """What the function returns. A thread that works when the call is cancelled is left to it.

        Its result is not waited for.
        """
        call = partial(self.function, **arguments)
        if _is_async(self.function):
            return await cast("Awaitable[object]", call())
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=self.threads)


def _is_async(function: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 (an object that is called)
    )


def function_tool(
    function: Callable[..., object],
    *,
    name: str | None = None,
    description: str | None = None,
    parallel: bool = False,
) -> FunctionTool:
    """A tool that calls `function`, with arguments checked against its annotations.

    An async function runs in the event loop, any other in a worker thread. A string it returns is
    the output; anything else is turned into JSON. `name` and `description` take the place of the
    function's name and docstring; with `parallel`, calls may overlap with others.

    Raises:
        TypeError: if the model cannot be told how to call it.
    """
    name = name or str(getattr(function, "__name__", ""))
    if not _NAME.fullmatch(name):
        raise TypeError(f"a tool cannot be called {name!r}")
    arguments = _arguments(function, name)
    try:
        parameters = arguments.json_schema()
    except PydanticUserError as error:
        raise TypeError(f"the arguments of {name} have no JSON schema: {_first(error)}") from None
    parameters = {**parameters, "additionalProperties": False}
    parameters.pop("title", None)
    described = inspect.getdoc(function) or "" if description is None else description
    return FunctionTool(name, described, parameters, function, arguments, parallel)


def _arguments(function: Callable[..., object], name: str) -> TypeAdapter[Mapping[str, Any]]:
    """What checks the arguments; those that are not given are left to the function's defaults."""
    try:
        signature = inspect.signature(function, eval_str=True)
    except (NameError, ValueError) as error:
        raise TypeError(f"the annotations of {name} cannot be read: {error}") from None
    fields: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY or parameter.kind in _STARRED:
            raise TypeError(f"{name} takes {parameter}, which a model cannot name")
        if parameter.annotation is inspect.Parameter.empty:
            raise TypeError(f"parameter {parameter.name} of {name} has no annotation")
        required, hint = parameter.default is inspect.Parameter.empty, parameter.annotation
        fields[parameter.name] = hint if required else NotRequired[hint]
    form = cast("Any", TypedDict(name, fields))  # pyright: ignore[reportArgumentType]
    form.__pydantic_config__ = ConfigDict(extra="ignore")
    try:
        return TypeAdapter(form)
    except PydanticUserError as error:
        raise TypeError(f"the arguments of {name} cannot be checked: {_first(error)}") from None


def _first(error: PydanticUserError) -> str:
    return error.message.partition("\n")[0]


def _text(result: object) -> str:
    """What the model is told of a result.

    Raises:
        ToolError: if that cannot be said in JSON.
    """
    match result:
        case str():
            return result
        case None:
            return ""
        case BaseModel():
            return result.model_dump_json()
        case _:
            try:
                return to_json(result).decode()
            except (PydanticSerializationError, ValueError) as error:
                raise ToolError(f"the result is no JSON: {error}") from None


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def as_tool(given: Tool | Callable[..., object]) -> Tool:
    """The tool itself, or one that calls the function.

    Raises:
        TypeError: if the model cannot be told how to call it.
    """
    if inspect.isroutine(given) or not hasattr(given, "spec"):
        return function_tool(cast("Callable[..., object]", given))
    return cast("Tool", given)
