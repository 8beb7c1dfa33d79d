"""The first line of a rollout: which thread the file holds, and where the thread came from."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

from msgspec import Struct

from codex_rpc.protocol.thread import GitInfo
from codex_rpc.rollout.envelope import Payload, moment_of, utc_millis
from codex_rpc.rollout.fields import table, tables, text

_GIT_NAMES = {"sha": "commit_hash", "branch": "branch", "origin_url": "repository_url"}
"""What the wire calls them, and what the disk does."""


class HistoryBase(Struct, frozen=True):
    """The thread goes on from a place in another file, which has to be read up to there first."""

    rollout_id: str
    """What the other file's name ends with: its thread's id, or one of its own after a revert."""
    end_ordinal_exclusive: int
    end_byte_offset: int


class SessionMeta(Struct, frozen=True):
    """Which thread a file holds. `source` is as on disk: a name, or an object for sub-agents."""

    thread_id: str
    timestamp: datetime
    cwd: Path
    originator: str
    cli_version: str
    source: str | Payload
    model_provider: str
    base_instructions: str | None = None
    thread_source: str | None = None
    """What the client calls the place where the thread was started."""
    forked_from_id: str | None = None
    parent_thread_id: str | None = None
    """The thread that has this one work for it."""
    agent_nickname: str | None = None
    agent_role: str | None = None
    git: GitInfo | None = None
    dynamic_tools: tuple[Payload, ...] = ()
    """The tools that the thread's client provides."""
    history_mode: Literal["legacy", "paginated"] = "legacy"
    history_base: HistoryBase | None = None
    """Only ever read: what this package writes is self-contained."""

    def payload(self) -> Payload:
        payload: Payload = {
            "id": self.thread_id,
            "forked_from_id": self.forked_from_id,
            "parent_thread_id": self.parent_thread_id,
            "timestamp": utc_millis(self.timestamp),
            "cwd": str(self.cwd),
            "originator": self.originator,
            "cli_version": self.cli_version,
            "source": self.source,
            "thread_source": self.thread_source,
            "model_provider": self.model_provider,
            "agent_nickname": self.agent_nickname,
            "agent_role": self.agent_role,
            "history_mode": "paginated" if self.history_mode == "paginated" else None,
        }
        if self.base_instructions is not None:
            payload["base_instructions"] = {"text": self.base_instructions}
        if self.dynamic_tools:
            payload["dynamic_tools"] = list(self.dynamic_tools)
        if self.git is not None:
            git = {disk: getattr(self.git, wire) for wire, disk in _GIT_NAMES.items()}
            payload["git"] = {name: value for name, value in git.items() if value is not None}
        return {name: value for name, value in payload.items() if value is not None}

    @classmethod
    def from_payload(cls, payload: Payload, stamp: str | None = None) -> Self | None:
        """Read what `payload` says, or another program's; `None` if it names no thread.

        `stamp` is the line's own, for a payload that has none.
        """
        thread_id = text(payload, "id")
        if not thread_id:
            return None
        return cls(
            thread_id=thread_id,
            timestamp=moment_of(payload.get("timestamp"))
            or moment_of(stamp)
            or datetime.fromtimestamp(0, UTC),
            cwd=Path(text(payload, "cwd") or "/"),
            originator=text(payload, "originator") or "",
            cli_version=text(payload, "cli_version") or "",
            source=text(payload, "source") or table(payload, "source") or "unknown",
            model_provider=text(payload, "model_provider") or "",
            base_instructions=_base_instructions(payload),
            thread_source=text(payload, "thread_source"),
            forked_from_id=text(payload, "forked_from_id"),
            parent_thread_id=text(payload, "parent_thread_id"),
            agent_nickname=text(payload, "agent_nickname"),
            agent_role=text(payload, "agent_role"),
            git=_git(payload),
            dynamic_tools=tuple(tables(payload, "dynamic_tools")),
            history_mode="paginated" if payload.get("history_mode") == "paginated" else "legacy",
            history_base=_history_base(payload.get("history_base")),
        )


def _base_instructions(payload: Payload) -> str | None:
    """Older files have them as plain `instructions`."""
    return text(table(payload, "base_instructions"), "text") or text(payload, "instructions")


def _git(payload: Payload) -> GitInfo | None:
    git = table(payload, "git")
    return GitInfo(**{wire: text(git, disk) for wire, disk in _GIT_NAMES.items()}) if git else None


def _history_base(found: object) -> HistoryBase | None:
    match found:
        case {
            "thread_id": str(rollout_id),
            "end_ordinal_exclusive": int(ordinal),
            "end_byte_offset": int(offset),
        }:
            return HistoryBase(rollout_id, ordinal, offset)
        case _:
            return None
