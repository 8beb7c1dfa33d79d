"""The tools of a thread."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from codex_rpc.tools.agents.agent_tools import agent_tools
from codex_rpc.tools.agents.port import Agents
from codex_rpc.tools.apply_patch.patch_tool import PatchTool
from codex_rpc.tools.commands.environment import CommandEnvironment
from codex_rpc.tools.commands.exec_command import ExecCommandTool
from codex_rpc.tools.commands.shell_tools import ShellTool
from codex_rpc.tools.commands.write_stdin import WriteStdinTool
from codex_rpc.tools.files.grep_files import GrepFilesTool
from codex_rpc.tools.files.list_dir import ListDirTool
from codex_rpc.tools.files.read_file import ReadFileTool
from codex_rpc.tools.files.view_image import ViewImageTool
from codex_rpc.tools.plan_tool import PlanTool
from codex_rpc.tools.ports import Tool
from codex_rpc.tools.request_permissions import RequestPermissionsTool
from codex_rpc.tools.request_user_input import RequestUserInputTool

if TYPE_CHECKING:
    from codex_rpc.managers.mcp.view import ThreadMcp


def thread_tools(
    environment: CommandEnvironment,
    agents: Agents | None,
    mcp: "ThreadMcp | None",
    temporary_folder: str | None,
) -> Sequence[Tool]:
    """All that are our own.

    Those for working with agents only if it may have some, those for reading what MCP servers have
    only if there are some.
    """
    return [
        ShellTool("shell", environment),
        ShellTool("shell_command", environment),
        ExecCommandTool(environment),
        WriteStdinTool(),
        PatchTool(temporary_folder),
        PlanTool(),
        RequestUserInputTool(),
        RequestPermissionsTool(temporary_folder),
        ViewImageTool(),
        ReadFileTool(),
        ListDirTool(),
        GrepFilesTool(environment),
        *(() if agents is None else agent_tools(agents)),
        *_resource_tools(mcp),
    ]


def _resource_tools(mcp: "ThreadMcp | None") -> Sequence[Tool]:
    if mcp is None:
        return ()
    from codex_rpc.tools.mcp.resource_tools import resource_tools

    return resource_tools(mcp)
