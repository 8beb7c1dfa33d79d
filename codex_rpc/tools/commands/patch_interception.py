"""Patches that the model gives to a shell: applied as patches, since there is no such program.

They are shown, asked about and carried out as if the model had called the `apply_patch` tool, and
it is told to do so the next time. How such a command is recognised is in `exec.patch_script`.
"""

from codex_rpc.errors import ToolError
from codex_rpc.exec.patch_script import is_bare_patch, patch_script
from codex_rpc.protocol.ids import ItemId
from codex_rpc.tools.apply_patch.patch_tool import PatchCall
from codex_rpc.tools.commands.consent import Command
from codex_rpc.tools.ports import ToolContext, ToolOutput

ADVICE = "Call the apply_patch tool for patches instead of running apply_patch in a shell."
BARE_PATCH = (
    "A patch was given as the command, without calling apply_patch, so it was neither run nor "
    "applied. Call the apply_patch tool with it."
)


async def patch_instead(
    command: Command, item_id: ItemId, tmpdir: str | None, context: ToolContext
) -> ToolOutput | None:
    """Apply the patch that the command is; `None` if it is an ordinary one.

    Raises:
        ToolError: if it is a patch, and is not applied.
    """
    if is_bare_patch(command.argv):
        raise ToolError(BARE_PATCH)
    script = patch_script(command.argv)
    if script is None:
        return None
    folder = command.cwd / (script.folder or "")
    try:
        output = await PatchCall(item_id, script.patch, folder, tmpdir).carry_out(context)
    except ToolError as error:
        raise ToolError(f"{error}\n{ADVICE}") from error
    return ToolOutput(f"{output.text}{ADVICE}\n", output.success)
