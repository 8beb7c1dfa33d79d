"""McpTools: the tools of a thread's servers, as groups for the model."""

from collections.abc import Sequence
from itertools import groupby

from codex_rpc.managers.mcp.view import ThreadMcp
from codex_rpc.tools.mcp.mcp_tool import McpModelTool
from codex_rpc.tools.ports import ToolGroup


class McpTools:
    """One thread's: implements `tools.ports.ToolSource`."""

    def __init__(self, servers: ThreadMcp) -> None:
        self._servers = servers

    def groups(self) -> Sequence[ToolGroup]:
        """One group for each server that has tools, by name."""
        tools = sorted(self._servers.tools_now(), key=lambda tool: (tool.server, tool.name))
        about = {view.name: view.instructions for view in self._servers.statuses()}
        return [
            ToolGroup(
                tools=[McpModelTool(tool, self._servers) for tool in members],
                namespace=namespace,
                description=about.get(server) or f"Tools of {server}.",
                flat_names={tool.name: tool.flat_name for tool in members},
            )
            for (server, namespace), group in groupby(tools, lambda t: (t.server, t.namespace))
            if (members := list(group))
        ]
