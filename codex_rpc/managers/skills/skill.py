"""What is known of one skill, and of a document that is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codex_rpc.protocol.skills import SkillDependencies, SkillInterface, SkillScope

DOCUMENT = "SKILL.md"
"""What makes a folder a skill."""

SCOPES: tuple[SkillScope, ...] = ("repo", "user", "system", "admin")
"""In the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """What a skill says beside its document, in `agents/openai.yaml`."""

    interface: SkillInterface | None = None
    dependencies: SkillDependencies | None = None
    offered: bool = True
    """Whether the model may come to it by itself, or only the user."""


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill. `path` is its document's, without links on the way."""

    name: str
    description: str
    path: Path
    scope: SkillScope
    short_description: str | None = None
    presentation: Presentation = Presentation()


@dataclass(frozen=True, slots=True)
class SkillProblem:
    """A document that is no skill, and why."""

    path: Path
    message: str


@dataclass(frozen=True, slots=True)
class ListedSkill:
    """A skill, and whether the user has left it switched on."""

    skill: Skill
    enabled: bool


@dataclass(frozen=True, slots=True)
class SkillCatalog:
    """All skills for work in one folder, sorted by scope, name and path."""

    skills: Sequence[ListedSkill]
    problems: Sequence[SkillProblem]

    def usable(self) -> Sequence[Skill]:
        """Those that are switched on."""
        return [listed.skill for listed in self.skills if listed.enabled]
