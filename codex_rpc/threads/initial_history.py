"""InitialHistory: what a thread has behind it when its session begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.history.store import HistoryStore
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.rollout.reconstruct import Reconstructed
from codex_rpc.state.session_state import SessionState


@dataclass(frozen=True, slots=True)
class New:
    """Nothing has been said."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The thread itself, as its file tells it; it goes on in that file."""

    recorded: Reconstructed
    path: Path


@dataclass(frozen=True, slots=True)
class Forked:
    """Another thread's beginning. `path` is a file that has it already, if there is one."""

    recorded: Reconstructed
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A conversation that somebody has kept elsewhere."""

    items: Sequence[ResponseItem]


InitialHistory = New | Resumed | Forked | Given


def initial_state(
    initial: InitialHistory, settings: ThreadSettings, project_docs: str
) -> SessionState:
    """What a session with these settings begins with."""
    match initial:
        case New():
            return SessionState(settings, project_docs=project_docs)
        case Given(items=items):
            return SessionState(settings, HistoryStore(items), project_docs=project_docs)
        case Resumed(recorded=recorded) | Forked(recorded=recorded):
            return SessionState(
                settings,
                recorded.history,
                total_usage=recorded.total_usage,
                last_usage=recorded.last_usage,
                rate_limits=recorded.rate_limits,
                heard=len(recorded.history),
                told=recorded.baseline and recorded.baseline.applied_to(settings),
                project_docs=project_docs,
                preview=recorded.preview,
                last_turn_id=recorded.turns[-1].turn_id if recorded.turns else None,
            )
