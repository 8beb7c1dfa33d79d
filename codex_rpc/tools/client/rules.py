"""What tools of the client's must be like, so that a model can be offered them. Pure.

The bounds and reserved names are the Responses API's.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, cast

from codex_rpc.errors import InvalidParamsError
from codex_rpc.protocol.dynamic_tools import (
    DynamicToolFunction,
    DynamicToolNamespace,
    DynamicToolSpec,
)

MAX_NAME = 128
MAX_NAMESPACE = 64
MAX_NAMESPACE_DESCRIPTION = 1024

RESERVED_NAMESPACES = frozenset(
    {
        "api_tool",
        "browser",
        "computer",
        "container",
        "file_search",
        "functions",
        "image_gen",
        "multi_tool_use",
        "python",
        "submodel_delegator",
        "terminal",
        "tool_search",
        "web",
    }
)
"""Those that the Responses API keeps for itself."""

_NAME = re.compile(r"[A-Za-z0-9_-]+")

Place = tuple[str | int, ...]


def check_client_tools(specs: Sequence[DynamicToolSpec], taken: Collection[str] = ()) -> None:
    """Raise if the model could not be offered these tools; `taken` are the names of our own.

    Raises:
        InvalidParamsError: with the place of what is wrong.
    """
    names: set[tuple[str | None, str]] = set()
    namespaces: set[str] = set()
    for index, spec in enumerate(specs):
        place: Place = ("dynamicTools", index)
        if isinstance(spec, DynamicToolFunction):
            _check_function(spec, place, spec.namespace, names, taken)
            continue
        _check_namespace(spec, place, namespaces)
        for number, function in enumerate(spec.tools):
            _check_function(function, (*place, "tools", number), spec.name, names, taken)


def _check_namespace(spec: DynamicToolNamespace, place: Place, known: set[str]) -> None:
    at = (*place, "name")
    _check_namespace_name(spec.name, at)
    if spec.name in known:
        raise InvalidParamsError(f"duplicate dynamic tool namespace: {spec.name}", path=at)
    known.add(spec.name)
    if not spec.tools:
        raise InvalidParamsError(
            f"dynamic tool namespace must contain at least one tool: {spec.name}",
            path=(*place, "tools"),
        )
    if len(spec.description) > MAX_NAMESPACE_DESCRIPTION:
        raise InvalidParamsError(
            "dynamic tool namespace description must be at most "
            f"{MAX_NAMESPACE_DESCRIPTION} characters",
            path=(*place, "description"),
        )


def _check_namespace_name(name: str, at: Place) -> None:
    _check_name("dynamic tool namespace", name, MAX_NAMESPACE, at)
    if name in RESERVED_NAMESPACES:
        raise InvalidParamsError(
            f"dynamic tool namespace collides with a reserved Responses API namespace: {name}",
            path=at,
        )


def _check_function(
    function: DynamicToolFunction,
    place: Place,
    namespace: str | None,
    known: set[tuple[str | None, str]],
    taken: Collection[str],
) -> None:
    name, at = function.name, (*place, "name")
    _check_name("dynamic tool name", name, MAX_NAME, at)
    if function.namespace is not None:
        _check_namespace_name(function.namespace, (*place, "namespace"))
    if namespace is None and name in taken:
        raise InvalidParamsError(
            f"dynamic tool name is that of a tool of the server's own: {name}", path=at
        )
    if (namespace, name) in known:
        where = "name" if namespace is None else f"name in namespace {namespace}"
        raise InvalidParamsError(f"duplicate dynamic tool {where}: {name}", path=at)
    known.add((namespace, name))
    for inner, problem in _schema_problems(function.input_schema):
        raise InvalidParamsError(
            f"dynamic tool input schema is not supported for {name}: {problem}",
            path=(*place, "inputSchema", *inner),
        )


def _check_name(what: str, name: str, longest: int, at: Place) -> None:
    if not name:
        raise InvalidParamsError(f"{what} must not be empty", path=at)
    if not _NAME.fullmatch(name):
        raise InvalidParamsError(
            f"{what} must match ^[a-zA-Z0-9_-]+$ to match Responses API: {name}", path=at
        )
    if len(name) > longest:
        raise InvalidParamsError(
            f"{what} must be at most {longest} characters to match Responses API: {name}", path=at
        )
    if name == "mcp" or name.startswith("mcp__"):
        raise InvalidParamsError(f"{what} is reserved: {name}", path=at)


def _schema_problems(schema: object) -> Iterator[tuple[Place, str]]:
    """What keeps this from being the schema of an object, and where."""
    if not isinstance(schema, dict):
        yield (), "it must be an object"
        return
    fields = cast("dict[str, Any]", schema)
    if fields.get("type", "object") != "object":
        yield ("type",), "arguments are an object"
    properties = fields.get("properties", {})
    if not isinstance(properties, dict):
        yield ("properties",), "must be an object"
        return
    for name, inner in cast("dict[str, Any]", properties).items():
        if not isinstance(inner, dict | bool):
            yield ("properties", name), "must be a schema"
    required = fields.get("required", [])
    if not isinstance(required, list):
        yield ("required",), "must be a list of names"
        return
    for index, name in enumerate(cast("list[Any]", required)):
        if not isinstance(name, str):
            yield ("required", index), "must be a name"
