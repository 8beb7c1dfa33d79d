"""What is known of one skill, and of a document that is none."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from codex_rpc.protocol.skills import SkillDependencies, SkillInterface, SkillScope

DOCUMENT = "SKILL.md"
"""What makes a folder a skill."""

SCOPES: tuple[SkillScope, ...] = ("repo", "user", "system", "admin")
"""In the order in which they are listed."""


class Presentation(Struct, frozen=True):
    """What a skill says beside its document, in `agents/openai.yaml`."""

    interface: SkillInterface | None = None
    dependencies: SkillDependencies | None = None
    offered: bool = True
    """Whether the model may come to it by itself, or only the user."""


class Skill(Struct, frozen=True):
    """One skill. `path` is its document's, without links on the way."""

    name: str
    description: str
    path: Path
    scope: SkillScope
    short_description: str | None = None
    presentation: Presentation = Presentation()


class SkillProblem(Struct, frozen=True):
    """A document that is no skill, and why."""

    path: Path
    message: str


class ListedSkill(Struct, frozen=True):
    """A skill, and whether the user has left it switched on."""

    skill: Skill
    enabled: bool


class SkillCatalog(Struct, frozen=True):
    """All skills for work in one folder, sorted by scope, name and path."""

    skills: Sequence[ListedSkill]
    problems: Sequence[SkillProblem]

    def usable(self) -> Sequence[Skill]:
        """Those that are switched on."""
        return [listed.skill for listed in self.skills if listed.enabled]
