"""`wait_agent`: wait for what comes of agents' work."""

from msgspec import Struct
from pydantic import AliasChoices, Field

from codex_rpc.errors import ToolError
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.tools.agents.addressed_call import TARGET, addressed_call
from codex_rpc.tools.agents.port import Agents
from codex_rpc.tools.agents.shown_call import shown_call
from codex_rpc.tools.agents.texts import agent_id, output, state_for_model
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput

DEFAULT_TIMEOUT_MS = 30_000
SHORTEST_TIMEOUT_MS = 10_000
LONGEST_TIMEOUT_MS = 3_600_000


class WaitArguments(ToolArguments):
    targets: list[str] = Field(validation_alias=AliasChoices("targets", "ids"))
    timeout_ms: float | None = None

    def timeout_s(self) -> float:
        """How long to wait: no shorter than makes sense, so that nobody asks again and again.

        Raises:
            ToolError: if the timeout is none at all.
        """
        timeout = DEFAULT_TIMEOUT_MS if self.timeout_ms is None else self.timeout_ms
        if not timeout > 0:
            raise ToolError("timeout_ms must be greater than zero")
        return min(max(timeout, SHORTEST_TIMEOUT_MS), LONGEST_TIMEOUT_MS) / 1000


SPEC = FunctionToolSpec(
    name="wait_agent",
    description=(
        "Wait until one of these agents has nothing left to do, and get what came of it; an empty "
        "status means that none had by then. Do something useful meanwhile if you can: you are "
        "told of an agent's end anyway."
    ),
    parameters={
        "type": "object",
        "properties": {
            "targets": {
                "type": "array",
                "items": TARGET,
                "description": "The agents; the first that is done ends the wait.",
            },
            "timeout_ms": {
                "type": "number",
                "description": "30000 if left out; from 10000 to 3600000. Prefer long ones.",
            },
        },
        "required": ["targets"],
        "additionalProperties": False,
    },
)


class WaitAgentTool(Struct, frozen=True):
    agents: Agents
    name: str = "wait_agent"
    parallel: bool = True

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = parse_arguments(WaitArguments, call.arguments)
        targets = list(dict.fromkeys(agent_id(target) for target in arguments.targets))
        if not targets:
            raise ToolError("agent ids must be non-empty")
        timeout_s = arguments.timeout_s()
        with shown_call(context, addressed_call(call, "wait", self.agents, targets)) as shown:
            shown.states = await self.agents.wait(targets, timeout_s)
        status = {target: state_for_model(state) for target, state in shown.states.items()}
        return output({"status": status, "timed_out": not status})
