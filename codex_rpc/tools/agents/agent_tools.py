"""All tools for working with agents, and their names."""

from collections.abc import Sequence

from codex_rpc.tools.agents.close_agent import CloseAgentTool
from codex_rpc.tools.agents.port import Agents
from codex_rpc.tools.agents.resume_agent import ResumeAgentTool
from codex_rpc.tools.agents.send_input import SendInputTool
from codex_rpc.tools.agents.spawn_agent import SpawnAgentTool
from codex_rpc.tools.agents.wait_agent import WaitAgentTool
from codex_rpc.tools.ports import Tool

AGENT_TOOLS = ("spawn_agent", "send_input", "wait_agent", "close_agent", "resume_agent")


def agent_tools(agents: Agents) -> Sequence[Tool]:
    """The tools of a thread that may have agents."""
    return (
        SpawnAgentTool(agents),
        SendInputTool(agents),
        WaitAgentTool(agents),
        CloseAgentTool(agents),
        ResumeAgentTool(agents),
    )
