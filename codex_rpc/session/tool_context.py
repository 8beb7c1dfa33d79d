"""The tools' view of the running turn: implements `tools.ports.ToolContext`."""

from collections.abc import Sequence
from dataclasses import dataclass

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.items import ThreadItem
from codex_rpc.protocol.notifications import (
    CommandExecutionOutputDeltaNotification,
    TurnDiffUpdatedNotification,
    TurnPlanStep,
    TurnPlanUpdatedNotification,
)
from codex_rpc.session import approvals
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.tools.apply_patch.plan import PatchPlan
from codex_rpc.tools.ports import Approval, CommandQuestion, PatchQuestion, Workspace


@dataclass(frozen=True, slots=True)
class SessionToolContext:
    """Passes a tool's wishes on to its turn."""

    turn: TurnContext

    @property
    def settings(self) -> ThreadSettings:
        return self.turn.settings

    @property
    def workspace(self) -> Workspace:
        return self.turn.services.workspace

    def item_started(self, item: ThreadItem) -> None:
        self.turn.item_started(item)

    def item_completed(self, item: ThreadItem) -> None:
        self.turn.item_completed(item)

    async def command_output(self, item_id: ItemId, delta: str) -> None:
        if (shown := self.turn.state.open_items.get(item_id)) is not None:
            shown.output.append(delta.encode(errors="replace"))
        self.turn.emit(
            CommandExecutionOutputDeltaNotification(
                thread_id=self.turn.thread_id,
                turn_id=self.turn.turn_id,
                item_id=item_id,
                delta=delta,
            )
        )
        await self.turn.room()

    async def ask_command(self, question: CommandQuestion) -> Approval:
        return await approvals.ask_command(self.turn, question)

    async def ask_patch(self, question: PatchQuestion) -> Approval:
        return await approvals.ask_patch(self.turn, question)

    def patch_applied(self, plan: PatchPlan) -> None:
        tracker = self.turn.state.diff
        tracker.record(plan)
        self.turn.emit(
            TurnDiffUpdatedNotification(
                thread_id=self.turn.thread_id,
                turn_id=self.turn.turn_id,
                diff=tracker.unified_diff(self.settings.cwd),
            )
        )

    def plan_updated(self, explanation: str | None, plan: Sequence[TurnPlanStep]) -> None:
        self.turn.emit(
            TurnPlanUpdatedNotification(
                thread_id=self.turn.thread_id,
                turn_id=self.turn.turn_id,
                explanation=explanation,
                plan=list(plan),
            )
        )
