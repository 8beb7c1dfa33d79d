"""Tools of the client's as a thread's record has them: each namespace around its tools. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from codex_rpc.errors import InvalidParamsError
from codex_rpc.protocol.dynamic_tools import DynamicToolNamespace, DynamicToolSpec
from codex_rpc.tools.client.rules import check_client_tools


def canonical(specs: Iterable[DynamicToolSpec]) -> list[DynamicToolSpec]:
    """The same with each namespace around its tools, where the first of them was."""
    found: list[DynamicToolSpec] = []
    places: dict[str, int] = {}
    for spec in specs:
        if isinstance(spec, DynamicToolNamespace) or spec.namespace is None:
            found.append(spec)
            continue
        bare = spec.model_copy(update={"namespace": None})
        place = places.setdefault(spec.namespace, len(found))
        if place == len(found):
            found.append(DynamicToolNamespace(name=spec.namespace, description="", tools=[bare]))
        else:
            around = cast("DynamicToolNamespace", found[place])
            found[place] = around.model_copy(update={"tools": [*around.tools, bare]})
    return found


def to_record(specs: Iterable[DynamicToolSpec]) -> list[dict[str, Any]]:
    """The tools as the first line of a thread's file has them."""
    return [_recorded(spec) for spec in canonical(specs)]


def _recorded(spec: DynamicToolSpec) -> dict[str, Any]:
    if isinstance(spec, DynamicToolNamespace):
        around = spec.model_dump(exclude={"tools"})
        return {**around, "tools": [_recorded(function) for function in spec.tools]}
    dropped = {"namespace"} | (set[str]() if spec.defer_loading else {"defer_loading"})
    return spec.model_dump(exclude=dropped)


def from_record(
    recorded: Iterable[Mapping[str, Any]], taken: Collection[str]
) -> tuple[list[DynamicToolSpec], list[str]]:
    """The tools on record that can be offered, and a sentence about each of the others.

    What another program has registered may be called as a tool of ours, whose names are `taken`.
    """
    kept: list[DynamicToolSpec] = []
    problems: list[str] = []
    adapter: TypeAdapter[DynamicToolSpec] = TypeAdapter(DynamicToolSpec)
    for entry in recorded:
        try:
            spec = adapter.validate_python(entry, by_name=False)
            check_client_tools([*kept, spec], taken)
        except ValidationError:
            problems.append("A tool of the client's is left out: its record cannot be read.")
        except InvalidParamsError as error:
            problems.append(f"A tool of the client's is left out: {error}.")
        else:
            kept.append(spec)
    return kept, problems
