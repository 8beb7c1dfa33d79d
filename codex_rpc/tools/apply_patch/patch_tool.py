"""`apply_patch`: changing files, after the user or the policy has agreed."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio.to_thread
from msgspec import Struct

from codex_rpc.errors import PatchError, ToolError
from codex_rpc.exec.approval_policy import Decision, Verdict, decide_patch, paths_inside_roots
from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import ToolSpec
from codex_rpc.protocol.ids import ItemId
from codex_rpc.protocol.items import FileChangeItem, FileUpdateChange
from codex_rpc.tools.apply_patch.apply import apply_plan
from codex_rpc.tools.apply_patch.parser import parse_patch
from codex_rpc.tools.apply_patch.places import Places, find_places
from codex_rpc.tools.apply_patch.plan import LONG_TEXT, PatchPlan, plan_patch, summary
from codex_rpc.tools.apply_patch.spec import APPLY_PATCH_FREEFORM, APPLY_PATCH_FUNCTION
from codex_rpc.tools.apply_patch.wire import attempted_changes, file_update_changes
from codex_rpc.tools.arguments import ToolArguments, parse_arguments
from codex_rpc.tools.ports import PatchQuestion, ToolCall, ToolContext, ToolOutput

REJECTED = "patch rejected by user"

T = TypeVar("T")


class PatchArguments(ToolArguments):
    input: str


class PatchTool(Struct, frozen=True):
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
        patch = PatchCall(ItemId(call.call_id), text, context.settings.cwd, self.tmpdir)
        return await patch.carry_out(context)


class PatchCall(Struct, frozen=True):
    """One patch of the model's; its relative paths start from `folder`."""

    item_id: ItemId
    text: str
    folder: Path
    tmpdir: str | None

    async def carry_out(self, context: ToolContext) -> ToolOutput:
        """Apply the patch if it fits the files and policy and user allow it.

        Raises:
            ToolError: if it is not applied; the files are then as they were.
        """
        plan, places = await self._verified(context)
        item = self._item(await _off_the_loop(file_update_changes, plan))
        await self._get_consent(item, plan, places, context)
        try:
            await apply_plan(plan, context.workspace, places)
        except PatchError:
            context.item_completed(item.model_copy(update={"status": "failed"}))
            raise
        context.item_completed(item.model_copy(update={"status": "completed"}))
        context.patch_applied(plan)
        return ToolOutput(summary(plan, self.folder))

    async def _verified(self, context: ToolContext) -> tuple[PatchPlan, Places]:
        """The plan of a patch that applies; one that does not is shown as failed.

        Raises:
            ToolError: if it does not apply, or is no patch at all.
        """
        patch = None
        try:
            patch = parse_patch(self.text)
            plan = await plan_patch(patch, self.folder, context.workspace)
            return plan, await find_places(plan, context.workspace)
        except PatchError as error:
            if patch is not None:
                item = self._item(attempted_changes(patch, self.folder))
                context.item_started(item)
                context.item_completed(item.model_copy(update={"status": "failed"}))
            raise ToolError(f"apply_patch verification failed: {error}") from error

    async def _get_consent(
        self, item: FileChangeItem, plan: PatchPlan, places: Places, context: ToolContext
    ) -> None:
        decision = self._decision(plan, places, context)
        match decision.verdict:
            case Verdict.RUN | Verdict.RUN_IN_SANDBOX:
                context.item_started(item)
            case Verdict.ASK | Verdict.ASK_THEN_SANDBOX:
                question = PatchQuestion(item, plan.paths, _about_links(plan, places))
                approval = await context.ask_patch(question)
                if not approval.granted:
                    self._decline(item, context)
                    reason = f": {approval.reason}" if approval.reason else ""
                    raise ToolError(f"{REJECTED}{reason}")
            case Verdict.REFUSE:
                context.item_started(item)
                self._decline(item, context)
                about_links = _about_links(plan, places)
                also = f" ({about_links})" if about_links else ""
                raise ToolError(f"patch refused: {decision.reason}{also}")

    def _decision(self, plan: PatchPlan, places: Places, context: ToolContext) -> Decision:
        settings = context.settings
        sandbox = context.sandbox_policy
        paths = {*plan.paths, *map(places.of, plan.paths)}
        inside = paths_inside_roots(paths, sandbox, settings.cwd, self.tmpdir)
        return decide_patch(
            settings.approval_policy,
            sandbox,
            # The other names of a file may be anywhere, and it changes under all of them.
            paths_inside_roots=inside and not places.shared(plan),
        )

    def _item(self, changes: list[FileUpdateChange]) -> FileChangeItem:
        return FileChangeItem(id=self.item_id, changes=changes, status="inProgress")

    def _decline(self, item: FileChangeItem, context: ToolContext) -> None:
        context.item_completed(item.model_copy(update={"status": "declined"}))


def _about_links(plan: PatchPlan, places: Places) -> str | None:
    shared = places.shared(plan)
    if not shared:
        return None
    names = ", ".join(map(str, shared))
    return f"hard links, whose other names may be outside of the workspace: {names}"


async def _off_the_loop(work: Callable[[PatchPlan], T], plan: PatchPlan) -> T:
    texts = (text for change in plan.changes for text in (change.before, change.after))
    if sum(len(text) for text in texts if text is not None) < LONG_TEXT:
        return work(plan)
    return await anyio.to_thread.run_sync(work, plan)
