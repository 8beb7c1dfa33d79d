"""A call to other agents as the client sees it: shown when it begins, and again when it is over.

A call that is cancelled stays open; the end of the turn closes it.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from codex_rpc.errors import CodexRpcError, ToolError
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.items import CollabAgentState, CollabAgentToolCallItem
from codex_rpc.tools.ports import ToolContext

FAILED_STATES = ("errored", "notFound")


@dataclass(slots=True)
class ShownCall:
    """One call. `states` are what there is to show of the agents when it is over."""

    item: CollabAgentToolCallItem
    states: Mapping[ThreadId, CollabAgentState]

    def completed(self) -> CollabAgentToolCallItem:
        failed = any(state.status in FAILED_STATES for state in self.states.values())
        return self._over("failed" if failed else "completed")

    def failed(self) -> CollabAgentToolCallItem:
        return self._over("failed")

    def _over(self, status: str) -> CollabAgentToolCallItem:
        return self.item.model_copy(update={"status": status, "agents_states": dict(self.states)})


@contextmanager
def shown_call(context: ToolContext, item: CollabAgentToolCallItem) -> Generator[ShownCall]:
    """Show the call for as long as the context lasts.

    Raises:
        ToolError: where the call is refused, for whatever reason.
    """
    call = ShownCall(item, {})
    context.item_started(item)
    try:
        yield call
    except Exception as error:
        context.item_completed(call.failed())
        if isinstance(error, CodexRpcError) and not isinstance(error, ToolError):
            raise ToolError(str(error)) from error
        raise
    context.item_completed(call.completed())
