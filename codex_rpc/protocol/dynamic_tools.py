"""Tools that the client provides: registered with the thread, called by `item/tool/call`.

What a name and a schema must be like is checked in `codex_rpc.tools.client.client_tools`.
"""

from typing import Annotated, Any, Literal, cast

from pydantic import Discriminator, Tag
from typing_extensions import TypeAliasType

from codex_rpc.protocol.base import WireModel


class DynamicToolFunction(WireModel):
    """One tool. `type` may be left out, as earlier clients do."""

    type: Literal["function"] = "function"
    name: str
    """Letters, digits, `_` and `-`; not one of the server's own tools."""
    description: str
    input_schema: Any
    """JSON Schema of the arguments, which are an object."""
    defer_loading: bool = False
    """Accepted; the model is offered the tool at once."""
    namespace: str | None = None
    """The namespace it is in, in the form without one around it."""


class DynamicToolNamespace(WireModel):
    """Tools that belong together; a call names the namespace beside the tool."""

    type: Literal["namespace"] = "namespace"
    name: str
    description: str
    tools: list[DynamicToolFunction]


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return str(cast("dict[str, Any]", value).get("type", "function"))
    return str(getattr(value, "type", "function"))


DynamicToolSpec = TypeAliasType(
    "DynamicToolSpec",
    Annotated[
        Annotated[DynamicToolFunction, Tag("function")]
        | Annotated[DynamicToolNamespace, Tag("namespace")],
        Discriminator(_kind),
    ],
)
