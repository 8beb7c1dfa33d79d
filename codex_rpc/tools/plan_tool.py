"""`update_plan`: the model's list of steps, shown to the user."""

from typing import Literal

from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.protocol.notifications import TurnPlanStep
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.ports import ToolCall, ToolContext, ToolOutput


class PlanStep(ToolArguments):
    step: str
    status: Literal["pending", "in_progress", "completed"]


class PlanArguments(ToolArguments):
    plan: list[PlanStep]
    explanation: str | None = None


SPEC = FunctionToolSpec(
    name="update_plan",
    description=(
        "Show the user your plan, or how far you are with it. Give all steps each time, each in a "
        "few words; at most one is in_progress. Not needed for work that is done in one go."
    ),
    parameters={
        "type": "object",
        "properties": {
            "explanation": {"type": "string", "description": "Why the plan changed, if it did."},
            "plan": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "step": {"type": "string"},
                        "status": {
                            "type": "string",
                            "enum": ["pending", "in_progress", "completed"],
                        },
                    },
                    "required": ["step", "status"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["plan"],
        "additionalProperties": False,
    },
)


class PlanTool:
    name = "update_plan"
    parallel = False

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        return SPEC

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = parse_arguments(PlanArguments, call.arguments)
        steps = [
            TurnPlanStep(
                step=step.step,
                status="inProgress" if step.status == "in_progress" else step.status,
            )
            for step in arguments.plan
        ]
        context.plan_updated(arguments.explanation, steps)
        return ToolOutput("Plan updated")
