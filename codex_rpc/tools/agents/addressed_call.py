"""Calls that concern agents by their ids: how they are shown, and their parameters."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AliasChoices, Field

from codex_rpc.protocol.ids import ItemId, ThreadId
from codex_rpc.protocol.items import CollabAgentTool, CollabAgentToolCallItem
from codex_rpc.tools.agents.port import Agents
from codex_rpc.tools.ports import ToolCall

Target = Annotated[str, Field(validation_alias=AliasChoices("target", "id"))]
"""An agent's id, under its name or the one that earlier models know."""

TARGET = {"type": "string", "description": "The agent's id, as spawn_agent returned it."}


def addressed_call(
    call: ToolCall,
    tool: CollabAgentTool,
    agents: Agents,
    receivers: Sequence[ThreadId],
    prompt: str | None = None,
) -> CollabAgentToolCallItem:
    """The call as it begins."""
    return CollabAgentToolCallItem(
        id=ItemId(call.call_id),
        tool=tool,
        status="inProgress",
        sender_thread_id=agents.thread_id,
        receiver_thread_ids=list(receivers),
        agents_states={},
        prompt=prompt,
    )
