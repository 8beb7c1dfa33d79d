"""Ops: what can be submitted to a session. They are carried out one by one, in order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from codex_rpc.config.settings import SettingsOverrides
from codex_rpc.errors import CodexRpcError
from codex_rpc.protocol.ids import TurnId
from codex_rpc.protocol.inputs import UserInput
from codex_rpc.state.waiter import Waiter


@dataclass(frozen=True, slots=True)
class SubmitInput:
    """Say something: it joins the running turn, or begins one.

    `overrides` stick for this and later turns; `output_schema` (a JSON Schema) holds for this turn.
    """

    parts: Sequence[UserInput]
    client_id: str | None = None
    overrides: SettingsOverrides = field(default_factory=SettingsOverrides)
    output_schema: dict[str, Any] | None = None


Op = SubmitInput


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of an op."""

    turn_id: TurnId
    disposition: Literal["started", "steered"]


@dataclass(frozen=True, slots=True)
class Submission:
    """An op on its way to the session, with the place where its outcome goes."""

    op: Op
    outcome: Waiter[Submitted | CodexRpcError] = field(
        default_factory=Waiter[Submitted | CodexRpcError]
    )
