"""InitialHistory: what a thread has behind it when its session begins."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.history.fragments import is_user_message
from codex_rpc.history.store import HistoryStore
from codex_rpc.protocol.response_items import MessageItem, ResponseItem
from codex_rpc.session.recollection import Past
from codex_rpc.state.session_state import SessionState

if TYPE_CHECKING:
    from codex_rpc.rollout.log_reading import Reconstructed


class New(Struct, frozen=True):
    """Nothing has been said."""


class Resumed(Struct, frozen=True):
    """The thread itself, as its file tells it; it goes on in that file."""

    recorded: "Reconstructed"
    path: Path
    updated_at: int
    """When the file was last written, in unix seconds."""


class Forked(Struct, frozen=True):
    """Another thread's beginning. `path` is a file that has it already, if there is one."""

    recorded: "Reconstructed"
    path: Path | None = None


class Given(Struct, frozen=True):
    """A conversation that somebody has kept elsewhere."""

    items: Sequence[ResponseItem]


InitialHistory = New | Resumed | Forked | Given


def past_of(initial: InitialHistory) -> Past | None:
    """How the session's history is read when it is needed; `None` if it has it already."""
    match initial:
        case New() | Given():
            return None
        case Resumed(recorded=recorded) | Forked(recorded=recorded):
            return lambda: recorded.history


def initial_state(
    initial: InitialHistory, settings: ThreadSettings, project_docs: str
) -> SessionState:
    """What a session with these settings begins with, its history aside if that is to be read."""
    match initial:
        case New():
            return SessionState(settings, project_docs=project_docs)
        case Given(items=items):
            return SessionState(
                settings,
                HistoryStore(items),
                project_docs=project_docs,
                preview=_first_words(items),
            )
        case Resumed(recorded=recorded) | Forked(recorded=recorded):
            now = int(time.time())
            return SessionState(
                settings,
                total_usage=recorded.total_usage,
                last_usage=recorded.last_usage,
                rate_limits=recorded.rate_limits,
                told=recorded.baseline and recorded.baseline.applied_to(settings),
                project_docs=project_docs,
                preview=recorded.preview,
                updated_at=initial.updated_at if isinstance(initial, Resumed) else now,
                last_turn_id=recorded.turns[-1].turn_id if recorded.turns else None,
            )


def _first_words(items: Sequence[ResponseItem]) -> str:
    """The first thing the user said."""
    spoken = (item for item in items if isinstance(item, MessageItem) and is_user_message(item))
    return next((item.text for item in spoken), "")
