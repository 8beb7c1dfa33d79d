"""Everything that lives exactly as long as one turn."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Struct

from codex_rpc.exec.permission_grants import Grants
from codex_rpc.model.port import TokenUsage
from codex_rpc.protocol.approvals import PendingApproval
from codex_rpc.protocol.base import WireModel
from codex_rpc.protocol.ids import ApprovalId
from codex_rpc.protocol.inputs import UserInput
from codex_rpc.protocol.items import AgentMessageItem, ThreadItem
from codex_rpc.protocol.response_items import (
    MessageItem,
    ResponseItem,
    ToolCallItem,
    ToolOutputItem,
)
from codex_rpc.state.open_item import OpenItem
from codex_rpc.state.waiter import Waiter

if TYPE_CHECKING:
    from codex_rpc.tools.turn_diff import TurnDiffTracker


def _no_changes() -> "TurnDiffTracker":
    # A thread starts without what turns need.
    from codex_rpc.tools.turn_diff import TurnDiffTracker

    return TurnDiffTracker()


class TurnInput(Struct, frozen=True):
    """One thing the user said: to begin a turn with, or to add to a running one."""

    parts: Sequence[UserInput]
    message: MessageItem
    """The same as the model hears it."""
    client_id: str | None = None
    skills: Sequence[MessageItem] = ()
    """The documents of the skills that the user named."""
    problems: Sequence[str] = ()
    """What to warn the user of."""


class ApprovalAnswer(Struct, frozen=True):
    """A client's answer: the result of the server request that asks the question.

    `response` is `None` when it made no sense; `reason` then says why.
    """

    response: WireModel | None
    reason: str | None = None


class OpenApproval(Struct, frozen=True):
    """A question to the client that has no answer yet."""

    question: PendingApproval
    waiter: Waiter[ApprovalAnswer]


@dataclass(slots=True)
class OutstandingCall:
    """A tool call whose output has not been recorded; `started_at` is on the monotonic clock.

    `output` is there if only earlier calls keep it from being recorded.
    """

    item: ToolCallItem
    started_at: float
    output: ToolOutputItem | None = None


class ReviewState(Struct, frozen=True):
    """A review under way. `answer` is the reviewer's last word, once it has spoken it."""

    answer: str | None = None


class Leftovers(Struct, frozen=True):
    """What a turn had not dealt with when it was cleared."""

    questions: Sequence[ApprovalId]
    input: Sequence[TurnInput]
    reports: Sequence[ResponseItem]
    calls: Sequence[OutstandingCall]
    items: Sequence[ThreadItem]


@dataclass(slots=True)
class TurnState:
    """The running turn's data. `clear` is the one clean-up, however the turn ends."""

    usage_at_start: TokenUsage = field(default_factory=TokenUsage)
    pending_input: deque[TurnInput] = field(default_factory=deque[TurnInput])
    pending_reports: list[ResponseItem] = field(default_factory=list[ResponseItem])
    """What the model shall hear when it is asked next; not asked for, and needing no answer."""
    approvals: dict[ApprovalId, OpenApproval] = field(
        default_factory=dict[ApprovalId, OpenApproval]
    )
    outstanding_calls: deque[OutstandingCall] = field(default_factory=deque[OutstandingCall])
    """In call order; ids would not tell them apart, since some models use one twice."""
    open_items: dict[str, OpenItem] = field(default_factory=dict[str, OpenItem])
    """Items that were started and not completed."""
    granted: Grants = field(default_factory=Grants)
    """What the user has granted for this turn on top of the sandbox policy."""
    diff: "TurnDiffTracker" = field(default_factory=_no_changes)
    last_agent_message: AgentMessageItem | None = None
    review: ReviewState | None = None
    compacted_for_room: bool = False
    """Whether the history was compacted because a request did not fit, and none has fit since."""

    def take_outputs(self) -> Sequence[ToolOutputItem]:
        """The outputs to record now: those that no earlier call is still owing."""
        ready: list[ToolOutputItem] = []
        while self.outstanding_calls and (output := self.outstanding_calls[0].output) is not None:
            ready.append(output)
            self.outstanding_calls.popleft()
        return ready

    def take_input(self) -> Sequence[TurnInput]:
        """Everything the user has added since the last look."""
        taken = tuple(self.pending_input)
        self.pending_input.clear()
        return taken

    def take_reports(self) -> Sequence[ResponseItem]:
        """The reports that have come since the last look."""
        taken, self.pending_reports = self.pending_reports, []
        return taken

    def clear(self) -> Leftovers:
        """Cancel every waiter and hand over what was not dealt with.

        A second call finds nothing, so that finish, interrupt and failure may all come here.
        """
        for approval in self.approvals.values():
            approval.waiter.cancel()
        leftovers = Leftovers(
            questions=tuple(self.approvals),
            input=self.take_input(),
            reports=self.take_reports(),
            calls=tuple(self.outstanding_calls),
            items=tuple(item.now() for item in self.open_items.values()),
        )
        self.approvals.clear()
        self.outstanding_calls.clear()
        self.open_items.clear()
        return leftovers
