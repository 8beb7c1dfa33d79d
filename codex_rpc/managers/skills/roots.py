"""Where skills are looked for: a list of folders, in the order in which they are believed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from codex_rpc.config.trust import ProjectTrust, project_root
from codex_rpc.protocol.skills import SkillScope

ADMIN_ROOT = Path("/etc/codex/skills")
"""What the machine's administrator gives everybody."""

SYSTEM_FOLDER = ".system"
"""Inside the user's skills: those that came with a program."""

PROJECT_FOLDERS = (".agents", ".codex")


class SkillRoot(Struct, frozen=True):
    """A folder that may hold skills; it need not exist."""

    path: Path
    scope: SkillScope


class UsualRoots(Struct, frozen=True):
    """Where the skills are that do not depend on a project. `home` is `None` if there is none."""

    codex_home: Path
    home: Path | None
    admin: Path = ADMIN_ROOT

    @classmethod
    def of(cls, codex_home: Path, environ: Mapping[str, str]) -> "UsualRoots":
        home = environ.get("HOME")
        return cls(codex_home, Path(home) if home else None)

    def user(self) -> Sequence[SkillRoot]:
        own = [self.codex_home / "skills"]
        if self.home is not None:
            own.append(self.home / ".agents" / "skills")
        return [SkillRoot(path, "user") for path in own]

    def others(self) -> Sequence[SkillRoot]:
        return [
            SkillRoot(self.codex_home / "skills" / SYSTEM_FOLDER, "system"),
            SkillRoot(self.admin, "admin"),
        ]


def skill_roots(
    usual: UsualRoots, extra: Sequence[Path], cwd: Path, trust: ProjectTrust
) -> Sequence[SkillRoot]:
    """Where to look for skills for work in `cwd`. Blocks: it looks where the project begins.

    What stands in a project counts only if the user trusts it: the model follows skills.
    """
    own = [*usual.user(), *(SkillRoot(path, "user") for path in extra)]
    known = {root.path for root in own}
    project = [root for root in _project_roots(cwd, trust) if root.path not in known]
    return [*project, *own, *usual.others()]


def _project_roots(cwd: Path, trust: ProjectTrust) -> Iterator[SkillRoot]:
    """From the working directory up to where the repository begins."""
    if not trust.trusts(cwd):
        return
    top = project_root(cwd) or cwd
    for folder in (cwd, *cwd.parents):
        if trust.trusts(folder):
            for name in PROJECT_FOLDERS:
                yield SkillRoot(folder / name / "skills", "repo")
        if folder == top:
            break
