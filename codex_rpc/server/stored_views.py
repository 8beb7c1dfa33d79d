"""How threads on disk are shown to clients, and what of it holds for loaded ones too."""

from collections.abc import Mapping
from typing import cast

from codex_rpc.protocol.ids import ThreadId
from codex_rpc.protocol.thread import (
    CustomSource,
    NotLoadedStatus,
    OtherSubAgentSource,
    SessionSource,
    SubAgentSessionSource,
    SubAgentSource,
    Thread,
    ThreadSpawn,
    ThreadSpawnSource,
)
from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import integer, table, text
from codex_rpc.rollout.session_meta import SessionMeta
from codex_rpc.rollout.stored_thread import StoredThread
from codex_rpc.threads.codex_thread import CodexThread

PREVIEW_CHARS = 500


def origin_view(meta: SessionMeta) -> Thread:
    """The thread as the first line of its file tells of it, which is the same for ever."""
    source = session_source(meta.source)
    spawn = _spawn(source)
    created_at = int(meta.timestamp.timestamp())
    return Thread(
        id=ThreadId(meta.thread_id),
        session_id=ThreadId(meta.thread_id),
        preview="",
        cwd=str(meta.cwd),
        model_provider=meta.model_provider,
        status=NotLoadedStatus(),
        source=source,
        thread_source=meta.thread_source,
        originator=meta.originator or None,
        cli_version=meta.cli_version,
        created_at=created_at,
        updated_at=created_at,
        ephemeral=False,
        history_mode=meta.history_mode,
        git_info=meta.git,
        forked_from_id=None if meta.forked_from_id is None else ThreadId(meta.forked_from_id),
        parent_thread_id=spawn and spawn.parent_thread_id,
        agent_nickname=meta.agent_nickname or (spawn and spawn.agent_nickname),
        agent_role=meta.agent_role or (spawn and spawn.agent_role),
        turns=[],
    )


def stored_thread_view(stored: StoredThread, live: CodexThread | None = None) -> Thread:
    """The thread as it is on disk, without its turns; `live` is the same thread if it is loaded."""
    on_disk = {
        "preview": stored.preview[:PREVIEW_CHARS],
        "name": stored.name,
        "model": stored.model,
        "reasoning_effort": stored.effort,
        "updated_at": stored.updated_at,
        "recency_at": stored.updated_at,
        "path": str(stored.path),
    }
    thread = origin_view(stored.meta).model_copy(update=on_disk)
    return thread if live is None else thread.model_copy(update=_present(live))


def loaded_thread_view(thread: CodexThread) -> Thread:
    """A loaded thread as it is now, without its turns, and without what is kept beside its file."""
    path = thread.rollout_path
    kept = {
        "name": thread.name,
        "ephemeral": thread.origin.ephemeral,
        "path": None if path is None else str(path),
    }
    return origin_view(thread.origin.meta).model_copy(update={**kept, **_present(thread)})


def _present(thread: CodexThread) -> Mapping[str, object]:
    """What a loaded thread knows better than its file."""
    now = thread.snapshot()
    return {
        "preview": now.preview[:PREVIEW_CHARS],
        "cwd": str(now.settings.cwd),
        "model": now.settings.model,
        "model_provider": now.settings.model_provider,
        "reasoning_effort": now.settings.effort,
        "status": now.status,
        "updated_at": now.updated_at,
        "recency_at": now.updated_at,
    }


# --- where a thread comes from -----------------------------------------------------------------


def session_source(stored: str | Payload) -> SessionSource:
    """The wire's form of a source as rollouts have it."""
    if isinstance(stored, str):
        return _NAMES.get(stored, "unknown")
    if (custom := text(stored, "custom")) is not None:
        return CustomSource(custom=custom)
    agent = _sub_agent_source(stored.get("subagent", stored.get("subAgent")))
    return "unknown" if agent is None else SubAgentSessionSource(sub_agent=agent)


_NAMES: Mapping[str, SessionSource] = {
    "cli": "cli",
    "vscode": "vscode",
    "exec": "exec",
    "mcp": "appServer",
    "appServer": "appServer",
}


def _sub_agent_source(stored: object) -> SubAgentSource | None:
    match stored:
        case "review":
            return "review"
        case "compact":
            return "compact"
        case "memory_consolidation":
            return "memory_consolidation"
        case {"other": str(other)}:
            return OtherSubAgentSource(other=other)
        case {"thread_spawn": dict()}:
            return _thread_spawn(table(cast(Payload, stored), "thread_spawn"))
        case _:
            return None


def _thread_spawn(stored: Payload) -> ThreadSpawnSource | None:
    parent = text(stored, "parent_thread_id")
    if parent is None:
        return None
    return ThreadSpawnSource(
        thread_spawn=ThreadSpawn(
            parent_thread_id=ThreadId(parent),
            depth=integer(stored, "depth") or 0,
            agent_path=text(stored, "agent_path"),
            agent_nickname=text(stored, "agent_nickname"),
            agent_role=text(stored, "agent_role"),
        )
    )


def _spawn(source: SessionSource) -> ThreadSpawn | None:
    """Which agent made the thread, if one did."""
    match source:
        case SubAgentSessionSource(sub_agent=ThreadSpawnSource(thread_spawn=spawn)):
            return spawn
        case _:
            return None
