"""ToolRegistry: which tools a model is offered, and which one a call means."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import ToolSpec
from codex_rpc.tools.ports import Tool

ALIASES: Mapping[str, str] = {
    "container.exec": "shell",
    "local_shell": "shell",
    "applypatch": "apply_patch",
    "wait": "wait_agent",
}
"""Names that models use out of habit, and the tools they mean."""

_SHELL_TOOLS = ("shell", "shell_command", "exec_command")


class ToolRegistry:
    """All tools by name. Every one can be called, but a model is offered one shell only.

    They are made when they are first needed: a thread can start without.
    """

    def __init__(self, make: Callable[[], Sequence[Tool]]) -> None:
        self._make = make

    @cached_property
    def _tools(self) -> Mapping[str, Tool]:
        return {tool.name: tool for tool in self._make()}

    def load(self) -> None:
        """Make the tools now. Blocking: for a worker thread."""
        _ = self._tools

    def without(self, *names: str) -> "ToolRegistry":
        """The same tools but for some."""
        return ToolRegistry(
            lambda: [tool for name, tool in self._tools.items() if name not in names]
        )

    def find(self, name: str) -> Tool | None:
        return self._tools.get(ALIASES.get(name, name))

    def specs(self, model: ModelInfo) -> Sequence[ToolSpec]:
        """The tools to offer to `model`, always in the same order."""
        hidden = {name for name in _SHELL_TOOLS if name != model.shell_tool}
        return [tool.spec(model) for name, tool in self._tools.items() if name not in hidden]
