"""Where the thread of an agent comes from, as the first line of its file says it."""

from pydantic import ValidationError

from codex_rpc.protocol.thread import ThreadSpawn
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import table


def agent_source(spawn: ThreadSpawn) -> Payload:
    """The source of a thread that was spawned so."""
    return {"subagent": {"thread_spawn": spawn.model_dump()}}


def spawn_of(source: str | Payload) -> ThreadSpawn | None:
    """Which agent spawned the thread; `None` if none did."""
    if isinstance(source, str):
        return None
    agent = table(source, "subagent") or table(source, "subAgent")
    try:
        return ThreadSpawn.model_validate(table(agent, "thread_spawn"))
    except ValidationError:
        return None
