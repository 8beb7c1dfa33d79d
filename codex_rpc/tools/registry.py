"""ToolRegistry: which tools a model is offered, and which one a call means."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec, NamespaceToolSpec, ToolSpec

if TYPE_CHECKING:
    from codex_rpc.tools.ports import Tool, ToolGroup, ToolSource

ALIASES: Mapping[str, str] = {
    "container.exec": "shell",
    "local_shell": "shell",
    "applypatch": "apply_patch",
    "wait": "wait_agent",
}
"""Names that models use out of habit, and the tools they mean."""

_SHELL_TOOLS: Mapping[str, Collection[str]] = {
    "shell": ("shell",),
    "shell_command": ("shell_command",),
    "exec_command": ("exec_command", "write_stdin"),
}
"""For each choice of shell, the tools that belong to it."""
_EXTRA_TOOLS = frozenset({"read_file", "list_dir", "grep_files"})
"""Offered only to models that were made for them."""


class ToolRegistry:
    """All tools by name. Every one can be called, but a model is offered one shell only.

    Our own are made when they are first needed: a thread can start without. What comes and goes
    is asked of its source each time.
    """

    def __init__(
        self, make: "Callable[[], Sequence[Tool]]", sources: "Sequence[ToolSource]" = ()
    ) -> None:
        self._make = make
        self._sources = sources

    @cached_property
    def _tools(self) -> "Mapping[str, Tool]":
        return {tool.name: tool for tool in self._make()}

    def load(self) -> None:
        """Make the tools now. Blocking: for a worker thread."""
        _ = self._tools

    def without(self, *names: str) -> "ToolRegistry":
        """The same tools but for some of our own."""
        return ToolRegistry(
            lambda: [tool for name, tool in self._tools.items() if name not in names],
            self._sources,
        )

    def with_sources(self, sources: "Sequence[ToolSource]") -> "ToolRegistry":
        """The same tools, and those of more sources."""
        return ToolRegistry(lambda: list(self._tools.values()), [*self._sources, *sources])

    def own_names(self) -> Collection[str]:
        """The names that no other tool may have. Blocking like `load`.

        What few models are offered gives way to a client's tool of that name.
        """
        return {*self._tools, *ALIASES}.difference(_EXTRA_TOOLS)

    def find(self, name: str, namespace: str | None = None) -> "Tool | None":
        """The tool that a call names; `namespace` is that of its group, if it came in one."""
        own = self._tools.get(ALIASES.get(name, name)) if namespace is None else None
        if own is not None and own.name not in _EXTRA_TOOLS:
            return own
        for group in self._groups():
            if namespace in (None, group.namespace):
                for tool in group.tools:
                    if name == (tool.name if namespace else group.flat_name(tool)):
                        return tool
        return own

    def specs(self, model: ModelInfo) -> Sequence[ToolSpec]:
        """The tools to offer to `model`, always in the same order."""
        shells = {name for names in _SHELL_TOOLS.values() for name in names}
        hidden = shells.difference(_SHELL_TOOLS[model.shell_tool])
        hidden |= {name for name in _EXTRA_TOOLS if name not in model.extra_tools}
        hidden |= set() if "image" in model.modalities else {"view_image"}
        hidden |= _EXTRA_TOOLS.intersection(tool.name for g in self._groups() for tool in g.tools)
        own = [tool.spec(model) for name, tool in self._tools.items() if name not in hidden]
        return [*own, *(spec for group in self._groups() for spec in _group_specs(group, model))]

    def _groups(self) -> "Iterator[ToolGroup]":
        for source in self._sources:
            yield from source.groups()


def _group_specs(group: "ToolGroup", model: ModelInfo) -> Iterator[ToolSpec]:
    """How a group is offered: as one, or tool by tool to a model that knows no namespaces."""
    functions = [
        spec for tool in group.tools if isinstance(spec := tool.spec(model), FunctionToolSpec)
    ]
    if group.namespace is None or not functions:
        yield from functions
    elif model.namespaces:
        yield NamespaceToolSpec(group.namespace, group.description, functions)
    else:
        names = {tool.name: group.flat_name(tool) for tool in group.tools}
        for spec in functions:
            yield FunctionToolSpec(names[spec.name], spec.description, spec.parameters)
