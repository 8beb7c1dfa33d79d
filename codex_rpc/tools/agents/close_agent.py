"""`close_agent`: end an agent that is not needed any more."""

from msgspec import Struct

from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.tools.agents.addressed_call import TARGET, Target, addressed_call
from codex_rpc.tools.agents.port import Agents
from codex_rpc.tools.agents.shown_call import shown_call
from codex_rpc.tools.agents.texts import agent_id, output, state_for_model
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput


class CloseArguments(ToolArguments):
    target: Target


SPEC = FunctionToolSpec(
    name="close_agent",
    description=(
        "End an agent that you do not need any more, and the agents it has started; returns how it "
        "stood before. What it is doing is stopped. Only closed agents make room for others."
    ),
    parameters={
        "type": "object",
        "properties": {"target": TARGET},
        "required": ["target"],
        "additionalProperties": False,
    },
)


class CloseAgentTool(Struct, frozen=True):
    agents: Agents
    name: str = "close_agent"
    parallel: bool = False

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        target = agent_id(parse_arguments(CloseArguments, call.arguments).target)
        item = addressed_call(call, "closeAgent", self.agents, [target])
        with shown_call(context, item) as shown:
            before = self.agents.state(target)
            shown.states = {target: before}
            before = await self.agents.close(target)
        return output({"previous_status": state_for_model(before)})
