"""What a loaded thread keeps from turn to turn."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from codex_rpc.config.settings import SettingsOverrides, ThreadSettings
from codex_rpc.exec.permission_grants import Grants
from codex_rpc.history.store import HistoryStore
from codex_rpc.managers.skills.skill import Skill
from codex_rpc.model.port import RateLimits, TokenUsage
from codex_rpc.model.rate_limits import merge_rate_limits
from codex_rpc.model.tool_names import McpToolKey
from codex_rpc.protocol.ids import TurnId
from codex_rpc.state.standing import Standing


class CommandKey(Struct, frozen=True):
    """A command as it was approved: the same words in the same folder, nothing else.

    Neither with other permissions, nor in a terminal if it was not to have one.
    """

    argv: tuple[str, ...]
    cwd: Path
    escalated: bool = False
    tty: bool = False


@dataclass(slots=True)
class SessionState:
    """Session-long data. Its owner is the session; everybody else reads snapshots."""

    settings: ThreadSettings
    history: HistoryStore = field(default_factory=HistoryStore)
    approved_commands: set[CommandKey] = field(default_factory=set[CommandKey])
    granted: Grants = field(default_factory=Grants)
    """What the user has granted for the session on top of the sandbox policy."""
    approved_paths: set[Path] = field(default_factory=set[Path])
    approved_mcp_tools: set[McpToolKey] = field(default_factory=set[McpToolKey])
    total_usage: TokenUsage = field(default_factory=TokenUsage)
    last_usage: TokenUsage = field(default_factory=TokenUsage)
    rate_limits: RateLimits = field(default_factory=RateLimits)
    heard: int = 0
    """How many items of the history `last_usage` is about."""
    told: ThreadSettings | None = None
    """The settings the model has been told of; `None` if it knows nothing of its surroundings."""
    project_docs: str = ""
    """What the project's documents tell agents, as it was when the session began."""
    skills: Sequence[Skill] = ()
    """Those that may be used, as it was when the user last said something."""
    guessed_models: set[str] = field(default_factory=set[str])
    """The models nothing is known of, as far as the user was told so."""
    preview: str = ""
    """The first thing the user said, for lists of threads."""
    last_turn_id: TurnId | None = None
    last_turn_failed: bool = False
    standing: Standing = field(default_factory=Standing)
    """How the thread gets on, for those who have it work for them."""
    updated_at: int = field(default_factory=lambda: int(time.time()))
    """When the user last had to do with the thread, in unix seconds."""

    def begin_with(self, history: HistoryStore) -> None:
        """Take over what was said before the session; `last_usage` is about all of it."""
        self.history = history
        self.heard = len(history)

    def apply(self, overrides: SettingsOverrides) -> None:
        """Make `overrides` stick for this and later turns."""
        self.settings = self.settings.with_overrides(overrides)

    def record_usage(self, usage: TokenUsage, heard: int) -> None:
        """Note what a response has cost; its request was made of the first `heard` items."""
        self.last_usage = usage
        self.heard = heard
        self.add_usage(usage)

    def add_usage(self, usage: TokenUsage) -> None:
        """Note what a response has cost that is no part of the history."""
        self.total_usage = self.total_usage + usage

    def estimate_usage(self, tokens: int) -> None:
        """Note about how many tokens the whole history is, after it was rewritten."""
        self.last_usage = TokenUsage(total_tokens=tokens)
        self.heard = len(self.history)

    def record_rate_limits(self, reported: RateLimits) -> None:
        self.rate_limits = merge_rate_limits(self.rate_limits, reported)

    def approve_paths(self, paths: Sequence[Path]) -> None:
        self.approved_paths.update(paths)

    def paths_approved(self, paths: Sequence[Path]) -> bool:
        """Whether the user has approved changes to every one of `paths` for this session."""
        return bool(paths) and self.approved_paths.issuperset(paths)
