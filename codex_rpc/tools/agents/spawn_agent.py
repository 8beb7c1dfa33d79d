"""`spawn_agent`: have a new agent do a part of the work, in a thread of its own."""

from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.errors import ToolError
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.items import CollabAgentToolCallItem
from codex_rpc.tools.agents.message import MESSAGE_PARAMETERS, MessageArguments, shown_text
from codex_rpc.tools.agents.port import Agents, AgentTask
from codex_rpc.tools.agents.shown_call import shown_call
from codex_rpc.tools.agents.texts import output
from codex_rpc.tools.arguments import parse_arguments
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput


class SpawnArguments(MessageArguments):
    agent_type: str | None = None
    model: str | None = None
    reasoning_effort: str | None = None
    fork_context: bool = False


SPEC = FunctionToolSpec(
    name="spawn_agent",
    description=(
        "Have another agent do a part of the work while you go on; returns its id and the name "
        "that the user sees. Do this only if the user, or instructions you were given, ask for "
        "agents, delegation or parallel work. Give it a task that is clear without what you know, "
        "that does not hold up your next step, and whose files nobody else changes at the same "
        "time; say what it shall report. It works in the same folder with your permissions. You "
        "are told when it is done. It counts against the limit of open agents until you close it."
    ),
    parameters={
        "type": "object",
        "properties": {
            **MESSAGE_PARAMETERS,
            "model": {
                "type": "string",
                "description": "Another model than yours; only if the user asks for it.",
            },
            "reasoning_effort": {
                "type": "string",
                "description": "Another reasoning effort than yours.",
            },
            "fork_context": {
                "type": "boolean",
                "description": "Whether it knows this conversation; if left out, the task only.",
            },
        },
        "additionalProperties": False,
    },
)


class SpawnAgentTool(Struct, frozen=True):
    agents: Agents
    name: str = "spawn_agent"
    parallel: bool = False

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = parse_arguments(SpawnArguments, call.arguments)
        parts = arguments.parts()
        if arguments.agent_type not in (None, "default"):
            raise ToolError(f"unknown agent_type '{arguments.agent_type}'")
        settings = replace(
            context.settings,
            model=arguments.model or context.settings.model,
            effort=arguments.reasoning_effort
            or (None if arguments.model else context.settings.effort),
        )
        item = CollabAgentToolCallItem(
            id=ItemId(call.call_id),
            tool="spawnAgent",
            status="inProgress",
            sender_thread_id=self.agents.thread_id,
            receiver_thread_ids=[],
            agents_states={},
            prompt=shown_text(parts),
            model=settings.model,
            reasoning_effort=settings.effort,
        )
        with shown_call(context, item) as shown:
            agent = await self.agents.spawn(AgentTask(parts, settings, arguments.fork_context))
            shown.item = item.model_copy(update={"receiver_thread_ids": [agent.agent_id]})
            shown.states = {agent.agent_id: self.agents.state(agent.agent_id)}
        return output({"agent_id": agent.agent_id, "nickname": agent.nickname})
