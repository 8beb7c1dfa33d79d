"""What MCP tools are called towards the model: unique, and of characters that models take. Pure.

A model that knows namespaces calls `name` in `mcp__<server>`; any other calls the flat name. Names
depend only on the servers' and tools' own names, so they are the same in every thread and at every
start that has the same tools.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from codex_rpc.model.tool_names import LONGEST, flat_name, sha1_of

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_]")
_DIGEST = 12

RawName = tuple[str, str]
"""A server and its tool, as they call themselves."""


class ToolNames(Struct, frozen=True):
    """One tool's names. `raw` is whose they are."""

    raw: RawName
    namespace: str
    name: str
    flat_name: str


class NamedTools(Struct, frozen=True):
    """Names for all tools that can have some, and a sentence for each that cannot."""

    names: Sequence[ToolNames]
    warnings: Sequence[str] = ()


def name_tools(raw_names: Iterable[RawName]) -> NamedTools:
    """Name tools, in the order given. Of two with the same raw name, the second is left out."""
    tools = [(raw, namespace_of(raw[0]), _sanitised(raw[1])) for raw in raw_names]
    taken = Counter((namespace, name) for _, namespace, name in tools)
    found: dict[RawName, ToolNames] = {}
    used: set[tuple[str, str]] = set()
    flat_used: set[str] = set()
    warnings: list[str] = []
    for raw, namespace, plain in tools:
        alone = taken[namespace, plain] == 1 and len(plain) <= LONGEST
        name = plain if alone else _marked(plain, raw)
        flat = flat_name_of(*raw)
        if not raw[1] or raw in found or (namespace, name) in used or flat in flat_used:
            warnings.append(
                f"MCP tool `{raw[1][:100]}` of `{raw[0]}` is left out: "
                + ("it has no name" if not raw[1] else "another tool has its name")
            )
            continue
        found[raw] = ToolNames(raw, namespace, name, flat)
        used.add((namespace, name))
        flat_used.add(flat)
    return NamedTools(tuple(found.values()), tuple(warnings))


def namespace_of(server: str) -> str:
    """The namespace of a server's tools."""
    return _within(f"mcp__{_sanitised(server)}", ("", server))


def flat_name_of(server: str, tool: str) -> str:
    """The name of a tool for models that know no namespaces."""
    return flat_name(f"mcp__{server}", tool)


def _sanitised(name: str) -> str:
    return _NOT_IN_A_NAME.sub("_", name)


def _within(name: str, raw: RawName) -> str:
    return name if len(name) <= LONGEST else _marked(name, raw)


def _marked(name: str, raw: RawName) -> str:
    """The name with a digest of what it stands for."""
    digest = sha1_of("\0".join(raw))[:_DIGEST]
    return f"{name[: LONGEST - _DIGEST - 1]}_{digest}"
