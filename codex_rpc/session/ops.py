"""Ops: what can be submitted to a session. They are carried out one by one, in order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from codex_rpc.config.settings import SettingsOverrides, ThreadSettings
from codex_rpc.errors import CodexRpcError
from codex_rpc.protocol.ids import TurnId
from codex_rpc.protocol.inputs import UserInput
from codex_rpc.protocol.response_items import ResponseItem
from codex_rpc.session.events import SettingsChanged
from codex_rpc.state.waiter import Waiter

if TYPE_CHECKING:
    from codex_rpc.protocol.review import ReviewTarget


class SubmitInput(Struct, frozen=True):
    """Say something: it joins the running turn, or begins one.

    `overrides` stick for this and later turns; `output_schema` (a JSON Schema) holds for this turn.
    """

    parts: Sequence[UserInput]
    client_id: str | None = None
    overrides: SettingsOverrides = field(default_factory=SettingsOverrides)
    output_schema: dict[str, Any] | None = None


class Steer(Struct, frozen=True):
    """Say something to the turn `expected_turn_id`, which must be running and take input."""

    parts: Sequence[UserInput]
    expected_turn_id: TurnId
    client_id: str | None = None


class StartCompaction(Struct, frozen=True):
    """Replace the history by a summary, in a turn of its own that ends a running one."""


class StartReview(Struct, frozen=True):
    """Review changes, in a turn of its own that ends a running one."""

    target: "ReviewTarget"


class RunShellCommand(Struct, frozen=True):
    """Run a command of the user's: beside the running turn, or as a turn of its own."""

    command: str
    timeout_s: float | None = None


class UpdateSettings(Struct, frozen=True):
    """Change settings that stick, without saying anything."""

    overrides: SettingsOverrides


class InjectItems(Struct, frozen=True):
    """Add to the history as it is, without a turn."""

    items: Sequence[ResponseItem]


class Report(Struct, frozen=True):
    """Tell the model what has happened elsewhere, without a turn; in a running one, at a pause."""

    items: Sequence[ResponseItem]


class RollBack(Struct, frozen=True):
    """Take back the last `num_turns` things the user said, with all that followed.

    If whole turns are taken back, `before_turn` is the first of them. `history` is what the model
    shall have heard then, `told` the settings it shall know of, and `last_turn_id` the turn that is
    the last one then, as the record has them. They were worked out when the history had
    `expected_items`.
    """

    num_turns: int
    before_turn: TurnId | None
    expected_items: int
    history: Sequence[ResponseItem]
    told: ThreadSettings | None
    last_turn_id: TurnId | None


Op = (
    SubmitInput
    | Steer
    | StartCompaction
    | StartReview
    | RunShellCommand
    | UpdateSettings
    | InjectItems
    | Report
    | RollBack
)


class Submitted(Struct, frozen=True):
    """What became of an op: the turn it started or joined, and the settings it changed, if any."""

    turn_id: TurnId | None = None
    disposition: Literal["started", "steered", "done"] = "done"
    settings: SettingsChanged | None = None


class Submission(Struct, frozen=True):
    """An op on its way to the session, with the place where its outcome goes."""

    op: Op
    outcome: Waiter[Submitted | CodexRpcError] = field(
        default_factory=Waiter[Submitted | CodexRpcError]
    )
