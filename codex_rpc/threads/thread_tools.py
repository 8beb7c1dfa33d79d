"""The tools of a thread."""

from collections.abc import Sequence

from codex_rpc.tools.agents.agent_tools import agent_tools
from codex_rpc.tools.command_execution import CommandEnvironment
from codex_rpc.tools.patch_tool import PatchTool
from codex_rpc.tools.plan_tool import PlanTool
from codex_rpc.tools.ports import Agents, Tool
from codex_rpc.tools.shell_tools import ShellTool


def thread_tools(
    environment: CommandEnvironment, agents: Agents | None, temporary_folder: str | None
) -> Sequence[Tool]:
    """All of them, those for working with agents only if it may have some."""
    return [
        ShellTool("shell", environment),
        ShellTool("shell_command", environment),
        ShellTool("exec_command", environment),
        PatchTool(temporary_folder),
        PlanTool(),
        *(() if agents is None else agent_tools(agents)),
    ]
