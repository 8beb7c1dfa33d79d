"""The turn that a session is running, if it is running one."""

import time
from dataclasses import dataclass, field
from typing import Literal

import anyio

from codex_rpc.protocol.ids import TurnId
from codex_rpc.state.live_turn import LiveTurn
from codex_rpc.state.turn_state import TurnState

TaskKind = Literal["regular", "review", "compact", "userShell"]
"""What kind of work a turn does; only regular turns accept further input."""

StopReason = Literal["interrupted", "replaced"]
"""Why a turn was stopped: the user wanted it to end, or something else instead of it."""


@dataclass(slots=True)
class ActiveTurn:
    """Identity of the running turn and the handle that stops it."""

    turn_id: TurnId
    kind: TaskKind
    state: TurnState
    cancel_scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    """Around the turn's work."""
    settled: anyio.Event = field(default_factory=anyio.Event)
    """Set when the work has ended or was told to stop."""
    done: anyio.Event = field(default_factory=anyio.Event)
    """Set when the turn's terminal event has been emitted."""
    stop_reason: StopReason | None = None
    begun: bool = False
    """Whether its first event has been emitted."""
    concluded: bool = False
    """Whether the terminal event has been emitted; whatever still comes of the turn is dropped."""
    started_at: float = field(default_factory=time.time)
    """Unix time in seconds."""
    began: float = field(default_factory=time.monotonic)
    """The same moment on the clock that is never set back, for how long the turn takes."""

    @property
    def stopping(self) -> bool:
        return self.stop_reason is not None

    @property
    def takes_input(self) -> bool:
        return self.kind == "regular"

    def live_turn(self) -> LiveTurn:
        """What of the turn is under way at this moment."""
        return LiveTurn(
            turn_id=self.turn_id,
            started_at=int(self.started_at),
            open_items=[item.now() for item in self.state.open_items.values()],
        )

    def stop(self, reason: StopReason) -> None:
        """Ask the turn to stop; asking again changes nothing."""
        if self.stop_reason is None:
            self.stop_reason = reason
            self.cancel_scope.cancel()
            self.settled.set()
