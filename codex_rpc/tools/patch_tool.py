"""`apply_patch`: changing files, after the user or the policy has agreed."""

from dataclasses import dataclass

from codex_rpc.errors import PatchError, ToolError
from codex_rpc.exec.approval_policy import Verdict, decide_patch, paths_inside_roots
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import ToolSpec
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.items import FileChangeItem, FileUpdateChange
from codex_rpc.tools.apply_patch.apply import apply_plan
from codex_rpc.tools.apply_patch.parser import parse_patch
from codex_rpc.tools.apply_patch.plan import PatchPlan, plan_patch, summary
from codex_rpc.tools.apply_patch.spec import APPLY_PATCH_FREEFORM, APPLY_PATCH_FUNCTION
from codex_rpc.tools.apply_patch.wire import attempted_changes, file_update_changes
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.ports import PatchQuestion, ToolCall, ToolContext, ToolOutput

REJECTED = "patch rejected by user"


class PatchArguments(ToolArguments):
    input: str


@dataclass(frozen=True, slots=True)
class PatchTool:
    """Takes a patch as free text, or as the `input` of a JSON object."""

    tmpdir: str | None
    """`$TMPDIR`, which sandbox policies may let the agent write to."""
    name: str = "apply_patch"
    parallel: bool = False

    def spec(self, model: ModelInfo) -> ToolSpec:
        return APPLY_PATCH_FREEFORM if model.freeform_patches else APPLY_PATCH_FUNCTION

    async def call(self, call: ToolCall, context: ToolContext) -> ToolOutput:
        text = call.arguments
        if text.lstrip().startswith("{"):
            text = parse_arguments(PatchArguments, text).input
        cwd = context.settings.cwd
        plan = await self._verified(call, text, context)
        item = _item(call, file_update_changes(plan))
        await self._get_consent(item, plan, context)
        try:
            await apply_plan(plan, context.workspace)
        except PatchError:
            context.item_completed(item.model_copy(update={"status": "failed"}))
            raise
        context.item_completed(item.model_copy(update={"status": "completed"}))
        context.patch_applied(plan)
        return ToolOutput(summary(plan, cwd))

    async def _verified(self, call: ToolCall, text: str, context: ToolContext) -> PatchPlan:
        """The plan of a patch that applies; one that does not is shown as failed.

        Raises:
            ToolError: if it does not apply, or is no patch at all.
        """
        patch, cwd = None, context.settings.cwd
        try:
            patch = parse_patch(text)
            return await plan_patch(patch, cwd, context.workspace)
        except PatchError as error:
            if patch is not None:
                item = _item(call, attempted_changes(patch, cwd))
                context.item_started(item)
                context.item_completed(item.model_copy(update={"status": "failed"}))
            raise ToolError(f"apply_patch verification failed: {error}") from error

    async def _get_consent(
        self, item: FileChangeItem, plan: PatchPlan, context: ToolContext
    ) -> None:
        settings = context.settings
        decision = decide_patch(
            settings.approval_policy,
            settings.sandbox_policy,
            paths_inside_roots=paths_inside_roots(
                plan.paths, settings.sandbox_policy, settings.cwd, self.tmpdir
            ),
        )
        match decision.verdict:
            case Verdict.RUN | Verdict.RUN_IN_SANDBOX:
                context.item_started(item)
            case Verdict.ASK:
                approval = await context.ask_patch(PatchQuestion(item, plan.paths))
                if not approval.granted:
                    self._decline(item, context)
                    reason = f": {approval.reason}" if approval.reason else ""
                    raise ToolError(f"{REJECTED}{reason}")
            case Verdict.REFUSE:
                context.item_started(item)
                self._decline(item, context)
                raise ToolError(f"patch refused: {decision.reason}")

    def _decline(self, item: FileChangeItem, context: ToolContext) -> None:
        context.item_completed(item.model_copy(update={"status": "declined"}))


def _item(call: ToolCall, changes: list[FileUpdateChange]) -> FileChangeItem:
    return FileChangeItem(id=ItemId(call.call_id), changes=changes, status="inProgress")
