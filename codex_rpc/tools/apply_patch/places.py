"""Where the paths of a plan lead, looked up once: what is agreed to is what will be written to.

Between a look at a path and a write to it, somebody may exchange a directory for a symbolic link.
So the places are settled before anybody decides about them, and writing follows no link any more.
"""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from codex_rpc.errors import PatchError
from codex_rpc.tools.apply_patch.plan import PatchPlan
from codex_rpc.tools.workspace.port import FileFacts, FileSystem, Workspace


class Places(Struct, frozen=True):
    """By a plan's path: where it leads, and what is known of the file that is there."""

    real: Mapping[Path, Path] = field(default_factory=dict[Path, Path])
    facts: Mapping[Path, FileFacts] = field(default_factory=dict[Path, FileFacts])

    def of(self, path: Path) -> Path:
        return self.real.get(path, path)

    def shared(self, plan: PatchPlan) -> tuple[Path, ...]:
        """The files of the plan that would change under other names too: hard links."""
        return tuple(
            path
            for path in plan.written
            if (facts := self.facts.get(path)) is not None and facts.names > 1
        )


async def find_places(plan: PatchPlan, workspace: Workspace) -> Places:
    """Look the plan's paths up; what is deleted or moved away is the link itself, if it is one.

    Raises:
        PatchError: if that cannot be found out.
    """
    if not isinstance(workspace, FileSystem):
        return Places()
    real: dict[Path, Path] = {}
    known: dict[Path, FileFacts] = {}
    written = frozenset(plan.written)
    for path in plan.paths:
        try:
            real[path] = await workspace.locate(path, follow=path in written)
            facts = await workspace.facts(path)
        except OSError as error:
            raise PatchError(f"Failed to read {path}: {error.strerror or error}") from error
        if facts is not None:
            known[path] = facts
    return Places(real, known)
