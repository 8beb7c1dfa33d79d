"""The end of a turn, apart from what it was about."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.protocol.ids import TurnId, new_turn_id
from codex_rpc.protocol.notifications import TurnCompletedNotification
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.session.events import Event
from codex_rpc.session.tasks.regular import RegularTask
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.session.turn_runner import conclude
from codex_rpc.state.active_turn import ActiveTurn
from codex_rpc.state.turn_state import TurnState
from tests.support.programmed import ProgrammedModel
from tests.support.session import live_session


@dataclass(slots=True)
class RecordingJournal:
    events: list[Event] = field(default_factory=list[Event])

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def record(self, items: Sequence[ResponseItem]) -> None: ...

    def replace_history(self, items: Sequence[ResponseItem], summary: str) -> None: ...

    def record_settings(self, turn_id: TurnId, settings: ThreadSettings) -> None: ...

    async def room(self) -> None: ...


async def test_a_clock_that_was_set_back_does_not_cost_a_turn_its_end(tmp_path: Path) -> None:
    """Every accepted turn ends in exactly one `turn/completed`."""
    async with live_session(tmp_path, ProgrammedModel([])) as live:
        journal = RecordingJournal()
        an_hour_ahead = time.time() + 3600
        turn = TurnContext(
            thread_id=live.session.thread_id,
            turn=ActiveTurn(new_turn_id(), "regular", TurnState(), started_at=an_hour_ahead),
            settings=live.state.settings,
            model=live.services.managers.models.find(live.state.settings),
            session_state=live.state,
            services=live.services,
            journal=journal,
            terminals=live.session.terminals,
        )
        conclude(turn, RegularTask([]), "completed")
    [end] = [event for event in journal.events if isinstance(event, TurnCompletedNotification)]
    assert end.turn.status == "completed"
    assert end.turn.duration_ms is not None
