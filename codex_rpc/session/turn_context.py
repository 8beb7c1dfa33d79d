"""TurnContext: what a running turn is given, fixed for as long as it runs."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.protocol.ids import ThreadId, TurnId
from codex_rpc.protocol.items import ThreadItem
from codex_rpc.protocol.notifications import (
    ItemCompletedNotification,
    ItemStartedNotification,
)
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.session.events import Event
from codex_rpc.state.active_turn import ActiveTurn
from codex_rpc.state.services import SessionServices
from codex_rpc.state.session_state import SessionState
from codex_rpc.state.turn_state import TurnState


@dataclass(frozen=True, slots=True)
class TurnContext:
    """One turn's view of its session.

    `settings` and `model` are snapshots: what changes meanwhile holds from the next turn on.
    `emit` and `record` never wait; whoever emits much awaits `room` now and then.
    """

    thread_id: ThreadId
    turn: ActiveTurn
    settings: ThreadSettings
    model: ModelInfo
    session_state: SessionState
    services: SessionServices
    emit: Callable[[Event], None]
    record: Callable[[Sequence[ResponseItem]], None]
    room: Callable[[], Awaitable[None]]
    output_schema: dict[str, Any] | None = None

    @property
    def turn_id(self) -> TurnId:
        return self.turn.turn_id

    @property
    def state(self) -> TurnState:
        return self.turn.state

    def item_started(self, item: ThreadItem) -> None:
        """Show a new item; it stays open until it is completed."""
        self.state.open_items[item.id] = item
        self.emit(
            ItemStartedNotification(
                thread_id=self.thread_id,
                turn_id=self.turn_id,
                item=item,
                started_at_ms=now_ms(),
            )
        )

    def item_completed(self, item: ThreadItem) -> None:
        """Show an item's final form."""
        self.state.open_items.pop(item.id, None)
        self.emit(
            ItemCompletedNotification(
                thread_id=self.thread_id,
                turn_id=self.turn_id,
                item=item,
                completed_at_ms=now_ms(),
            )
        )


def now_ms() -> int:
    """Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
