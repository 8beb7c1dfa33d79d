"""`send_input`: say something to an agent that is open."""

from msgspec import Struct

from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.tools.agents.addressed_call import TARGET, Target, addressed_call
from codex_rpc.tools.agents.message import MESSAGE_PARAMETERS, MessageArguments, shown_text
from codex_rpc.tools.agents.port import Agents
from codex_rpc.tools.agents.shown_call import shown_call
from codex_rpc.tools.agents.texts import agent_id, output
from codex_rpc.tools.arguments import parse_arguments
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput


class SendArguments(MessageArguments):
    target: Target
    interrupt: bool = False


SPEC = FunctionToolSpec(
    name="send_input",
    description=(
        "Say something to an agent that is open: more work, a correction, an answer. It hears it "
        "along the way if it is at work, and begins at once if it is not."
    ),
    parameters={
        "type": "object",
        "properties": {
            "target": TARGET,
            **MESSAGE_PARAMETERS,
            "interrupt": {
                "type": "boolean",
                "description": "Whether it shall drop what it is doing and turn to this.",
            },
        },
        "required": ["target"],
        "additionalProperties": False,
    },
)


class SendInputTool(Struct, frozen=True):
    agents: Agents
    name: str = "send_input"
    parallel: bool = False

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = parse_arguments(SendArguments, call.arguments)
        target, parts = agent_id(arguments.target), arguments.parts()
        item = addressed_call(call, "sendInput", self.agents, [target], shown_text(parts))
        with shown_call(context, item) as shown:
            shown.states = {target: self.agents.state(target)}
            turn_id = await self.agents.send(target, parts, interrupt=arguments.interrupt)
            shown.states = {target: self.agents.state(target)}
        return output({"submission_id": turn_id})
