"""The tools' view of the running turn: implements `tools.ports.ToolContext`."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from codex_rpc.config.settings import ThreadSettings
from codex_rpc.exec.permission_grants import Grants, policy_with
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.tool_names import McpToolKey
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.items import ThreadItem
from codex_rpc.protocol.mcp import McpToolCallProgressNotification
from codex_rpc.protocol.notifications import (
    CommandExecutionOutputDeltaNotification,
    TurnDiffUpdatedNotification,
    TurnPlanStep,
    TurnPlanUpdatedNotification,
)
from codex_rpc.protocol.policies import SandboxPolicy
from codex_rpc.protocol.questions import PermissionGrantScope
from codex_rpc.session import approvals, questions
from codex_rpc.session.turn_context import TurnContext
from codex_rpc.session.turn_terminals import TurnTerminals
from codex_rpc.tools.apply_patch.plan import PatchPlan
from codex_rpc.tools.commands.terminals import Terminals
from codex_rpc.tools.ports import (
    Approval,
    ClientQuestion,
    ClientReply,
    CommandQuestion,
    PatchQuestion,
    Workspace,
)


class SessionToolContext(Struct, frozen=True):
    """Passes a tool's wishes on to its turn."""

    turn: TurnContext

    @property
    def settings(self) -> ThreadSettings:
        return self.turn.settings

    @property
    def model(self) -> ModelInfo:
        return self.turn.model

    @property
    def approved_mcp_tools(self) -> set[McpToolKey]:
        return self.turn.session_state.approved_mcp_tools

    @property
    def workspace(self) -> Workspace:
        return self.turn.services.workspace

    @property
    def sandbox_policy(self) -> SandboxPolicy:
        granted = self.turn.session_state.granted | self.turn.state.granted
        # What is gone grants nothing, and would keep a sandbox from being made.
        existing = tuple(path for path in granted.writable if path.exists())
        return policy_with(self.settings.sandbox_policy, replace(granted, writable=existing))

    def grant(self, grants: Grants, scope: PermissionGrantScope) -> None:
        state = self.turn.session_state if scope == "session" else self.turn.state
        state.granted |= grants

    @property
    def terminals(self) -> Terminals:
        return TurnTerminals(self.turn.terminals, self.turn.turn)

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

    async def ask_client(self, question: ClientQuestion) -> ClientReply:
        return await questions.ask(self.turn, question)

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

    def mcp_progress(self, item_id: ItemId, message: str) -> None:
        self.turn.emit(
            McpToolCallProgressNotification(
                thread_id=self.turn.thread_id,
                turn_id=self.turn.turn_id,
                item_id=item_id,
                message=message,
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
