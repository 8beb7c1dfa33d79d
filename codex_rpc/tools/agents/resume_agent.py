"""`resume_agent`: open an agent again that was closed."""

from msgspec import Struct

from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.tools.agents.addressed_call import TARGET, Target, addressed_call
from codex_rpc.tools.agents.port import Agents
from codex_rpc.tools.agents.shown_call import shown_call
from codex_rpc.tools.agents.texts import agent_id, output, state_for_model
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput


class ResumeArguments(ToolArguments):
    id: Target


SPEC = FunctionToolSpec(
    name="resume_agent",
    description=(
        "Open an agent again that was closed, with all it knew then. It does nothing before you "
        "say something to it with send_input."
    ),
    parameters={
        "type": "object",
        "properties": {"id": TARGET},
        "required": ["id"],
        "additionalProperties": False,
    },
)


class ResumeAgentTool(Struct, frozen=True):
    agents: Agents
    name: str = "resume_agent"
    parallel: bool = False

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        target = agent_id(parse_arguments(ResumeArguments, call.arguments).id)
        item = addressed_call(call, "resumeAgent", self.agents, [target])
        with shown_call(context, item) as shown:
            shown.states = {target: self.agents.state(target)}
            state = await self.agents.resume(target, context.settings)
            shown.states = {target: state}
        return output({"status": state_for_model(state)})
