"""TurnContext: what a running turn is given, fixed for as long as it runs."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.protocol.ids import ThreadId, TurnId
from codex_rpc.protocol.items import ThreadItem
from codex_rpc.protocol.notifications import (
    ItemCompletedNotification,
    ItemStartedNotification,
)
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.session.background_terminals import BackgroundTerminals
from codex_rpc.session.clock import now_ms
from codex_rpc.session.events import Event
from codex_rpc.state.active_turn import ActiveTurn
from codex_rpc.state.open_item import OpenItem
from codex_rpc.state.services import SessionServices
from codex_rpc.state.session_state import SessionState
from codex_rpc.state.turn_state import TurnState


class TurnJournal(Protocol):
    """Where a turn puts down what happens. See `Journal`."""

    def emit(self, event: Event) -> None: ...

    def record(self, items: Sequence[ResponseItem]) -> None: ...

    def replace_history(self, items: Sequence[ResponseItem], summary: str) -> None: ...

    def record_settings(self, turn_id: TurnId, settings: ThreadSettings) -> None: ...

    async def room(self) -> None: ...


class TurnContext(Struct, frozen=True):
    """One turn's view of its session.

    `settings` and `model` are snapshots: what changes meanwhile holds from the next turn on. What a
    turn that has ended still emits or records is dropped.
    """

    thread_id: ThreadId
    turn: ActiveTurn
    settings: ThreadSettings
    model: ModelInfo
    session_state: SessionState
    services: SessionServices
    journal: TurnJournal
    terminals: BackgroundTerminals
    output_schema: dict[str, Any] | None = None

    @property
    def turn_id(self) -> TurnId:
        return self.turn.turn_id

    @property
    def state(self) -> TurnState:
        return self.turn.state

    def emit(self, event: Event) -> None:
        """Tell the client; never waits."""
        if not self.turn.concluded:
            self.journal.emit(event)

    def record(self, items: Sequence[ResponseItem]) -> None:
        """Add to what the model will hear; never waits."""
        if not self.turn.concluded:
            self.journal.record(items)

    async def room(self) -> None:
        """Wait while the client is too slow for more; whoever emits much asks now and then."""
        await self.journal.room()

    def item_started(self, item: ThreadItem, draft: Callable[[], ThreadItem] | None = None) -> None:
        """Show a new item; it stays open until it is completed. `draft` tells what became of it."""
        self.state.open_items[item.id] = OpenItem(item, draft)
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
