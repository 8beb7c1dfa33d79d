"""The turn that a session is running, if it is running one."""

import time
from dataclasses import dataclass, field
from typing import Literal

import anyio

from codex_rpc.protocol.ids import TurnId
from codex_rpc.state.turn_state import TurnState

TaskKind = Literal["regular"]
"""What kind of work a turn does; only regular turns accept further input."""


@dataclass(slots=True)
class ActiveTurn:
    """Identity of the running turn and the handle that stops it."""

    turn_id: TurnId
    kind: TaskKind
    state: TurnState
    cancel_scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    done: anyio.Event = field(default_factory=anyio.Event)
    """Set when the turn's terminal event has been emitted."""
    interrupted: bool = False
    started_at: float = field(default_factory=time.time)
    """Unix time in seconds."""

    def interrupt(self) -> None:
        """Ask the turn to stop; asking again changes nothing."""
        self.interrupted = True
        self.cancel_scope.cancel()
