"""What the model is told of agents, as JSON."""

import json
import re
from collections.abc import Mapping

from codex_rpc.errors import ToolError
from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.items import CollabAgentState
from codex_rpc.tools.ports import ToolOutput

_NAMES = {"pendingInit": "pending_init", "notFound": "not_found"}
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


def state_for_model(state: CollabAgentState) -> object:
    """A state with what came of the work, if anything did, else its name."""
    if state.status in ("completed", "errored"):
        return {state.status: state.message}
    return _NAMES.get(state.status, state.status)


def output(body: Mapping[str, object]) -> ToolOutput:
    return ToolOutput(json.dumps(body, ensure_ascii=False, separators=(",", ":")))


def agent_id(text: str) -> ThreadId:
    """The id, if it has the form of one.

    Raises:
        ToolError: if it has not.
    """
    if _UUID.fullmatch(text) is None:
        raise ToolError(f"invalid agent id {text[:80]}: expected the id that spawn_agent returned")
    return ThreadId(text.lower())
