"""Where threads come from, as rollouts spell it, in the words that clients filter by."""

from collections.abc import Collection
from typing import cast

from codex_rpc.rollout.envelope import Payload
from codex_rpc.rollout.fields import table, text

_NAMES = {
    "cli": "cli",
    "vscode": "vscode",
    "exec": "exec",
    "mcp": "appServer",
    "appServer": "appServer",
    "app_server": "appServer",
}
_AGENTS = {
    "review": "subAgentReview",
    "compact": "subAgentCompact",
    "thread_spawn": "subAgentThreadSpawn",
    "other": "subAgentOther",
}
_AGENT = "subAgent"
_CUSTOM = "custom"


def kind_of(source: object) -> str:
    """The kind of a stored source; `custom` for names that a program gave itself."""
    if isinstance(source, str):
        return _NAMES.get(source, "unknown")
    if not isinstance(source, dict):
        return "unknown"
    stored = cast(Payload, source)
    if "custom" in stored:
        return _CUSTOM
    agent = stored.get("subagent", stored.get("subAgent"))
    if agent is None:
        return "unknown"
    names = [agent] if isinstance(agent, str) else list(cast(Payload, agent or {}))
    return next((_AGENTS[name] for name in names if name in _AGENTS), _AGENT)


def kinds_meant(asked: Collection[str]) -> set[str]:
    """All kinds that a filter lets through: a group stands for its members."""
    meant = set(asked)
    if _AGENT in meant:
        meant |= set(_AGENTS.values())
    if "unknown" in meant:
        meant.add(_CUSTOM)
    return meant


def parent_of(meta: Payload) -> str | None:
    """The thread that spawned this one, if one did."""
    source = table(meta, "source")
    agent = table(source, "subagent") or table(source, "subAgent")
    spawn = table(agent, "thread_spawn")
    return text(spawn, "parent_thread_id") or text(meta, "parent_thread_id")
