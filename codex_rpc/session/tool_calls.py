"""Running the model's tool calls, each with exactly one output on record, in call order."""

import json
import logging
import time
from types import TracebackType
from typing import Self, assert_never

import anyio

from codex_rpc.errors import ToolError
from codex_rpc.history.pairing import output_for
from codex_rpc.protocol.ids import CallId
from codex_rpc.protocol.response_items import (
    CustomToolCallItem,
    FunctionCallItem,
    LocalShellCallItem,
    ToolCallItem,
)
from codex_rpc.session.tool_context import SessionToolContext
from codex_rpc.session.tool_gate import ToolGate
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.state.turn_state import OutstandingCall
from codex_rpc.tools.ports import Tool, ToolCall, ToolOutput

logger = logging.getLogger(__name__)


class ToolCalls:
    """The calls of one response. They start while the model is still speaking, in call order.

    Calls of parallel tools may overlap, others run alone; outputs are recorded in call order
    whichever ends first.

    Leaving the context waits for all of them. A call that is cancelled stays outstanding; the end
    of the turn gives it an output.
    """

    def __init__(self, turn: TurnContext) -> None:
        self._turn = turn
        self._context = SessionToolContext(turn)
        self._tasks = anyio.create_task_group()
        self._gate = ToolGate()
        self.started = 0

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._tasks.__aexit__(kind, error, traceback)

    def start(self, item: ToolCallItem) -> None:
        """Put the call on record and run it as soon as the calls before it allow."""
        self.started += 1
        self._turn.record([item])
        if item.call_id is None:
            return
        call_id = CallId(item.call_id)
        outstanding = OutstandingCall(item, time.monotonic())
        self._turn.state.outstanding_calls.append(outstanding)
        self._tasks.start_soon(self._run, outstanding, _tool_call(item, call_id))

    async def _run(self, outstanding: OutstandingCall, call: ToolCall) -> None:
        tool = self._turn.services.tools.find(call.name, call.namespace)
        if tool is None:
            output = ToolOutput(f"unsupported call: {call.name}")
        else:
            gate = self._gate.parallel() if tool.parallel else self._gate.exclusive()
            async with gate:
                output = await self._output(tool, call)
        outstanding.output = output_for(outstanding.item, list(output.content) or output.text)
        self._turn.record(self._turn.state.take_outputs())

    async def _output(self, tool: Tool, call: ToolCall) -> ToolOutput:
        try:
            return await tool.call(call, self._context)
        except ToolError as error:
            return ToolOutput(str(error), success=False)
        except Exception:
            logger.exception("tool call %s failed", call.name)
            return ToolOutput(f"{call.name} failed because of an internal error", success=False)


def _tool_call(item: ToolCallItem, call_id: CallId) -> ToolCall:
    match item:
        case FunctionCallItem():
            return ToolCall(call_id, item.name, item.arguments, item.namespace)
        case CustomToolCallItem():
            return ToolCall(call_id, item.name, item.input)
        case LocalShellCallItem(action=action):
            arguments = {
                "command": action.command,
                "workdir": action.working_directory,
                "timeout_ms": action.timeout_ms,
            }
            return ToolCall(call_id, "shell", json.dumps(arguments))
        case _:
            assert_never(item)
