"""The tools that a thread has beside our own: those of its client, and of an embedding program."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

import anyio.to_thread
from msgspec import Struct

from codex_rpc.errors import InvalidParamsError
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.threads.spawn import StartThread
from codex_rpc.tools.registry import ToolRegistry

if TYPE_CHECKING:
    from codex_rpc.tools.ports import Tool, ToolSource


class GivenTools(Struct, frozen=True):
    """`registry` has them all; `warnings` are sentences about those that cannot be offered."""

    registry: ToolRegistry
    warnings: Sequence[str] = ()


async def with_given_tools(
    own: ToolRegistry, request: StartThread, meta: SessionMeta | None
) -> GivenTools:
    """The thread's own tools and those that are asked for, or are on record in `meta`.

    Raises:
        InvalidParamsError: if one that is asked for cannot be offered.
    """
    recorded = meta.dynamic_tools if meta and request.dynamic_tools is None else ()
    if not (request.tools or request.dynamic_tools or recorded):
        return GivenTools(own)
    taken = await anyio.to_thread.run_sync(own.own_names)
    return _given_tools(own, taken, request, recorded)


def _given_tools(
    own: ToolRegistry,
    taken: Collection[str],
    request: StartThread,
    recorded: Sequence[Payload],
) -> GivenTools:
    # What few threads have is not loaded for all.
    from codex_rpc.tools.client.client_tools import GivenGroups, client_tools
    from codex_rpc.tools.client.recorded_tools import from_record
    from codex_rpc.tools.client.rules import check_client_tools
    from codex_rpc.tools.ports import ToolGroup

    embedded = _embedded(request.tools, taken)
    taken = {*taken, *(tool.name for tool in embedded)}
    specs, warnings = from_record(recorded, taken)
    if request.dynamic_tools:
        specs = list(request.dynamic_tools)
        check_client_tools(specs, taken)
    sources: list[ToolSource] = [GivenGroups([ToolGroup(embedded)])] if embedded else []
    return GivenTools(own.with_sources([*sources, client_tools(specs)]), warnings)


def _embedded(
    given: "Sequence[Tool | Callable[..., object]]", taken: Collection[str]
) -> "Sequence[Tool]":
    from codex_rpc.tools.function_tool import as_tool

    tools: list[Tool] = []
    for index, each in enumerate(given):
        tool = as_tool(each)
        if tool.name in taken or tool.name in {other.name for other in tools}:
            raise InvalidParamsError(f"tool name is taken: {tool.name}", path=("tools", index))
        tools.append(tool)
    return tools


def recorded_form(request: StartThread) -> tuple[Payload, ...]:
    """The tools of the client's as the first line of the thread's file has them."""
    if not request.dynamic_tools:
        return ()
    from codex_rpc.tools.client.recorded_tools import to_record

    return tuple(to_record(request.dynamic_tools))
