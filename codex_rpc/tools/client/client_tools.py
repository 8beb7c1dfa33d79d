"""Tools that the client provides, which are called through the client.

The client is asked as it is asked anything else, and may take its time; a client that is gone, or
whose answer makes no sense, has failed the call. What the tools must be like is in
`client_tool_rules`, how a call is shown in `dynamic_call`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from msgspec import Struct

from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.protocol.dynamic_tools import DynamicToolFunction, DynamicToolSpec
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.questions import DynamicToolCallParams, DynamicToolCallResponse
from codex_rpc.tools.client.dynamic_call import DynamicCall, json_arguments
from codex_rpc.tools.client.recorded_tools import canonical
from codex_rpc.tools.ports import (
    ClientQuestion,
    QuestionHeader,
    ToolCall,
    ToolContext,
    ToolGroup,
    ToolOutput,
)


class ClientTool(Struct, frozen=True):
    """One tool of the client's."""

    function: DynamicToolFunction
    namespace: str | None = None
    parallel: bool = True

    @property
    def name(self) -> str:
        return self.function.name

    def spec(self, model: ModelInfo) -> FunctionToolSpec:
        schema = {"type": "object", **cast("dict[str, Any]", self.function.input_schema)}
        return FunctionToolSpec(self.name, self.function.description, schema)

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        arguments = json_arguments(call)

        def params(header: QuestionHeader) -> DynamicToolCallParams:
            return DynamicToolCallParams(
                thread_id=header.thread_id,
                turn_id=header.turn_id,
                call_id=call.call_id,
                approval_id=header.approval_id,
                namespace=self.namespace,
                tool=self.name,
                arguments=arguments,
            )

        shown = DynamicCall(call, (self.namespace, self.name), arguments, context)
        question = ClientQuestion("item/tool/call", params, ItemId(call.call_id))
        reply = await context.ask_client(question)
        match reply.response:
            case DynamicToolCallResponse(content_items=content, success=success):
                return shown.ended(content, success=success)
            case _:
                return shown.failed(f"the tool call failed: {reply.reason or 'no answer'}")


class GivenGroups(Struct, frozen=True):
    """Tools that are there as long as their thread. A `ToolSource`."""

    given: Sequence[ToolGroup]

    def groups(self) -> Sequence[ToolGroup]:
        return self.given


def client_tools(specs: Iterable[DynamicToolSpec]) -> GivenGroups:
    """The tools that these say, which have been checked."""
    return GivenGroups([_group(spec) for spec in canonical(specs)])


def _group(spec: DynamicToolSpec) -> ToolGroup:
    if isinstance(spec, DynamicToolFunction):
        return ToolGroup([ClientTool(spec)])
    tools = [ClientTool(function, spec.name) for function in spec.tools]
    return ToolGroup(tools, spec.name, spec.description)
